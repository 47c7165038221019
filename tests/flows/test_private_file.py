"""What only its owner reads: never over another file, through a link, or half written."""

import stat

import pytest

from flows.files.private_file import write_private


def test_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "picture.png"
    write_private(path, [b"one", b"two"])
    assert path.read_bytes() == b"onetwo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_private(path, [b"another"])
    assert path.read_bytes() == b"onetwo"


def test_no_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "link", [b"one"])
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_stays_half_written(tmp_path):
    def blocks():
        yield b"one"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_private(tmp_path / "half", blocks())
    assert list(tmp_path.iterdir()) == []
