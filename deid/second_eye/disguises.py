"""Text that is there without being readable at first sight: among bytes, or written as digits."""

from base64 import b64decode
from collections.abc import Iterator
from itertools import pairwise
from re import compile as compile_pattern

# Letters of ASCII and Latin-1, or either half of UTF-16 with one of its first two pages
_NARROW = compile_pattern(rb"[\x20-\x7e\xa0-\xff]{4,}")
_LITTLE = compile_pattern(rb"(?:[\x20-\x7e\xa0-\xff]\0|[\0-\x7f]\x01){4,}")
_BIG = compile_pattern(rb"(?:\0[\x20-\x7e\xa0-\xff]|\x01[\0-\x7f]){4,}")
_UTF_8 = compile_pattern(rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]){4,}")
_TOKEN = compile_pattern(r"[A-Za-z0-9+/_-]{12,}")
_PERCENT = compile_pattern("%([0-9A-Fa-f]{2})")
_URL_SAFE = str.maketrans("-_", "+/")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_GROUP, _PAIR = 4, 2


def printable_runs(data: bytes) -> tuple[str, ...]:
    """Give every stretch of four or more printable characters, in each coding it may have."""
    if not data.strip(b"\0"):
        return ()
    found = [run.decode("latin-1") for run in _NARROW.findall(data)]
    if not data.isascii():
        found += (run.decode() for run in _UTF_8.findall(data) if not run.isascii())
    if b"\0" in data or b"\x01" in data:
        found += (run.decode("utf-16-le") for run in _LITTLE.findall(data))
        found += (run.decode("utf-16-be") for run in _BIG.findall(data))
    return tuple(dict.fromkeys(found))


def glued(text: str) -> Iterator[str]:
    """Put the values of a text together: all of them, and each with the next."""
    parts = text.split("\\")
    yield "".join(parts)
    if len(parts) > _PAIR:
        yield from (one + other for one, other in pairwise(parts))


def undisguised(text: str) -> Iterator[str]:
    """Give what a text says when it is read as percent-encoded, base64 or hexadecimal digits."""
    if _PERCENT.search(text):
        data = _PERCENT.sub(lambda match: chr(int(match[1], 16)), text).encode("latin-1", "ignore")
        yield from (data.decode("utf-8", "replace"), data.decode("latin-1"))
    for token in _TOKEN.findall(text):
        if _HEXADECIMAL.issuperset(token):
            for start in (0, 1):
                yield from printable_runs(bytes.fromhex(token[start : _even(token, start)]))
        if not (token.isdigit() or token.islower() or token.isupper() or token.istitle()):
            for start in range(_GROUP):
                part = token[start:].translate(_URL_SAFE)
                whole = part[: len(part) // _GROUP * _GROUP]
                rest = part[len(whole) :]
                padded = rest + "=" * (_GROUP - len(rest)) if len(rest) > 1 else ""
                yield from printable_runs(b64decode(whole + padded))


def _even(token: str, start: int) -> int:
    return len(token) - (len(token) - start) % 2
