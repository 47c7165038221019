import hashlib
import io
from pathlib import Path

import pytest

from deid.errors import Reason, SuspectError
from deid.source import Lazy, Slice
from flows.errors import DiskFullError, OriginalError
from flows.files.spool import BLOCK, spool

SOURCE = bytes(index % 253 for index in range(3 * BLOCK))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("offset", [0, 5, 6, BLOCK + 3])
def test_pieces_are_joined_and_digested_on_both_sides_of_the_pixel_offset(tmp_path, offset):
    pieces = (b"header", Slice(7, 2 * BLOCK), b"", b"tail", Slice(0, 3))
    expected = b"header" + SOURCE[7 : 7 + 2 * BLOCK] + b"tail" + SOURCE[:3]
    done = spool(pieces, io.BytesIO(SOURCE), tmp_path / "x", pixel_offset=offset)
    assert done.path.read_bytes() == expected
    assert done.size == len(expected)
    assert done.sha256 == digest(expected)
    assert (done.header_sha256, done.pixel_sha256) == (
        digest(expected[:offset]),
        digest(expected[offset:]),
    )


def test_what_is_not_made_yet_is_made_from_the_source_in_its_place(tmp_path):
    def turned(source):
        source.seek(5)
        return source.read(BLOCK + 3)[::-1]

    pieces = (b"head", Lazy(turned, BLOCK + 3), Slice(9, 2))
    expected = b"head" + SOURCE[5 : BLOCK + 8][::-1] + SOURCE[9:11]
    done = spool(pieces, io.BytesIO(SOURCE), tmp_path / "x", pixel_offset=4)
    assert done.path.read_bytes() == expected
    assert done.pixel_sha256 == digest(expected[4:])


def test_pixels_that_come_out_wrong_leave_nothing(tmp_path):
    def wrong(_source):
        raise SuspectError(Reason.NOT_REENCODABLE)

    with pytest.raises(SuspectError):
        spool((b"head", Lazy(wrong, 9)), io.BytesIO(SOURCE), tmp_path / "x", pixel_offset=4)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_shrinks_is_told_and_leaves_nothing(tmp_path):
    with pytest.raises(OriginalError, match="shorter"):
        spool((Slice(10, len(SOURCE)),), io.BytesIO(SOURCE), tmp_path / "x", pixel_offset=0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_without_a_path():
    class Full(type(Path())):
        def unlink(self, missing_ok=False):
            pass

    with pytest.raises(DiskFullError) as caught:
        spool((Slice(0, len(SOURCE)),), io.BytesIO(SOURCE), Full("/dev/full"), pixel_offset=0)
    assert "/dev" not in str(caught.value)
