"""Whether a preview is a plain picture: PNG (ISO/IEC 15948), its pixels, and no word beside."""

import struct
import zlib
from typing import Final

_MARK: Final = b"\x89PNG\r\n\x1a\n"
_HEADER, _DATA, _END = b"IHDR", b"IDAT", b"IEND"
_FIXED: Final = 12
_HEADER_BYTES: Final = 13


def is_plain(data: bytes, width: int, height: int) -> bool:
    """Tell whether bytes are a PNG of this size, of nothing but its pixels."""
    kinds: list[bytes] = []
    at, size = len(_MARK), (0, 0)
    if not data.startswith(_MARK):
        return False
    while at + _FIXED <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + _FIXED + length
        content = data[at + 8 : end - 4]
        if end > len(data) or struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(
            content, zlib.crc32(kind)
        ):
            return False
        if kind == _HEADER and length == _HEADER_BYTES:
            size = struct.unpack_from(">II", content)
        kinds.append(kind)
        at = end
    inner = kinds[1:-1]
    whole = at == len(data) and bool(inner) and set(inner) == {_DATA}
    return whole and (kinds[0], kinds[-1]) == (_HEADER, _END) and size == (width, height)
