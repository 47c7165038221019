"""What an element is to the search, by its tag and VR (PS3.5 §6.2), and how far it is searched."""

from collections.abc import Mapping
from enum import IntEnum, auto
from functools import lru_cache
from typing import NamedTuple

from deid.identity.spelling import Reach
from deid.profiles.rules import KEYED_ACCESSIONS, KEYED_DEVICES, KEYED_PERSONS, KEYED_STUDY_IDS
from deid.values import kinds_of

# Replaced by tokens or holding a digest, in whose letters a short name can stand by chance
_TOKENS = KEYED_PERSONS | KEYED_ACCESSIONS | KEYED_STUDY_IDS | KEYED_DEVICES
_TOKEN_TAGS = _TOKENS | {0x00120063}


class Section(IntEnum):
    """What a value is, for the search."""

    TEXT = auto()
    TOKEN = auto()
    UID = auto()
    DATE = auto()
    NUMBER = auto()
    INTEGER = auto()
    BINARY = auto()
    NOTHING = auto()


_SECTIONS: Mapping[Section, frozenset[str]] = {
    Section.NOTHING: frozenset({"SQ"}),
    Section.UID: frozenset({"UI"}),
    Section.DATE: frozenset({"DA", "DT"}),
    Section.NUMBER: frozenset({"AS", "DS", "TM"}),
    Section.INTEGER: frozenset({"IS"}),
    Section.BINARY: frozenset(
        {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV"}
    ),
}
REACH: Mapping[Section, Reach] = {
    Section.TEXT: Reach.TEXT,
    Section.TOKEN: Reach.TEXT,
    Section.UID: Reach.INTEGER,
    Section.DATE: Reach.DATE,
    Section.NUMBER: Reach.NUMBER,
    Section.INTEGER: Reach.INTEGER,
    Section.BINARY: Reach.BINARY,
}


class Kind(NamedTuple):
    """What the elements of one tag and VR are."""

    section: Section
    vrs: frozenset[str]


@lru_cache(maxsize=16384)
def kind_of(tag: int, said: str | None) -> Kind:
    """Sort an element by its tag and the VR it says it has."""
    kinds = kinds_of(tag, said)
    split = frozenset(kind for both in kinds for kind in both.split(" or "))
    return Kind(_section(tag, split), split)


def _section(tag: int, kinds: frozenset[str]) -> Section:
    for section, vrs in _SECTIONS.items():
        if kinds <= vrs:
            return section
    return Section.TOKEN if tag in _TOKEN_TAGS else Section.TEXT
