"""Swedish personal identity and coordination numbers, in whatever writing and place."""

from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from re import compile as compile_pattern
from unicodedata import normalize

# Hyphens, dashes and the minus sign; then what has no width
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0x2E3A, 0xFE58, 0xFE63), "-")
_UNSEEN = dict.fromkeys((0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF), "")
_CHAIN = compile_pattern(r"[0-9]+(?:[^0-9A-Za-z\x1e]{1,3}[0-9]+)*")
_GROUP = compile_pattern("[0-9]+")
_UID = compile_pattern(r"(?<![0-9.])[0-2](?:\.[0-9]+){4,}|2\.25\.[0-9]+")
_COORDINATION = 60
_SHORT, _WHOLE, _MOST = 10, 12, 14
_LEAST = 8
_LEAST_DOTS = 2
# Where separators stand in ten digits: between year, month, day and within the last four
_JOINTS = frozenset({2, 4, 6, 8})


def plain(text: str) -> str:
    """Write digits, dashes and spaces that only look different as the ones that are meant."""
    if text.isascii():
        return text
    folded = text.translate(_UNSEEN).translate(_DASHES)
    return normalize("NFKC", folded).translate(_DASHES)


def is_personal(ten: str) -> bool:
    """Tell whether ten digits are such a number: a date in some century, and a check digit."""
    return luhn(ten) and any(is_day(century + ten) for century in ("19", "20"))


def is_day(number: str) -> bool:
    """Tell whether a number of eight digits or more starts with a date; day + 60 is one too."""
    try:
        date(int(number[:4]), int(number[4:6]), day_of(number[6:8]))
    except ValueError:
        return False
    return True


def day_of(written: str) -> int:
    """Give the day of the month, of a coordination number too."""
    day = int(written)
    return day - _COORDINATION if day > _COORDINATION else day


def luhn(digits: str) -> bool:
    """Check the last of ten digits."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def windows(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give every 8 to 14 digits that stand together, with at most three marks between groups.

    UIDs are left out, which are looked at elsewhere.

    Yields:
        The digits, and how many of them stand before each gap.
    """
    meant = plain(text)
    for chain in _CHAIN.finditer(meant):
        if len(chain[0]) < _LEAST:
            continue
        written = meant[max(chain.start() - 1, 0) : chain.end()]
        if written.count(".") < _LEAST_DOTS:
            yield from _windows(chain[0])
        else:
            for part in _CHAIN.findall(_UID.sub("\x1e", written)):
                yield from _windows(part)


def _windows(chain: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    groups = _GROUP.findall(chain)
    for first in range(len(groups)):
        digits = ""
        for last in range(first, len(groups)):
            digits += groups[last]
            if len(digits) > _MOST:
                break
            if len(digits) >= _LEAST:
                yield digits, tuple(accumulate(map(len, groups[first:last])))


def ten_of(digits: str, gaps: tuple[int, ...]) -> tuple[str, set[int]] | None:
    """Give what may be such a number by its length, as ten digits and where its gaps are."""
    if len(digits) == _SHORT or (len(digits) == _WHOLE and digits[:2] in {"18", "19", "20"}):
        century = len(digits) - _SHORT
        return digits[-_SHORT:], {gap - century for gap in gaps} - {0}
    return None


def tens(text: str) -> Iterator[str]:
    """Give the ten digits of all that may be such a number by its length."""
    found = (ten_of(digits, gaps) for digits, gaps in windows(text))
    return (ten for ten, _ in filter(None, found))


def is_personal_window(digits: str, gaps: tuple[int, ...]) -> bool:
    """Tell whether digits that stand together are a personal identity number, in any writing."""
    ten = ten_of(digits, gaps)
    return ten is not None and ten[1] <= _JOINTS and is_personal(ten[0])
