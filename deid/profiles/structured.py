"""Content items of structured reports, by their concept (PS3.15 §E.3.4, Table E.3.4-1).

An attribute's rule cannot tell an accession number from a finding: both are Text Value. What a
content item is about, says the code of its concept name; what is in it, its value type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from re import compile as compile_pattern
from typing import NamedTuple

from pydicom.dataset import Dataset

from deid.profiles.rules import Action, Rule
from deid.profiles.table import read_rows
from deid.values import items, value_of

_VALUE_TYPE, _CONCEPT_NAME = 0x0040A040, 0x0040A043
_CODES = (0x00080100, 0x00080119, 0x00080120)
_SCHEME = 0x00080102
_MEASURED, _NUMBER, _UNIT = 0x0040A300, 0x0040A30A, 0x004008EA

# Where the value of each value type is (PS3.3 §C.17.3.2); what is not here has none, or geometry
_VALUES: Mapping[str, int] = {
    "TEXT": 0x0040A160,
    "PNAME": 0x0040A123,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
    "DATETIME": 0x0040A120,
    "UIDREF": 0x0040A124,
    "CODE": 0x0040A168,
    "NUM": _MEASURED,
    "IMAGE": 0x00081199,
    "COMPOSITE": 0x00081199,
    "WAVEFORM": 0x00081199,
}
_REFERENCES = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})
_DATES = frozenset({"DATE", "DATETIME"})
_FULL_DATES = "retain_longitudinal_full_dates"
_MODIFIED_DATES = "retain_longitudinal_modified_dates"
_ANYTHING = compile_pattern(r"[\s\S]*")
_CLAUSE = "PS3.15 E.3.4"

# What machines say of themselves, as attributes of the same meaning may (PS3.16 CID 4019, TID 1004)
_MAKERS: Mapping[str, str] = {
    "111001": "the name of an algorithm",
    "111003": "the version of an algorithm",
    "122405": "the maker of an algorithm",
    "113878": "the maker of a device",
    "113879": "the model of a device",
    "121014": "the maker of a device",
    "121015": "the model of a device",
    "121194": "the maker of a device",
    "121195": "the model of a device",
}
# Ages of whom a report is about; with a unit that tells no time their number may be years
_AGES = frozenset(
    {("121033", "dcm"), ("397669002", "sct"), ("424144002", "sct"), ("30525-0", "ln")}
    | {("21612-7", "ln"), ("29553-5", "ln"), ("c25150", "ncit"), ("c0001779", "umls")}
)
_IN_YEARS = {"a": 1.0, "yr": 1.0, "a_j": 1.0, "a_g": 1.0, "a_t": 1.0}
_PER_YEAR = _IN_YEARS | {"mo": 12.0, "mo_j": 12.0, "wk": 52.18, "d": 365.25, "h": 8766.0}  # UCUM
_NUMERAL = compile_pattern(r"\d{1,6}(?:\.\d{1,6})?")

Overrides = Mapping[int, Rule]


class _Kind(NamedTuple):
    code: str
    scheme: str
    value_type: str


class _Answer(NamedTuple):
    """What becomes of an item; without rules, it is removed where it can be."""

    rules: Overrides | None
    kept_place: Overrides


@dataclass(frozen=True, repr=False)
class StructuredRules:
    """The rules for content items, with the options that are chosen.

    Attributes:
        listed: Answers for what the table, or this module, names.
        others: Answers for everything else, by value type.
        concepts: The concepts that are named, whatever their value type.
        age_cap: The highest age in years that is told.
    """

    listed: Mapping[_Kind, _Answer]
    others: Mapping[str, _Answer]
    concepts: frozenset[tuple[str, str]]
    age_cap: int

    def overrides(self, item: Dataset, *, by_reference: bool) -> Overrides | None:
        """Give the rules for the value of one content item; they go before those of the IOD.

        Args:
            item: The content item, or the root of a document.
            by_reference: Items of this document are referred to by their position (0040,DB73),
                so none may be removed: its value becomes a dummy instead.

        Returns:
            Rules by tag; None if the whole item must go.
        """
        value_type = value_of(item, _VALUE_TYPE)
        concept = _concept(item)
        answer = self.listed.get(_Kind(*concept, value_type))
        if answer is None:
            answer = self._unlisted(concept, value_type)
        rules = answer.rules
        if rules and value_type == "NUM" and self._singles_out(item, concept):
            rules = None
        return answer.kept_place if rules is None and by_reference else rules

    def _unlisted(self, concept: tuple[str, str], value_type: str) -> _Answer:
        if value_type == "TEXT" and concept in self.concepts:
            return _DISGUISED
        return self.others.get(value_type, _NOTHING)

    def _singles_out(self, item: Dataset, concept: tuple[str, str]) -> bool:
        """Tell whether a number is an age that few reach, or an age in other words than numbers."""
        for measured in _within(item, _MEASURED):
            units = [value_of(unit, _CODES[0]) for unit in _within(measured, _UNIT)]
            number = value_of(measured, _NUMBER)
            legible = len(units) == 1 and units[0] in _PER_YEAR and _NUMERAL.fullmatch(number)
            if legible and float(number) / _PER_YEAR[units[0]] >= self.age_cap + 1:
                return True
            if not legible and (
                (concept[0].casefold(), concept[1]) in _AGES or _is_in_years(units)
            ):
                return True
        return False


def _is_in_years(units: list[str]) -> bool:
    return not _IN_YEARS.keys().isdisjoint(units)


@lru_cache(maxsize=8)
def load_structured(options: frozenset[str], *, age_cap: int = 89) -> StructuredRules:
    """Load the shipped table with the options that are chosen."""
    table = (files("deid") / "data" / "ps3_15_e3_4_1.csv").read_text(encoding="utf-8")
    listed = {
        _Kind(code, "dcm", "TEXT"): _answer("TEXT", _keep("TEXT", what))
        for code, what in _MAKERS.items()
    }
    for row in read_rows(table):
        kind = _Kind(row["code"], row["scheme"].casefold(), row["value_type"])
        listed[kind] = _answer(row["value_type"], _listed_rule(row, options))
    others = {kind: _answer(kind, _other_rule(kind, options)) for kind in _VALUES}
    concepts = frozenset((kind.code, kind.scheme) for kind in listed)
    return StructuredRules(listed, others, concepts, age_cap)


def _listed_rule(row: Mapping[str, str], chosen: frozenset[str]) -> Rule | None:
    """Resolve one row; None if the item must go."""
    kind, what = row["value_type"], f"content item {row['meaning']}"
    marks = {option: row[option] for option in chosen if row.get(option)}
    if "K" in marks.values():
        return _keep(kind, what)
    if "C" in marks.values():
        if kind in _DATES:
            return Rule(Action.SHIFT, Action.DUMMY, what, _CLAUSE)
        if kind == "TIME":
            return _keep(kind, what)
        return Rule(Action.CLEAN, Action.DUMMY, what, _CLAUSE)
    # What may be removed, or must not, according to a template: only a dummy is always valid
    return None if row["basic"] == "X" else Rule(_dummy(kind), _dummy(kind), what, _CLAUSE)


def _other_rule(kind: str, chosen: frozenset[str]) -> Rule:
    """Give the rule for a value type where the table does not name the concept."""
    what = f"content item of value type {kind}"
    if kind in _DATES | {"TIME"}:
        action = Action.DUMMY
        if _FULL_DATES in chosen or (kind == "TIME" and _MODIFIED_DATES in chosen):
            action = Action.KEEP
        elif _MODIFIED_DATES in chosen:
            action = Action.SHIFT
        return Rule(action, Action.DUMMY, what, _CLAUSE)
    if kind in _REFERENCES | {"UIDREF"} and "retain_uids" in chosen:
        return _keep(kind, what)
    actions = {"TEXT": Action.CLEAN, "CODE": Action.KEEP, "NUM": Action.KEEP}
    return Rule(actions.get(kind, _dummy(kind)), _dummy(kind), what, _CLAUSE)


def _keep(kind: str, what: str) -> Rule:
    form = _ANYTHING if kind == "TEXT" else None  # text is kept only if it is harmless as well
    return Rule(Action.KEEP, _dummy(kind), what, _CLAUSE, form=form)


def _dummy(kind: str) -> Action:
    """Give the action that leaves a valid value of a value type, which tells nothing."""
    if kind in _REFERENCES:
        return Action.REFERENCE
    return {"UIDREF": Action.UID, "NUM": Action.EMPTY}.get(kind, Action.DUMMY)


def _answer(kind: str, rule: Rule | None) -> _Answer:
    tag = _VALUES.get(kind)
    if tag is None:
        return _Answer(None if rule is None else {}, {})
    least = Rule(_dummy(kind), _dummy(kind), "kept for its place in the report", _CLAUSE)
    return _Answer(None if rule is None else {tag: rule}, {tag: least})


_NOTHING = _Answer({}, {})  # a container, coordinates: nothing of its own, or the IOD's rules do
_DISGUISED = _answer(
    "TEXT", Rule(Action.DUMMY, Action.DUMMY, "a concept whose value is no text", _CLAUSE)
)


def _concept(item: Dataset) -> tuple[str, str]:
    """Give code and folded scheme of a concept name; empty if there is none."""
    for name in _within(item, _CONCEPT_NAME):
        codes = (value_of(name, tag) for tag in _CODES)
        return next(filter(None, codes), ""), value_of(name, _SCHEME).casefold()
    return "", ""


def _within(dataset: Dataset, tag: int) -> tuple[Dataset, ...]:
    element = dataset.get_item(tag) if tag in dataset else None
    return tuple(items(element) or ()) if element is not None else ()
