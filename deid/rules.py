"""Attribute rules: Table E.1-1 read with its options, and compounds resolved by Type."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from re import Pattern
from re import compile as compile_pattern

from deid.elements import known_vr

IODS = ("mg", "dbt", "bpx")
# What may hold anything: text, names and bytes
FREE_VRS = frozenset(
    {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
    | {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
)
PRIVATE = "PRIVATE"

# PS3.16 CID 7050, for the options this room carries out; none is claimed that it does not
BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")
OPTION_CODES = {
    "retain_longitudinal_modified_dates": (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
}


class Action(StrEnum):
    """What becomes of an attribute (PS3.15 Table E.1-1a, and letters of our own)."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    REFERENCE = "U*"
    SHIFT = "S"
    PSEUDONYM = "P"
    ACCESSION = "A"
    AGE = "G"


@dataclass(frozen=True)
class Rule:
    """One attribute's rule, resolved for one IOD.

    Attributes:
        action: What to do.
        otherwise: What to do if the value does not let it be done, such as a date that is none.
        reason: Why.
        clause: Where that is laid down.
        device: A dummy value is the keyed token of the unit.
        form: What each value must be to be kept; None where its VR alone says that.
    """

    action: Action
    otherwise: Action
    reason: str
    clause: str
    device: bool = False
    form: Pattern[str] | None = None


@dataclass(frozen=True)
class Rules:
    """The rules of one IOD: at the top, inside sequences, and for repeating groups.

    What no rule names is kept only if it is of one of the `groups` and holds no text or bytes.
    """

    top: Mapping[int, Rule]
    nested: Mapping[int, Rule]
    groups: frozenset[int]

    def find(self, tag: int, *, nested: bool) -> Rule | None:
        """Find the rule for a tag; curves and overlays match by repeating group."""
        group = tag >> 16
        if group & 0xFF00 in {0x5000, 0x6000} and not group & 1:
            tag = (group & 0xFF00) << 16
        return (self.nested if nested else self.top).get(tag)

    def keeps(self, tag: int, kinds: frozenset[str], rule: Rule | None) -> bool:
        """Tell whether a value of these kinds may stay, if it is what its kinds say."""
        if rule is None and tag >> 16 not in self.groups:
            return False
        free = FREE_VRS & {kind for many in kinds for kind in many.split(" or ")}
        return not free or (rule is not None and rule.form is not None)


@dataclass(frozen=True)
class Line:
    """One attribute's rule as written, before a Type resolves it."""

    tag: str
    action: str
    reason: str
    clause: str
    device: bool = False
    basic: str = ""
    form: Pattern[str] | None = None


def _rows(table: str) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(row for row in table.splitlines() if not row.startswith("#")))


def table_lines(table: str, options: tuple[str, ...]) -> Iterator[Line]:
    """Read the table with the options that are chosen."""
    for row in _rows(table):
        action, reason = row["basic"], row["name"]
        for option in options:
            chosen = _option_action(row, option)
            if chosen:
                action, reason = chosen, f"{row['name']}: {OPTION_CODES[option][1]}"
        yield Line(row["tag"], action, reason, "PS3.15 E.1-1", basic=row["basic"])


def _option_action(row: dict[str, str], option: str) -> str:
    """Give the action an option puts in place of the basic one; empty if it does not.

    C (clean) is carried out for dates; text that would have to be cleaned falls to the basic
    action, which removes more.
    """
    mark = row[option]
    if mark == "K":
        return Action.KEEP
    if mark != "C" or option != "retain_longitudinal_modified_dates":
        return ""
    vr = known_vr(int(row["tag"], 16))
    if vr == "TM":
        return Action.KEEP
    dated = vr in {"DA", "DT"} or (vr is None and row["name"].endswith("DateTime"))
    return Action.SHIFT if dated else ""


def resolve_all(
    lines: Mapping[str, Line], types: str, texts: str, groups: frozenset[int]
) -> dict[str, Rules]:
    """Resolve all lines for every IOD, at the top and inside sequences.

    Args:
        lines: By tag.
        types: Types of the attributes of the table.
        texts: The attributes of the IODs that hold text or bytes and are not in the table.
        groups: Those of which attributes are kept that no line names.
    """
    rows = {row["tag"]: row for row in _rows(types)}
    rules = {}
    for iod in IODS:
        top, nested = _texts(texts, iod), _texts(texts, f"nested_{iod}")
        for tag, line in lines.items():
            number = _number(tag)
            if number is not None:
                row = rows.get(tag, {})
                top[number] = _rule(line, row.get(iod, ""))
                nested[number] = _rule(line, row.get(f"nested_{iod}", ""))
        rules[iod] = Rules(top, nested, groups)
    return rules


def _texts(texts: str, column: str) -> dict[int, Rule]:
    """Read what is kept or replaced of text and bytes; only where the IOD has the attribute."""
    rules = {}
    for row in _rows(texts):
        if row[column]:
            kept = row["action"] == Action.KEEP
            form = compile_pattern(row["matches"] or r"[\s\S]*") if kept else None
            basic = "X/Z/D" if kept else row["action"]
            line = Line(
                row["tag"], row["action"], row["reason"], "PS3.15 E.1.1", basic=basic, form=form
            )
            rules[int(row["tag"], 16)] = _rule(line, row[column])
    return rules


def _number(tag: str) -> int | None:
    """Give the tag as a number; a repeating group by its first; None where code decides."""
    if tag == PRIVATE or tag in {"60XX3000", "60XX4000"}:
        return None
    return int(tag.replace("X", "0"), 16)


def _rule(line: Line, kind: str) -> Rule:
    action = resolve(line.action, kind)
    return Rule(action, resolve(line.basic, kind), line.reason, line.clause, line.device, line.form)


def resolve(code: str, kind: str) -> Action:
    """Resolve a compound action by the attribute's Type (PS3.15 E.1, PS3.5 §7.4).

    Args:
        code: Such as "X/Z/D".
        kind: "1", "1C", "2", "2C", "3", or empty if the IOD does not say: then the action
            that leaves the most valid object, which tells no more, is taken.
    """
    actions = [Action(part) for part in code.split("/")]
    if kind == "3":
        return actions[0]
    if kind.startswith("2") and Action.EMPTY in actions:
        return Action.EMPTY
    return actions[-1]
