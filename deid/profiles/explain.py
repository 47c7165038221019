"""What a profile does with one attribute, everywhere it may stand, and which line says so."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from deid.elements import known_vr
from deid.profiles.conformance_gate import rule_lines
from deid.profiles.profile import Profile
from deid.profiles.rulebook import read_data
from deid.profiles.rules import BYTE_VRS, Action, Rule, one_of_many, single
from deid.profiles.table import OPTIONS, Line, read_rows, table_lines, text_lines
from deid.profiles.tags import TABLE, keyword, written

TEXTS = "text_attributes.csv"
PRIVATE_LIST = "private_safe.csv"
ACTIONS = {
    "K": "kept as it is",
    "X": "removed",
    "Z": "emptied",
    "D": "replaced by a dummy value",
    "U": "replaced by a new UID, the same for the same original",
    "U*": "kept, with the UIDs in it replaced",
    "S": "shifted, with all dates of one person by the same number of weeks",
    "C": "cleaned: harmless words and numbers stay, everything else goes",
    "P": "replaced by the person's pseudonym",
    "A": "replaced by a keyed number, the same for the same original",
    "I": "replaced by a keyed study id, the same for the same original",
    "G": "kept as an age, capped",
}
_OTHERWISE = frozenset("KUSCAIG")
_FIRST_GROUP, _CREATORS = 0x0008, 0x10
_ENTERED = "entered: every attribute in it by its own rule"
_SEEN = "kept if nothing can be read in it, or after that is taken out"
#: What a content item of a structured report says; there its concept name may decide.
_CONTENT = frozenset(
    {0x0040A160, 0x0040A123, 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A124}
    | {0x0040A168, 0x0040A300, 0x00081199}
)


@dataclass(frozen=True)
class Found:
    """What becomes of an attribute in some places.

    Attributes:
        places: IODs, each with "top", "nested" or both.
        origin: Which line says so: of the table, of an option, the profile's own, or none.
    """

    places: tuple[tuple[str, str], ...]
    rule: Rule
    origin: str


@dataclass(frozen=True)
class Origins:
    """Where the rules of a profile come from."""

    table: Mapping[int, Line]
    texts: Mapping[int, Line]

    def of(self, tag: int, rule: Rule, *, named: bool) -> str:
        """Tell which line a rule was made of."""
        if tag >> 16 < _FIRST_GROUP:
            return "general rule: not of the object itself"
        if not named:
            return "default: no line names the attribute"
        one = one_of_many(tag)
        line = self.table.get(one)
        if line is not None and rule.reason.startswith(line.reason):
            meanings = [meaning for _, meaning, clause in OPTIONS.values() if clause == line.clause]
            chosen = [m for m in meanings if m.removesuffix(" Option") in rule.reason]
            return f"option: {chosen[0]}" if chosen else "Table E.1-1"
        line = self.texts.get(one)
        if line is not None and rule.reason.startswith(line.reason):
            return "list of texts and bytes"
        return "own rule of the profile"


@lru_cache(maxsize=8)
def origins(options: frozenset[str]) -> Origins:
    """Read the shipped tables as a profile with these options does."""
    return Origins(
        {_number(line.tag): line for line in table_lines(read_data(TABLE), options)},
        {_number(line.tag): line for line in text_lines(read_data(TEXTS))},
    )


def _number(tag: str) -> int:
    return int(tag.replace("X", "0"), 16)


def explain(profile: Profile, tag: int) -> tuple[Found, ...]:
    """Say what becomes of an attribute in every IOD, at the top and inside sequences."""
    known = known_vr(tag)
    kinds = frozenset({known or "UN"})
    where = origins(profile.options)
    found: dict[tuple[Rule, str], list[tuple[str, str]]] = {}
    for iod, rules in profile.rules.items():
        for nested in (False, True):
            rule = rules.rule(tag, kinds, nested=nested)
            level = rules.nested if nested else rules.top
            named = one_of_many(tag) in level.named
            place = (iod, "nested" if nested else "top")
            found.setdefault((rule, where.of(tag, rule, named=named)), []).append(place)
    return tuple(Found(tuple(places), rule, origin) for (rule, origin), places in found.items())


def lines(profile: Profile, tag: int) -> Iterator[str]:
    """Write what becomes of an attribute, for a terminal."""
    name = keyword(tag) or ("private" if tag >> 16 & 1 else "not in PS3.6")
    vr = known_vr(tag)
    anywhere = tag >> 16 & 1 and tag & 0xFFFF < _CREATORS  # asked for as (gggg,xxee)
    shown = f"({tag >> 16:04X},xx{tag & 0xFF:02X})" if anywhere else written(tag)
    yield f"{shown} {name}{f', VR {vr}' if vr else ''}"
    yield f"profile {profile.name} {profile.version}, PS3.15 edition {profile.edition}"
    if tag >> 16 & 1:
        yield from _private(profile, tag)
        return
    said: dict[tuple[str, ...], list[tuple[str, str]]] = {}  # what reads alike is one
    for found in explain(profile, tag):
        said.setdefault(tuple(_block(found, vr)), []).extend(found.places)
    for block, where in said.items():
        yield from ("", *block, f"   where: {places(where, len(profile.rules))}")
    if tag in _CONTENT and profile.structured is not None:
        yield ""
        yield "In content items of reports their concept name decides first (PS3.15 E.3.4)."
    told = tuple(rule_lines(profile, tag))
    yield from ("", *told) if told else ()


def _block(found: Found, vr: str | None) -> Iterator[str]:
    """Write one rule, but not where it holds."""
    rule = found.rule
    yield f"{rule.action.value:2} {action_words(rule, vr)}"
    if rule.action.value in _OTHERWISE and rule.otherwise is not rule.action:
        yield f"   if it is not what it should be: {ACTIONS[rule.otherwise.value]}"
    if rule.form is not None and rule.form.pattern != r"[\s\S]*":
        yield f"   if each value matches: {rule.form.pattern}"
    if rule.device:
        yield "   the dummy is a keyed token of the device, the same for the same device"
    yield f"   why:   {rule.reason}"
    yield f"   by:    {rule.clause}; {found.origin}"


def action_words(rule: Rule, vr: str | None) -> str:
    """Say in words what a rule does to an attribute."""
    if rule.action is Action.CLEAN and vr == "SQ":
        return _ENTERED
    if rule.action is Action.CLEAN and vr is not None and single(frozenset({vr})) <= BYTE_VRS:
        return _SEEN
    return ACTIONS[rule.action.value]


def places(found: Iterable[tuple[str, str]], iods: int) -> str:
    """Write places shortly: IODs in which an attribute meets the same at both depths first."""
    by_iod = {
        iod: frozenset(depth for _, depth in group)
        for iod, group in groupby(sorted(found), key=lambda place: place[0])
    }
    depths = {
        "": [iod for iod, found in by_iod.items() if len(found) > 1],
        "only at the top of ": [iod for iod, found in by_iod.items() if found == {"top"}],
        "only inside sequences of ": [iod for iod, found in by_iod.items() if found == {"nested"}],
    }
    return "; ".join(
        words + (", ".join(some) if len(some) < iods else "every IOD")
        for words, some in depths.items()
        if some
    )


def _private(profile: Profile, tag: int) -> Iterator[str]:
    """Say what the list of safe private attributes says, by creator."""
    yield ""
    yield "X  removed, unless its creator is on the list of safe private attributes"
    yield "   by:    PS3.15 E.1-1, E.3.10"
    if profile.safe_private is None:
        yield "   the profile has not chosen Retain Safe Private: no private attribute stays"
        return
    group, element = f"{tag >> 16:04X}", f"{tag & 0xFF:02X}"
    rows = [
        row
        for row in read_rows(read_data(PRIVATE_LIST))
        if (row["group"], row["element"]) == (group, element)
    ]
    for row in rows:
        rule = profile.safe_private.rule(row["creator"], tag, row["vr"])
        told = "removed" if rule is None else ACTIONS[rule.action.value]
        yield f"   {row['creator']}: {row['name']} ({row['vr']}): {told} ({row['source']})"
    if not rows:
        yield "   no creator's is on it: always removed"
