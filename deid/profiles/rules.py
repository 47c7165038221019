"""What becomes of each attribute in one IOD: every attribute has exactly one rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from re import Pattern
from re import compile as compile_pattern

from deid.elements import known_vr

IODS = ("mg", "dbt", "bpx", "sc", "cr", "cad_sr", "sr", "ko", "pr", "seg", "image")
# Documents and presentations: they have no pixel data, and with some they are not what they say
WITHOUT_PIXELS = frozenset({"cad_sr", "sr", "ko", "pr"})

TEXT_VRS = frozenset({"AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
BYTE_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
DATE_VRS = frozenset({"DA", "DT"})
# What is keyed: a permit's release has keys of its own, and finds it by these alone
KEYED_PERSONS = frozenset({0x00100010, 0x00100020})
KEYED_ACCESSIONS = frozenset({0x00080050})
KEYED_STUDY_IDS = frozenset({0x00200010})
KEYED_DEVICES = frozenset({0x00181000, 0x0018700A, 0x00189371})
# A hostile object may have any number of tags
_REMEMBERED = 1 << 16
_OVERLAY, _CURVE = 0x60000000, 0x50000000
# Types of what an object is invalid without
_DEMANDED = frozenset({"1", "2"})
_OPTIONAL = "3"
_LEAST = "X/Z/D"


# Also those newer than pydicom; a number of hers under the standard's root would be longer
STANDARD_UID = compile_pattern(
    r"1\.2\.840\.10008\.(?:1\.2|5\.1\.4|15)\.(?=[0-9.]{1,12}\Z)[0-9]{1,3}(?:\.[0-9]{1,3})*"
)


class Action(StrEnum):
    """What becomes of an attribute (PS3.15 Table E.1-1a, and letters of our own)."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    REFERENCE = "U*"
    SHIFT = "S"
    CLEAN = "C"
    PSEUDONYM = "P"
    ACCESSION = "A"
    STUDY_ID = "I"
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
        form: What each value must be to be kept, or of UIDs, not to be replaced; None where its
            VR alone says that.
    """

    action: Action
    otherwise: Action
    reason: str
    clause: str
    device: bool = False
    form: Pattern[str] | None = None


@dataclass(frozen=True)
class Level:
    """The rules of one IOD at its top, or inside its sequences.

    Attributes:
        named: Rules by tag; of a repeating group by its first.
        types: Type of each attribute the IOD has, by tag.
    """

    named: Mapping[int, Rule]
    types: Mapping[int, str]

    def type_of(self, tag: int) -> str:
        """Give an attribute's Type; empty if the IOD does not have it."""
        return self.types.get(tag, "")


@dataclass(frozen=True)
class Rules:
    """All rules of one IOD.

    Attributes:
        top: Of the object itself.
        nested: Of what is in its sequences.
        groups: Those of which attributes may stay that no line names.
        uids: What is done to UIDs that no line names.
        dates: The same for dates; None if they go as far as their Type lets them.
    """

    top: Level
    nested: Level
    groups: frozenset[int]
    uids: Action = Action.UID
    dates: Action | None = Action.SHIFT
    _found: dict[tuple[int, frozenset[str], bool], Rule] = field(
        default_factory=dict, compare=False, repr=False
    )

    def rule(self, tag: int, kinds: frozenset[str], *, nested: bool) -> Rule:
        """Give the rule for a tag whose value is said to be of these kinds (VRs).

        Private attributes are decided by their creator, elsewhere; here they are removed.
        """
        key = (tag, kinds, nested)
        found = self._found.get(key)
        if found is None:
            level = self.nested if nested else self.top
            found = self._look_up(tag, kinds, level)
            if len(self._found) < _REMEMBERED:
                self._found[key] = found
        return found

    def _look_up(self, tag: int, kinds: frozenset[str], level: Level) -> Rule:
        elsewhere = _elsewhere(tag)
        if elsewhere is not None:
            return elsewhere
        tag = one_of_many(tag)
        named = level.named.get(tag)
        if named is None and tag >> 24 == _OVERLAY >> 24:
            named = level.named.get(_OVERLAY)
        if named is not None:
            return named if _may_stay(named, tag, kinds, level) else _instead(named)
        if known_vr(tag) is None:
            return UNKNOWN
        kind = level.type_of(tag)
        if tag >> 16 not in self.groups:
            return _OUTSIDE[resolve(_LEAST, kind if kind in _DEMANDED else _OPTIONAL)]
        return self._default(kinds, kind)

    def _default(self, kinds: frozenset[str], kind: str) -> Rule:
        """Decide by what a value may be; where it may be several things, by the most telling."""
        least = resolve(_LEAST, kind or _OPTIONAL)
        # A number that nobody measured would be worse than none
        number = Action.EMPTY if least is Action.DUMMY else least
        dates = self.dates or least
        defaults = (
            ({"SQ"}, Action.CLEAN, least, "a sequence: all within by its own rule"),
            (BYTE_VRS, Action.REMOVE, Action.REMOVE, "bytes that may hold anything"),
            ({"PN"}, Action.EMPTY, Action.EMPTY, "a person's name"),
            (TEXT_VRS, Action.CLEAN, least, "text that the table does not name"),
            (DATE_VRS, dates, least, "a date that the table does not name"),
            ({"UI"}, self.uids, self.uids, "a UID, unless it is the standard's own"),
            ({"AS"}, Action.AGE, least, "an age that the table does not name"),
            ({"TM"}, least, least, "a time that the table does not name"),
            (each := single(kinds), Action.KEEP, number, "a code or number that describes"),
        )
        _, action, otherwise, reason = next(line for line in defaults if each & line[0])
        form = STANDARD_UID if action is Action.UID else None
        return Rule(action, otherwise, reason, "PS3.15 E.1.1", form=form)


UNKNOWN = Rule(Action.REMOVE, Action.REMOVE, "unknown to PS3.6", "PS3.15 E.1.1")
PRIVATE = Rule(Action.REMOVE, Action.REMOVE, "private, and not known to be safe", "PS3.15 E.1-1")
_LENGTH = Rule(Action.REMOVE, Action.REMOVE, "a group length: retired", "PS3.5 7.2")
_OUTSIDE = {
    action: Rule(action, action, "of a group that no image needs", "PS3.15 E.1.1")
    for action in (Action.REMOVE, Action.EMPTY, Action.DUMMY)
}
_META = Rule(Action.REMOVE, Action.REMOVE, "file meta information is written anew", "PS3.10 7.1")
_COMMAND = Rule(Action.REMOVE, Action.REMOVE, "of a command, not of an object", "PS3.7 6.3")
_DIRECTORY = Rule(Action.REMOVE, Action.REMOVE, "of a media directory", "PS3.3 F.3")
_GROUPS = {0x0000: _COMMAND, 0x0002: _META, 0x0004: _DIRECTORY}
_FIRST = 0x0008


def _elsewhere(tag: int) -> Rule | None:
    """Give the rule for what has no place in an object, or is not decided by its tag."""
    group = tag >> 16
    if group & 1:
        return PRIVATE
    if group < _FIRST:
        return _GROUPS.get(group, UNKNOWN)
    return None if tag & 0xFFFF else _LENGTH


def one_of_many(tag: int) -> int:
    """Write a tag of a repeating group as that of its first; curves are one whole."""
    first = tag >> 24 << 24
    if first == _OVERLAY:
        return first | tag & 0xFFFF
    return first if first == _CURVE else tag


def single(kinds: frozenset[str]) -> frozenset[str]:
    """Take apart VRs that depend on others, such as "US or OW"."""
    return frozenset(vr for many in kinds for vr in many.split(" or "))


def _may_stay(rule: Rule, tag: int, kinds: frozenset[str], level: Level) -> bool:
    """Tell whether a rule that keeps holds for a value of these kinds.

    Not for one that says it is something else than PS3.6 has it, nor for bytes that do not
    belong in the IOD.
    """
    if rule.action is not Action.KEEP:
        return True
    each, known = single(kinds), single(frozenset(filter(None, (known_vr(tag),))))
    if not known:
        return not each & BYTE_VRS
    if each - known and not each | known <= TEXT_VRS:
        return False
    return not each & BYTE_VRS or rule.form is None or bool(level.type_of(tag))


def _instead(rule: Rule) -> Rule:
    reason = f"{rule.reason}; but not of the kind or in the place that the standard says"
    return Rule(rule.otherwise, rule.otherwise, reason, rule.clause, rule.device)


def resolve(code: str, kind: str) -> Action:
    """Resolve a compound action by the attribute's Type (PS3.15 E.1, PS3.5 §7.4).

    Args:
        code: Such as "X/Z/D".
        kind: "1", "1C", "2", "2C", "3", or empty if nobody knows: then the action that leaves
            the most valid object, which tells no more, is taken.
    """
    actions = [Action(part) for part in code.split("/")]
    if kind == "3":
        return actions[0]
    if kind.startswith("2") and Action.EMPTY in actions:
        return Action.EMPTY
    return actions[-1]
