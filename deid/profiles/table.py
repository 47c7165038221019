"""PS3.15 Table E.1-1 with the options that are chosen, resolved for every IOD."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from re import compile as compile_pattern
from typing import NamedTuple

from deid.elements import known_vr
from deid.profiles.rules import IODS, TEXT_VRS, Action, Level, Rule, Rules, resolve

FULL_DATES = "retain_longitudinal_full_dates"
MODIFIED_DATES = "retain_longitudinal_modified_dates"
SAFE_PRIVATE = "retain_safe_private"
_UIDS = "retain_uids"
_PRIVATE = "PRIVATE"
# An attribute that an IOD does not have, may be missing there
_OPTIONAL = "3"
_DEMANDED = frozenset({"1", "2"})
_LEAST = "X/Z/D"


class Option(NamedTuple):
    """An option of the profile: its code and meaning (PS3.16 CID 7050), and its clause."""

    code: str
    meaning: str
    clause: str


BASIC = Option("113100", "Basic Application Confidentiality Profile", "PS3.15 E.2")
CLEAN_PIXELS = Option("113101", "Clean Pixel Data Option", "PS3.15 E.3.1")
OPTIONS = {
    "clean_graphics": Option("113103", "Clean Graphics Option", "PS3.15 E.3.3"),
    "clean_structured_content": Option("113104", "Clean Structured Content Option", "PS3.15 E.3.4"),
    "clean_descriptors": Option("113105", "Clean Descriptors Option", "PS3.15 E.3.5"),
    FULL_DATES: Option(
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
        "PS3.15 E.3.6",
    ),
    MODIFIED_DATES: Option(
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
        "PS3.15 E.3.6",
    ),
    "retain_patient_characteristics": Option(
        "113108", "Retain Patient Characteristics Option", "PS3.15 E.3.7"
    ),
    "retain_device_identity": Option("113109", "Retain Device Identity Option", "PS3.15 E.3.8"),
    _UIDS: Option("113110", "Retain UIDs Option", "PS3.15 E.3.9"),
    SAFE_PRIVATE: Option("113111", "Retain Safe Private Option", "PS3.15 E.3.10"),
    "retain_institution_identity": Option(
        "113112", "Retain Institution Identity Option", "PS3.15 E.3.11"
    ),
}


@dataclass(frozen=True)
class Line:
    """One attribute's rule as written, before a Type resolves it.

    Attributes:
        tag: Eight digits; X for any, in repeating groups.
        action: A letter, or a compound such as "X/Z/D".
        reason: Why.
        clause: Where that is laid down.
        basic: What is done where the action cannot be.
        device: A dummy value is the keyed token of the unit.
        form: What a value must be to be kept.
        outside: IODs that have no use for it, where it is removed.
        demanded: Where an IOD cannot be without it, it is not removed but emptied or a dummy.
    """

    tag: str
    action: str
    reason: str
    clause: str
    basic: str = _LEAST
    device: bool = False
    form: Pattern[str] | None = None
    outside: frozenset[str] = frozenset()
    demanded: bool = False


def read_rows(table: str) -> Iterator[dict[str, str]]:
    """Read a table of ours; lines with # say where it comes from."""
    return iter(csv.DictReader(row for row in table.splitlines() if not row.startswith("#")))


def edition_of(table: str) -> str:
    """Give the edition of the standard that the table is of."""
    marks = [line for line in table.splitlines() if line.startswith("# edition: ")]
    return marks[0].removeprefix("# edition: ")


def table_lines(table: str, options: frozenset[str]) -> Iterator[Line]:
    """Read the table with the options that are chosen."""
    for row in read_rows(table):
        if row["tag"] != _PRIVATE:
            yield _line(row, options)


def _line(row: dict[str, str], options: frozenset[str]) -> Line:
    """Let the options speak: what retains, then modified dates, then what cleans."""
    tag, name, basic = row["tag"], row["name"], row["basic"]
    vr = known_vr(_number(tag))
    chosen = [option for option in OPTIONS if option in options]
    for option in chosen:
        if row[option] == "K":
            return _by(row, option, Action.KEEP)
    if MODIFIED_DATES in options and row[MODIFIED_DATES]:
        if vr == "TM":
            return _by(row, MODIFIED_DATES, Action.KEEP)
        if vr in {"DA", "DT"} or (vr is None and name.endswith("DateTime")):
            return _by(row, MODIFIED_DATES, Action.SHIFT)
    for option in chosen:
        if row[option] == "C" and option != MODIFIED_DATES:
            return _by(row, option, Action.CLEAN)
    return Line(tag, basic, name, "PS3.15 E.1-1", basic, demanded=_is_replaceable(tag))


def _by(row: dict[str, str], option: str, action: Action) -> Line:
    _, meaning, clause = OPTIONS[option]
    reason = f"{row['name']}: {meaning.removesuffix(' Option')}"
    demanded = _is_replaceable(row["tag"])
    return Line(row["tag"], action, reason, clause, row["basic"], demanded=demanded)


def _is_replaceable(tag: str) -> bool:
    """Tell whether a dummy can stand for an attribute: for no sequence, and for no plane."""
    return "X" not in tag and known_vr(_number(tag)) != "SQ"


def text_lines(texts: str) -> Iterator[Line]:
    """Read which text and bytes may stay, or must go, that the table does not name."""
    for row in read_rows(texts):
        kept = row["action"] == Action.KEEP
        form = compile_pattern(row["matches"] or r"[\s\S]*") if kept else None
        outside = frozenset(row["except"].split())
        yield Line(
            row["tag"], row["action"], row["reason"], "PS3.15 E.1.1", form=form, outside=outside
        )


def resolve_all(
    lines: Mapping[str, Line],
    types: str,
    groups: frozenset[int],
    options: frozenset[str],
) -> dict[str, Rules]:
    """Resolve all lines for every IOD, at the top and inside sequences.

    Args:
        lines: By tag.
        types: Types of the attributes, by IOD.
        groups: Those of which attributes may stay that no line names.
        options: Those that are chosen.
    """
    rows = [(int(row["tag"], 16), row) for row in read_rows(types)]
    dates = _unnamed_dates(options)
    return {
        iod: Rules(
            _level(lines, rows, iod, iod),
            _level(lines, rows, iod, f"nested_{iod}"),
            groups,
            Action.KEEP if _UIDS in options else Action.UID,
            dates,
        )
        for iod in IODS
    }


def _unnamed_dates(options: frozenset[str]) -> Action | None:
    if FULL_DATES in options:
        return Action.KEEP
    return Action.SHIFT if MODIFIED_DATES in options else None


def _level(
    lines: Mapping[str, Line], rows: Iterable[tuple[int, dict[str, str]]], iod: str, column: str
) -> Level:
    types = {tag: row[column] for tag, row in rows}
    named = {}
    for tag, line in lines.items():
        number = _number(tag)
        gone = Rule(Action.REMOVE, Action.REMOVE, line.reason, line.clause)
        named[number] = gone if iod in line.outside else _rule(line, types.get(number) or _OPTIONAL)
    return Level(named, types)


def _number(tag: str) -> int:
    return int(tag.replace("X", "0"), 16)


def _rule(line: Line, kind: str) -> Rule:
    action, basic = line.action, line.basic
    if line.demanded and kind in _DEMANDED:
        action, basic = (_LEAST if code == Action.REMOVE else code for code in (action, basic))
    return Rule(
        resolve(action, kind),
        resolve(basic, kind),
        line.reason,
        line.clause,
        line.device,
        line.form,
    )


def may_be(action: str, tag: str) -> bool:
    """Tell whether an action can be carried out on an attribute of that tag."""
    vr = known_vr(_number(tag))
    if vr is None:
        return True
    allowed = {
        Action.UID: {"UI"},
        Action.REFERENCE: {"SQ"},
        Action.SHIFT: {"DA", "DT"},
        Action.CLEAN: TEXT_VRS | {"CS", "SQ"},
        Action.PSEUDONYM: {"LO", "PN", "SH"},
        Action.ACCESSION: {"LO", "SH", "UT"},
        Action.STUDY_ID: {"LO", "SH"},
        Action.AGE: {"AS"},
    }
    return all(vr in allowed[Action(part)] for part in action.split("/") if Action(part) in allowed)
