"""Builders of ZIP archives, good and hostile."""

import io
import zipfile

from tests.objects import mammogram, part10


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP with these members, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2023, 4, 17, 10, 11, 12))
            info.compress_type = compression
            archive.writestr(info, content)
    return buffer.getvalue()


def zip_slip() -> bytes:
    """A ZIP whose members climb out of the folder they are unpacked in."""
    inside = part10(mammogram())
    return zip_of({"../../slipped.dcm": inside, "/absolute.dcm": inside, "fine/1.dcm": inside})


def zip_bomb(megabytes: int = 512) -> bytes:
    """A ZIP of well under a megabyte that unpacks to this many megabytes."""
    buffer, block = io.BytesIO(), b"\x00" * 1_000_000
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("IM00001.dcm", "w", force_zip64=True) as member,
    ):
        member.write(b"\x00" * 128 + b"DICM")
        for _ in range(megabytes):
            member.write(block)
    return buffer.getvalue()


def zip_with(members: list[tuple[str, bytes]]) -> bytes:
    """A ZIP with these members, names twice and all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()
