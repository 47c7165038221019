"""Text written in the character set of its dataset (PS3.3 C.12.1.1.2), and nothing beside it."""

from pydicom.charset import encode_string

_JIS_X_0201 = "shift_jis"  # what pydicom calls ISO_IR 13


def encoded(said: str, charset: str | list[str]) -> bytes:
    """Write text in the character set of its dataset; what has no place in it is left out."""
    encodings = [charset] if isinstance(charset, str) else charset
    try:
        placed = "".join(one for one in said if any(_bytes(one, by) for by in encodings))
        if encodings == [_JIS_X_0201]:  # pydicom knows only one half of it at a time
            return b"".join(_bytes(one, _JIS_X_0201) for one in placed)
        return encode_string(placed, encodings)
    except (UnicodeEncodeError, LookupError):
        return said.encode("ascii", "ignore")


def _bytes(character: str, encoding: str) -> bytes:
    """Write one character; empty where it has no place, as JIS X 0201 has none for two bytes."""
    written = character.encode(encoding, "ignore")
    return b"" if encoding == _JIS_X_0201 and len(written) > 1 else written
