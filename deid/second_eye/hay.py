"""All that a finished object says, gathered so that one search goes through all of it.

Every value at every depth is sorted by where identifiers can stand in it: texts, tokens of our
own making, dates, numbers, and bytes, of which every printable run is read. What is disguised is
read as well: values that stand together, base64 and hexadecimal digits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from pydicom.dataset import Dataset

from deid.identity.numbers import plain
from deid.identity.spelling import fold
from deid.profiles.private import SafePrivate
from deid.second_eye.disguises import glued, printable_runs, undisguised
from deid.second_eye.sections import REACH, Kind, Section, kind_of
from deid.source import Parsed
from deid.values import (
    Path,
    charset_of,
    elements,
    is_registered,
    items,
    raw,
    readings,
    where,
)

BETWEEN = "\x1e"
_FIRST_BLOCK = 0x1000
# Fewer bytes hold nothing that is looked for among bytes
_LEAST_BYTES = 6


class Value(NamedTuple):
    """One element: where it stands, of what kind it is, and its bytes (none for a sequence)."""

    above: Path
    tag: int
    said: str | None
    kind: Kind
    data: bytes
    charset: str | list[str]

    @property
    def path(self) -> Path:
        """The whole path of tags and item numbers."""
        return (*self.above, self.tag)


Values = list[Value]


def gather(parsed: Parsed, safe: SafePrivate | None) -> Values:
    """Give every element of an object, preamble first; it stands at no tag.

    Args:
        parsed: The finished object.
        safe: Tells of what VR private elements are in a file that does not say.
    """
    text = Kind(Section.TEXT, frozenset())
    found = [Value((), 0, None, text, parsed.preamble.strip(b"\0"), "latin-1")]
    _level(parsed.meta, (), found, safe)
    _level(parsed.header, (), found, safe)
    return found


def place(value: Value) -> str:
    """Write where a value stands."""
    return where(value.path) if value.tag else "preamble"


def _level(dataset: Dataset, above: Path, found: Values, safe: SafePrivate | None) -> None:
    charset = charset_of(dataset)
    creators: dict[int, str] = {}
    for tag, element in elements(dataset):
        said, data = element.VR, element.value
        if type(data) is not bytes:
            data = raw(element)
        if tag >> 16 & 1:
            said = _private(tag, said, data, creators, safe)
        within = items(element)
        kind = kind_of(tag, said)
        found.append(Value(above, tag, said, kind, data, charset))
        for index, item in enumerate(within or ()):
            _level(item, (*above, tag, index), found, safe)


def _private(
    tag: int, said: str | None, data: bytes, creators: dict[int, str], safe: SafePrivate | None
) -> str | None:
    """Give the VR of a private element, if need be of the list."""
    if tag & 0xFFFF < _FIRST_BLOCK:
        creators[tag & 0xFFFF0000 | tag << 8 & 0xFF00] = data.decode("latin-1").strip(" \0")
        return said or "LO"
    if said is None and safe is not None:
        return safe.vr(creators.get(tag & 0xFFFFFF00, ""), tag)
    return said


@dataclass(frozen=True, repr=False)
class Hay:
    """The folded texts of all values, by section, one after another."""

    sections: Mapping[Section, str]

    @property
    def whole(self) -> str:
        """All sections as one."""
        return BETWEEN.join(self.sections.values())


def heap(values: Values) -> Hay:
    """Put together what all values say; what is written plainly is taken as it is, at once."""
    plainly: dict[Section, list[bytes]] = {section: [] for section in Section}
    otherwise: dict[Section, list[str]] = {section: [] for section in Section}
    for value in values:
        _, _, _, (section, _), data, _ = value
        if not data or (section is Section.BINARY and len(data) < _LEAST_BYTES):
            continue
        if section not in _SPOKEN or not data.isascii() or b"\0" in data or b"\x1b" in data:
            for part, text in _read(value):
                otherwise[part].append(text)
            continue
        plainly[section].append(data)
        if b"\\" in data and section in _TEXTS:
            otherwise[Section.BINARY] += glued(data.decode("ascii").lower())
    texts = b"\x1e".join(chain(plainly[Section.TEXT], plainly[Section.TOKEN])).decode("ascii")
    otherwise[Section.BINARY] += map(_folded, undisguised(texts))
    sections = {}
    for section in REACH:
        joined = b"\x1e".join(plainly[section]).decode("ascii").lower()
        sections[section] = BETWEEN.join((joined, *dict.fromkeys(otherwise[section])))
    return Hay(sections)


_TEXTS = frozenset({Section.TEXT, Section.TOKEN})
_SPOKEN = _TEXTS | {Section.DATE, Section.NUMBER, Section.INTEGER}


def says(value: Value) -> tuple[tuple[Section, str], ...]:
    """Give all that one value says, folded, with the section it is searched as."""
    section, data = value.kind.section, value.data
    if section not in _SPOKEN or not data.isascii():
        return tuple(_read(value))
    return tuple(chain(_read(value), _disguised(data.decode("ascii"))))


def _read(value: Value) -> Iterator[tuple[Section, str]]:
    section, data = value.kind.section, value.data
    if section is Section.BINARY:
        for run in printable_runs(data):
            yield section, _folded(run)
            yield from _disguised(run)
    elif section is Section.UID:
        yield from _uids(data)
    elif section is not Section.NOTHING:
        yield from _texts(value)


def _uids(data: bytes) -> Iterator[tuple[Section, str]]:
    """Give UIDs that are not the standard's; what is no UID at all is text."""
    written = data.decode("latin-1").strip(" \0")
    if not all(map(is_registered, written.split("\\"))):
        numeric = _OF_UIDS.issuperset(written)
        yield Section.UID if numeric else Section.TEXT, _folded(written)


def _texts(value: Value) -> Iterator[tuple[Section, str]]:
    section = value.kind.section
    for reading in readings(value.data, value.charset):
        yield section, _folded(reading)
        if section in _TEXTS:
            if "\\" in reading:
                yield from ((Section.BINARY, _folded(text)) for text in glued(reading))
            if not reading.isascii():
                yield from _disguised(reading)


_OF_UIDS = frozenset("0123456789.\\")


def _disguised(text: str) -> Iterator[tuple[Section, str]]:
    return ((Section.BINARY, _folded(found)) for found in undisguised(text))


def _folded(text: str) -> str:
    return fold(plain(text))
