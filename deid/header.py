"""Make a clean header from an original one, by the rules of a profile and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from re import compile as compile_pattern
from typing import TYPE_CHECKING

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from deid import pseudonym
from deid.dates import shift
from deid.elements import DEFAULT_ENCODING, known_vr, malformed
from deid.facts import cap_age
from deid.grammar import broken, parts_of
from deid.made import TEXT_VRS, coded, dummy, made, written_vr
from deid.profile import Profile
from deid.pseudonym import Person, Subkeys
from deid.rules import Action, Rule, Rules
from deid.source import Parsed
from deid.values import Leaf, elements, is_registered, items, raw, value_of, vrs

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

# Ours, for every object we write (PS3.7 §D.3.3.2)
IMPLEMENTATION_CLASS = "2.25.302871538227719563034790523190870421376"
IMPLEMENTATION_VERSION = "MAMMO-DATASPACE"

_STANDARD = compile_pattern(r"1\.2\.840\.10008(\.\d+)+")
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_NEEDED = (_SOP_CLASS, _SOP_INSTANCE, 0x0020000D, 0x0020000E)
_LONGEST = 64
_CODING_SCHEME, _CODE_MEANING = 0x00080102, 0x00080104
_GROUP_LENGTH = 0x0000
# PS3.16 Table 8-1, those that a breast image may use
_PUBLISHED = frozenset(
    {"ACR", "BARI", "BI", "DCM", "FMA", "I10", "I10P", "I9", "I9C", "ICDO3", "ISO639_2", "LN"}
    | {"MDC", "NCIt", "RADLEX", "RadElement", "SCT", "SNM3", "SRT", "99SDM", "UCUM", "UMLS"}
)


@dataclass(frozen=True, repr=False)
class CleanHeader:
    """A header that may leave, and the CID 7050 codes of what was done to it."""

    meta: FileMetaDataset
    dataset: Dataset
    applied: tuple[str, ...]


def clean_header(
    parsed: Parsed, *, profile: Profile, person: Person, subkeys: Subkeys
) -> CleanHeader:
    """De-identify a header at every depth (PS3.15 Annex E); the original is not changed.

    Raises:
        UnreadableError: It lacks a UID without which it is no instance.
    """
    if not all(value_of(parsed.header, tag) for tag in _NEEDED):
        raise malformed()
    iod = profile.iods[value_of(parsed.header, _SOP_CLASS)]
    changes = _changes(profile, person, subkeys)
    cleaner = _Cleaner(profile.rules[iod], person, subkeys, changes)
    dataset = cleaner.clean(parsed.header)
    for element in _statements(profile, person, subkeys):
        dataset[element.tag] = element
    return CleanHeader(
        file_meta(dataset, parsed.transfer_syntax),
        dataset,
        tuple(code for code, _ in profile.codes),
    )


def _statements(profile: Profile, person: Person, subkeys: Subkeys) -> tuple[Leaf, ...]:
    """Say who it is now, and what was done (PS3.15 E.1.1, PS3.3 §C.12.1)."""
    method = (
        f"{profile.name}/{profile.version}",
        f"PS3.15 {profile.edition}",
        f"rules {profile.digest[:16]}",
        f"key {subkeys.version}",
    )
    codes = Sequence(coded(code, meaning) for code, meaning in profile.codes)
    return (
        made(0x00100010, "PN", person.pseudonym),
        made(0x00100020, "LO", person.pseudonym),
        made(0x00120062, "CS", "YES"),
        made(0x00120063, "LO", "\\".join(part[:_LONGEST] for part in method)),
        DataElement(0x00120064, "SQ", codes, already_converted=True),
        made(0x00280303, "CS", "MODIFIED"),
    )


def file_meta(dataset: Dataset, syntax: str) -> FileMetaDataset:
    """Make a new file meta group; AE titles and other traces of the source stay behind."""
    meta = FileMetaDataset()
    for element in (
        made(0x00020001, "OB", b"\0\1"),
        made(0x00020002, "UI", value_of(dataset, _SOP_CLASS)),
        made(0x00020003, "UI", value_of(dataset, _SOP_INSTANCE)),
        made(0x00020010, "UI", syntax),
        made(0x00020012, "UI", IMPLEMENTATION_CLASS),
        made(0x00020013, "SH", IMPLEMENTATION_VERSION),
    ):
        meta[element.tag] = element
    meta.set_original_encoding(False, True, DEFAULT_ENCODING)  # noqa: FBT003 -- pydicom
    return meta


@dataclass(frozen=True, repr=False)
class _Cleaner:
    rules: Rules
    person: Person
    subkeys: Subkeys
    changes: Mapping[Action, Callable[[str], str]]

    def clean(self, dataset: Dataset, *, nested: bool = False, blank: bool = False) -> Dataset:
        """Clean one level and all below; `blank` replaces every text by a dummy."""
        kept: dict[BaseTag, Leaf] = {}
        for tag, element in elements(dataset):
            group = tag >> 16
            if group & 1 or group < 0x0008 or tag & 0xFFFF == _GROUP_LENGTH:  # noqa: PLR2004 -- command, meta, DICOMDIR
                continue
            rule = self.rules.find(tag, nested=nested)
            if rule is None and known_vr(tag) is None:
                continue
            cleaned = self._element(element, rule, blank=blank)
            if cleaned is not None:
                kept[cleaned.tag] = cleaned
        if _CODE_MEANING in dataset and _is_local(value_of(dataset, _CODING_SCHEME)):
            meaning = made(_CODE_MEANING, "LO", dummy("LO"))
            kept[meaning.tag] = meaning
        result = Dataset(kept)
        implicit, little = dataset.original_encoding
        result.set_original_encoding(implicit, little, dataset.original_character_set)
        return result

    def _element(self, element: Leaf, rule: Rule | None, *, blank: bool) -> Leaf | None:
        action = self._action(element, rule, blank=blank)
        within = items(element)
        if within is not None:
            return self._sequence(element, within, action, blank=blank)
        if "SQ" in vrs(element):
            return None  # a sequence in disguise was never opened
        if action is Action.REFERENCE:
            return None if raw(element) else element
        if action is Action.KEEP:
            kept = _unbroken(element, rule)
            if kept is not None:
                return kept
            action = rule.otherwise if rule is not None else Action.EMPTY
        change = self.changes.get(action)
        if change is not None and raw(element):
            value = "\\".join(change(part) for part in parts_of(element))
            if value.strip("\\"):
                return made(element.tag, written_vr(element), value)
            action = rule.otherwise if rule is not None else Action.EMPTY
            action = Action.EMPTY if action in self.changes else action
        return self._replace(element, action, device=rule is not None and rule.device)

    def _action(self, element: Leaf, rule: Rule | None, *, blank: bool) -> Action:
        """Decide by rule; where it keeps, or there is none, by what the value may be."""
        kinds = vrs(element)
        if rule is not None and rule.action is not Action.KEEP:
            dummy_uid = rule.action is Action.DUMMY and "UI" in kinds
            return Action.UID if dummy_uid else rule.action
        if not self.rules.keeps(element.tag, kinds, rule):
            return Action.REMOVE if rule is None else rule.otherwise
        if kinds & {"DA", "DT"}:
            return Action.SHIFT
        if "UI" in kinds:
            standard = all(_STANDARD.fullmatch(part) for part in parts_of(element) if part)
            return Action.KEEP if standard else Action.UID
        return Action.DUMMY if blank and kinds & TEXT_VRS else Action.KEEP

    def _sequence(
        self, element: Leaf, within: Sequence, action: Action, *, blank: bool
    ) -> Leaf | None:
        if action is Action.REMOVE:
            return None
        blank = blank or action is Action.DUMMY
        kept = () if action is Action.EMPTY else within
        cleaned = Sequence(self.clean(item, nested=True, blank=blank) for item in kept)
        return DataElement(element.tag, "SQ", cleaned, already_converted=True)

    def _replace(self, element: Leaf, action: Action, *, device: bool) -> Leaf | None:
        if action is Action.REMOVE:
            return None
        vr = written_vr(element)
        if action is Action.PSEUDONYM:
            return made(element.tag, vr, self.person.pseudonym)
        if action is not Action.DUMMY or not raw(element):
            return made(element.tag, vr, "")
        if device:
            return made(element.tag, vr, pseudonym.device(self.subkeys, parts_of(element)[0]))
        return made(element.tag, vr, dummy(vr))


def _changes(
    profile: Profile, person: Person, subkeys: Subkeys
) -> dict[Action, Callable[[str], str]]:
    moved = pseudonym.weeks(subkeys, person)

    def replace_uid(original: str) -> str:
        if not original or is_registered(original):
            return original
        return pseudonym.uid(subkeys, original)

    return {
        Action.SHIFT: lambda value: shift(value, moved),
        Action.UID: replace_uid,
        Action.ACCESSION: lambda value: pseudonym.accession(subkeys, value),
        Action.AGE: lambda value: cap_age(value, profile.age_cap),
    }


def _is_local(scheme: str) -> bool:
    """Tell a unit's or maker's own codes, whose meanings are free text (PS3.3 §8.2)."""
    return scheme not in _PUBLISHED


def _unbroken(element: Leaf, rule: Rule | None) -> Leaf | None:
    """Give an element as it may be kept; of codes, those that are; None if nothing is left."""
    bad = broken(element)
    if rule is not None and rule.form is not None:
        whole = parts_of(element)
        bad |= {part for part in whole if part and not rule.form.fullmatch(part)}
    if not bad:
        return element
    if vrs(element) != {"CS"}:
        return None
    value = "\\".join("" if part in bad else part for part in parts_of(element))
    return made(element.tag, written_vr(element), value) if value.strip("\\") else None
