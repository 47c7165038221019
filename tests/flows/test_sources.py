import os
import zipfile
from pathlib import Path

import pytest

from flows.errors import DiskFullError, SourceError
from flows.sources import export_folder
from flows.sources.export_folder import Fault, gather, locate

LIMIT = 1 << 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def listed(root: Path, landing: Path, **options) -> dict[str, str | None]:
    options.setdefault("limit", LIMIT)
    return {"/".join(file.parts): file.fault for file in gather(root, landing, **options)}


def test_nested_folders_are_listed_and_desktop_litter_is_passed_over(root, landing):
    deep = root / "a" / "b"
    deep.mkdir(parents=True)
    for name in ("1.dcm", "DICOMDIR", "Thumbs.db", "._1.dcm"):
        (deep / name).write_bytes(b"x")
    (root / "readme.txt").write_bytes(b"x")
    assert listed(root, landing) == {"a/b/1.dcm": None, "readme.txt": None}


def test_links_are_never_followed(root, landing):
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    assert listed(root, landing) == {"file": Fault.LINK, "folder": Fault.LINK}


def test_pipes_are_not_opened(root, landing):
    os.mkfifo(root / "pipe")
    assert listed(root, landing) == {"pipe": Fault.NOT_A_FILE}


def test_members_are_expanded_under_names_that_say_nothing(root, landing):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr("Andersson Anna/1.dcm", b"one")
        archive.writestr("Andersson Anna/DICOMDIR", b"dir")
    (file,) = gather(root, landing, limit=LIMIT)
    assert file.parts == ("cd.zip", "Andersson Anna", "1.dcm")
    assert file.path.read_bytes() == b"one"
    assert "Anna" not in str(file.path)
    assert file.path == locate(file.name, root, landing)


def test_an_export_may_be_an_archive_itself(tmp_path, landing):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.dcm", b"one")
    (file,) = gather(path, landing, limit=LIMIT)
    assert (file.parts, file.path.read_bytes()) == (("1.dcm",), b"one")
    assert file.path == locate(file.name, path, landing)


def test_a_folder_may_be_called_anything(root, landing):
    odd = root / "ja!" / "cd.zip.d"
    odd.mkdir(parents=True)
    (odd / "1.dcm").write_bytes(b"x")
    (file,) = gather(root, landing, limit=LIMIT)
    assert locate(file.name, root, landing).read_bytes() == b"x"


def test_odd_members_stop_nothing(root, landing):
    with zipfile.ZipFile(root / "cd.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("1.dcm", b"A" * 1000)
    whole = bytearray((root / "cd.zip").read_bytes())
    whole[45:60] = b"\xff" * 15
    (root / "cd.zip").write_bytes(whole)
    with zipfile.ZipFile(root / "dot.zip", "w") as archive:
        archive.writestr(".", b"one")
    assert listed(root, landing) == {
        "cd.zip/1.dcm": Fault.BROKEN_MEMBER,
        "dot.zip": Fault.UNSAFE_NAME,
    }


@pytest.mark.parametrize("name", ["!/abs/1.dcm", "..!/1.dcm"])
def test_names_with_odd_signs_stay_where_they_belong(root, landing, name):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr(name, b"one")
    (file,) = gather(root, landing, limit=LIMIT)
    assert file.path.is_relative_to(landing)
    assert ".." not in file.parts


@pytest.mark.parametrize("name", ["../1.dcm", "a/../../1.dcm", "/etc/1.dcm", "..\\1.dcm", "C:\\1"])
def test_names_that_lead_out_of_the_archive_are_not_expanded(root, landing, name):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"one")
    assert list(listed(root, landing).values()) == [Fault.UNSAFE_NAME]
    assert list(root.parent.rglob("*.dcm")) == []


def test_two_members_of_one_name_are_two_files(root, landing):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr("1.dcm", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("1.dcm", b"two")
    assert sorted(file.path.read_bytes() for file in gather(root, landing, limit=LIMIT)) == [
        b"one",
        b"two",
    ]


def test_a_bomb_is_cut_off(root, landing, monkeypatch):
    monkeypatch.setattr(export_folder, "SMALL_MEMBER", 1 << 20)
    with zipfile.ZipFile(root / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dcm", bytes(300 << 20))
        archive.writestr("1.dcm", b"one")
    assert listed(root, landing) == {"bomb.zip/bomb.dcm": Fault.BOMB, "bomb.zip/1.dcm": None}
    assert sum(path.stat().st_size for path in landing.iterdir()) == 3


def test_all_archives_share_one_limit(root, landing):
    for number in range(3):
        with zipfile.ZipFile(root / f"{number}.zip", "w") as archive:
            archive.writestr("1.dcm", bytes(100))
    assert list(listed(root, landing, limit=250).values()) == [None, None, Fault.BOMB]


def test_broken_archives_and_members_are_named(root, landing):
    (root / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    with zipfile.ZipFile(root / "crc.zip", "w") as archive:
        archive.writestr("1.dcm", b"A" * 1000)
    whole = (root / "crc.zip").read_bytes()
    (root / "crc.zip").write_bytes(whole.replace(b"A" * 10, b"B" * 10, 1))
    assert listed(root, landing) == {
        "broken.zip": Fault.BROKEN_ARCHIVE,
        "crc.zip/1.dcm": Fault.BROKEN_MEMBER,
    }


def test_what_is_not_wanted_stays_unexpanded(root, landing):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr("1.dcm", b"one")
    (file,) = gather(root, landing, limit=LIMIT, wanted=lambda _name: False)
    assert not file.path.exists()


def test_an_export_that_is_gone_is_said(root, landing):
    with pytest.raises(SourceError, match="the source is not there"):
        listed(root / "nowhere", landing)


def test_a_full_disk_is_said_without_a_path(root, tmp_path):
    with zipfile.ZipFile(root / "cd.zip", "w") as archive:
        archive.writestr("1.dcm", bytes(2 << 20))
    full = Path("/dev/full")
    with pytest.raises(DiskFullError, match="disk is full") as caught:
        export_folder._expand_to(zipfile.ZipFile(root / "cd.zip"), "1.dcm", full, LIMIT)
    assert str(tmp_path) not in str(caught.value)
