"""Which device made an object, as far as its header says so: a table, and names made alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from re import Pattern
from re import compile as compile_pattern
from unicodedata import normalize

UNKNOWN = "unknown device"
_MARKS = compile_pattern(r"[\W_]+")
_MOST_NAMES = 4


@dataclass(frozen=True)
class Device:
    """One line of the table.

    Attributes:
        kind: What such a device is.
        maker: What all of Manufacturer (0008,0070) must be, made alike by `alike`.
        model: The same of Manufacturer's Model Name (0008,1090).
        reason: Why, or which products are meant.
        source: Where that is known from.
    """

    kind: str
    maker: Pattern[str]
    model: Pattern[str]
    reason: str
    source: str


@dataclass(frozen=True)
class Devices:
    """All lines; the first that matches decides."""

    lines: tuple[Device, ...]

    def matching(self, makers: Iterable[str], models: Iterable[str]) -> Iterator[Device]:
        """Give the lines that match any maker with any model, as they stand in the header.

        More names than a device has are no device's: no line matches them.
        """
        of_makers, of_models = _names(makers), _names(models)
        if max(len(of_makers), len(of_models)) > _MOST_NAMES:
            return
        for line in self.lines:
            if any(map(line.maker.fullmatch, of_makers)) and any(
                map(line.model.fullmatch, of_models)
            ):
                yield line

    def kind(self, makers: Iterable[str], models: Iterable[str]) -> str:
        """Say what a device is; `UNKNOWN` if no line matches."""
        return next((line.kind for line in self.matching(makers, models)), UNKNOWN)


def _names(values: Iterable[str]) -> frozenset[str]:
    """Make names alike; of too many, no more than tell that they are."""
    few = islice(dict.fromkeys(values), _MOST_NAMES + 1)
    return frozenset(alike(value) for value in few)


def alike(name: str) -> str:
    """Write a name in capitals, with one space for whatever is neither letter nor digit."""
    return _MARKS.sub(" ", normalize("NFKC", name)).strip().upper()
