"""Everything in an original that says who it is about, in every spelling: the second eye's needles.

A place that is also its equipment's maker or model is not looked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.identity.identifying import Role, is_dated, private_vr, role_of, role_within
from deid.identity.index import Index, index
from deid.identity.needles import MOST, traces
from deid.identity.spelling import Needle, fold
from deid.source import Parsed
from deid.values import (
    Leaf,
    Path,
    charset_of,
    elements,
    is_registered,
    items,
    kinds_of,
    raw,
    readings,
    value_of,
)

_STANDARD = "1.2.840.10008."
_MAKERS = (0x00080070, 0x00081090)
# These name instances; a number under the standard's root in them is no standard UID
_INSTANCES = frozenset({0x00020003, 0x00080018, 0x00081155, 0x0020000D, 0x0020000E, 0x00200052})
# These name software, not an instance: ours stands in all that we write
_SOFTWARE = frozenset({0x00020012, 0x00020100})
_MADE = frozenset({"institution", "device"})
_DATES = frozenset({"DA", "DT"})
_DATED = frozenset({Role.BIRTH_DATE, Role.STUDY_DATE, Role.DATE})
_SITED = frozenset({0x0040A123, 0x0040A160, 0x00080100, 0x00080104, 0x00080119})
_FIRST_BLOCK = 0x1000
_MOST_TOGETHER = 60_000
# A longer value is no name, number or address, and takes its time to be looked for
_LONGEST = 16_384


@dataclass(frozen=True, repr=False, eq=False)
class Identifiers:
    """What must not be left in a finished object.

    Attributes:
        needles: Spellings to look for.
        uids: UIDs of the original that are not the standard's own.
        dates: What every date element was, by its path.
        words: Folded words of names, and of her address; for the first eye.
        numbers: Runs of digits of her identifiers; for the first eye.
    """

    needles: tuple[Needle, ...]
    uids: frozenset[str]
    dates: Mapping[Path, str]
    words: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    @cached_property
    def index(self) -> Index:
        """The needles, sorted for the search."""
        return index(self.needles)


def together(own: Identifiers, others: Iterable[Identifiers]) -> Identifiers:
    """Add to an object's identifiers those of other objects of the same person.

    Raises:
        SuspectError: There are too many to look for.
    """
    known = _union(tuple(others))
    if not known.needles.keys() >= set(own.needles):
        known = known.joined(own)
    if len(known.needles) > _MOST_TOGETHER:
        raise SuspectError(Reason.UNCHECKED)
    return Identifiers(
        tuple(known.needles),
        known.uids | own.uids,
        own.dates,
        known.words | own.words,
        known.numbers | own.numbers,
    )


@dataclass(frozen=True, repr=False)
class _Union:
    needles: dict[Needle, None]
    uids: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]

    def joined(self, other: Identifiers) -> "_Union":
        needles = {**self.needles, **dict.fromkeys(other.needles)}
        return _Union(needles, self.uids, self.words, self.numbers)


@lru_cache(maxsize=4)
def _union(many: tuple[Identifiers, ...]) -> _Union:
    """Unite what is known of a study; kept for the next of its objects."""
    needles: dict[Needle, None] = {}
    for one in many:
        needles.update(dict.fromkeys(one.needles))
        if len(needles) > _MOST_TOGETHER:
            raise SuspectError(Reason.UNCHECKED)
    return _Union(
        needles,
        frozenset[str]().union(*(one.uids for one in many)),
        frozenset[str]().union(*(one.words for one in many)),
        frozenset[str]().union(*(one.numbers for one in many)),
    )


def harvest(parsed: Parsed) -> Identifiers:
    """Collect the identifiers of an original, at every depth and in its file meta.

    Raises:
        SuspectError: There are too many to look for.
    """
    found = _Harvest()
    found.level(parsed.meta)
    found.level(parsed.header)
    makers = fold(" ".join(value_of(parsed.header, tag) for tag in _MAKERS))
    kept = (n for n in found.needles if n.what not in _MADE or n.text not in makers)
    words, numbers = frozenset(found.words), frozenset(found.numbers)
    return Identifiers(tuple(kept), frozenset(found.uids), found.dates, words, numbers)


@dataclass(repr=False)
class _Harvest:
    needles: dict[Needle, None] = field(default_factory=dict)
    uids: set[str] = field(default_factory=set)
    dates: dict[Path, str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    seen: set[tuple[Role, str]] = field(default_factory=set)

    def level(self, dataset: Dataset, above: Path = (), sequence: int = 0) -> None:
        """Collect from one level and all below."""
        for tag, element in elements(dataset):
            within = items(element)
            if within is not None:
                for index, item in enumerate(within):
                    self.level(item, (*above, tag, index), tag)
                continue
            said = _said(dataset, tag, element)
            role = role_of(tag, said)
            if tag in _SITED:
                role = role_within(tag, dataset, sequence) or role
            if role is not None:
                self.leaf(role, dataset, (*above, tag), element)

    def leaf(self, role: Role, dataset: Dataset, path: Path, element: Leaf) -> None:
        """Collect from one value."""
        value, tag = raw(element), path[-1]
        if not value:
            return
        text = readings(value, charset_of(dataset))[0]
        parts = _parts(text)
        if role is Role.UID:
            self.uids.update(uid for uid in parts if _is_own(uid, tag))
            return
        if role in _DATED:
            if kinds_of(tag, element.VR) & _DATES:
                self.dates[path] = text.strip(" \0")
            if role is Role.DATE and not is_dated(tag):
                return
        for part in parts:
            self.trace(role, part)

    def trace(self, role: Role, part: str) -> None:
        """Add what is to be looked for of one value, once."""
        if (role, part) in self.seen:
            return
        self.seen.add((role, part))
        if len(part) > _LONGEST:
            raise SuspectError(Reason.UNCHECKED)
        found = traces(role, part)
        self.needles.update(dict.fromkeys(found.needles))
        self.words |= found.words
        self.numbers |= found.numbers
        if len(self.needles) > MOST:
            raise SuspectError(Reason.UNCHECKED)


def _parts(value: str) -> Iterator[str]:
    return (part for part in (part.strip(" \0") for part in value.split("\\")) if part)


def _said(dataset: Dataset, tag: int, element: Leaf) -> str | None:
    """Give the VR an element says; of a private one that says none, what pydicom knows."""
    said = element.VR
    if said not in {None, "UN"} or not tag >> 16 & 1 or tag & 0xFFFF < _FIRST_BLOCK:
        return said
    creator = value_of(dataset, tag & 0xFFFF0000 | tag >> 8 & 0xFF)
    return private_vr(tag, creator) or said


def _is_own(uid: str, tag: int) -> bool:
    if is_registered(uid) or tag in _SOFTWARE:
        return False
    return not uid.startswith(_STANDARD) or tag in _INSTANCES
