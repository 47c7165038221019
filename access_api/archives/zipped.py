"""ZIP64 of stored files (APPNOTE.TXT 6.3.10): sizes and CRC-32 stand before the bytes."""

from struct import Struct
from typing import Final

from access_api.archives.layout import path_of
from catalog.releases import Member

_LOCAL: Final = Struct("<4s5H3I2H")  # 4.3.7
_LOCAL_SIZES: Final = Struct("<2H2Q")  # 4.5.3
_CENTRAL: Final = Struct("<4s6H3I5H2I")  # 4.3.12
_CENTRAL_SIZES: Final = Struct("<2H3Q")
_END64: Final = Struct("<4sQ2H2I4Q")  # 4.3.14
_LOCATOR: Final = Struct("<4sIQI")  # 4.3.15
_END: Final = Struct("<4s4H2IH")  # 4.3.16
_VERSION: Final = 45
_MADE_BY: Final = 3 << 8 | _VERSION  # 4.4.2: UNIX
_ELSEWHERE: Final = 0xFFFFFFFF
_ELSEWHERE_SHORT: Final = 0xFFFF
# The oldest date a ZIP file can tell: when a file was made is nobody's business.
_DATE: Final = 1 << 5 | 1
_MODE: Final = 0o100444 << 16
_ZIP64: Final = 1


class Zip:
    """Uncompressed files and a directory at the end."""

    media_type = "application/zip"
    suffix = "zip"

    def before(self, member: Member) -> bytes:
        """Give the local file header."""
        name = path_of(member).encode()
        told = _LOCAL.pack(
            *(b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, member.crc32, _ELSEWHERE, _ELSEWHERE),
            *(len(name), _LOCAL_SIZES.size),
        )
        sizes = _LOCAL_SIZES.pack(_ZIP64, _LOCAL_SIZES.size - 4, member.size, member.size)
        return told + name + sizes

    def after(self, member: Member) -> bytes:
        """Give nothing: what a data descriptor would tell stands before the file."""
        del member
        return b""

    def listed(self, member: Member, offset: int) -> bytes:
        """Give the file's entry in the central directory."""
        name = path_of(member).encode()
        told = _CENTRAL.pack(
            *(b"PK\x01\x02", _MADE_BY, _VERSION, 0, 0, 0, _DATE),
            *(member.crc32, _ELSEWHERE, _ELSEWHERE, len(name), _CENTRAL_SIZES.size),
            *(0, 0, 0, _MODE, _ELSEWHERE),
        )
        sizes = (member.size, member.size, offset)
        return told + name + _CENTRAL_SIZES.pack(_ZIP64, _CENTRAL_SIZES.size - 4, *sizes)

    def end(self, count: int, start: int, stop: int) -> bytes:
        """Give the end of central directory, all of its numbers in the ZIP64 record."""
        numbers = (count, count, stop - start, start)
        record = _END64.pack(b"PK\x06\x06", _END64.size - 12, _MADE_BY, _VERSION, 0, 0, *numbers)
        locator = _LOCATOR.pack(b"PK\x06\x07", 0, stop, 1)
        short = (_ELSEWHERE_SHORT, _ELSEWHERE_SHORT, _ELSEWHERE, _ELSEWHERE)
        return record + locator + _END.pack(b"PK\x05\x06", 0, 0, *short, 0)

    def overhead(self, member: Member) -> int:
        """Tell the bytes of both headers."""
        fixed = _LOCAL.size + _LOCAL_SIZES.size + _CENTRAL.size + _CENTRAL_SIZES.size
        return fixed + 2 * len(path_of(member))
