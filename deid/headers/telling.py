"""What numbers and dates tell of a woman: her own numbers and her days, in any writing."""

from collections.abc import Iterable, Iterator, Sequence

from deid.headers.grammar import is_written
from deid.identity.identifiers import Identifiers
from deid.language.numerals import numerals, spells
from deid.language.patterns import identifies

_BINARY = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "US or SS", "UV"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SV", "TM", "UL", "UV"})
_DATE_TIME, _DAY = frozenset({"DT"}), len("YYYYMMDD")
_SHORTEST = 6
_PERSONAL = (10, 12)


class Telling:
    """What one woman's numbers are, and whether values spell one of them."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._own = _long(identifiers.numbers)
        self._any = self._own | _long(_days(identifiers))

    def in_number(self, value: bytes, kinds: frozenset[str]) -> bool:
        """Tell whether a number, as its VR writes it, spells one of hers, or words."""
        if kinds <= _NUMBERS and spells(numerals(value, kinds), self._any):
            return True
        return kinds <= _BINARY and is_written(value, kinds)

    def in_dates(self, moved: Sequence[str]) -> bool:
        """Tell of dates whether they are one of her numbers, or a time of day is one of her dates.

        A day that was moved onto another of her days is no longer hers.
        """
        whole, times = ("\\".join(part[n:] for part in moved).encode() for n in (0, _DAY))
        own = spells(numerals(whole, _DATE_TIME), self._own)
        return own or spells(numerals(times, _DATE_TIME), self._any)


def is_anybodys(part: str) -> bool:
    """Tell a whole number that could be somebody's personal number."""
    digits = part.lstrip("+-").split(".", maxsplit=1)[0].lstrip("0")
    return len(digits) in _PERSONAL and identifies(digits)


def _long(numbers: Iterable[str]) -> frozenset[str]:
    """Give the numbers that are long enough to tell of her, without leading zeros."""
    stripped = (number.lstrip("0") for number in numbers)
    return frozenset(number for number in stripped if len(number) >= _SHORTEST)


def _days(identifiers: Identifiers) -> Iterator[str]:
    """Give her days, with the century and without."""
    days = {day[:_DAY] for day in identifiers.dates.values() if day[:_DAY].isdigit()}
    return (written for day in days for written in (day, day[2:]))
