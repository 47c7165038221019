"""Make a clean header from an original one, by the rules of a profile and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from re import compile as compile_pattern
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from deid.elements import malformed
from deid.headers.blocks import clean_blocks
from deid.headers.content import NONE, Content
from deid.headers.journal import Entry, Outcome, entry
from deid.headers.leaves import Leaves
from deid.headers.made import made, written_vr
from deid.headers.statements import BURNED_IN, applied_codes, file_meta, statements
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person, Subkeys
from deid.profiles.private import SafePrivate
from deid.profiles.profile import Profile
from deid.profiles.rules import TEXT_VRS, Action, Rule, Rules
from deid.source import Parsed
from deid.values import Leaf, Path, elements, items, kinds_of, raw, value_of

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

_SOP_CLASS = 0x00080016
_NEEDED = (_SOP_CLASS, 0x00080018, 0x0020000D, 0x0020000E)
_OVERLAYS, _OVERLAY_DATA = 0x60, 0x3000
_LOOKED_AT: Mapping[int, Rule] = MappingProxyType(
    {BURNED_IN: Rule(Action.DUMMY, Action.DUMMY, "the pixels were looked at", "PS3.15 E.3.1")}
)
_IN_DISGUISE = Rule(Action.REMOVE, Action.REMOVE, "a sequence that was not opened", "PS3.5 7.5")
_ANYTHING = compile_pattern(r"[\s\S]*")


class _Mode(Enum):
    """How the items of a sequence are cleaned: as anywhere, all text blanked, or held on to."""

    PLAIN = 0
    BLANK = 1
    HELD = 2


@dataclass(frozen=True, repr=False)
class CleanHeader:
    """A header that may leave, and what was done to it.

    Attributes:
        meta: Its file meta information.
        dataset: All before the pixel data.
        applied: CID 7050 codes and meanings of what was done.
        journal: What became of each attribute of the original.
    """

    meta: FileMetaDataset
    dataset: Dataset
    applied: tuple[tuple[str, str], ...]
    journal: tuple[Entry, ...]


def clean_header(
    parsed: Parsed,
    *,
    profile: Profile,
    person: Person,
    subkeys: Subkeys,
    identifiers: Identifiers,
    overlays: Mapping[int, bytes | None] = MappingProxyType({}),
    pixels_looked_at: bool = False,
) -> CleanHeader:
    """De-identify a header at every depth (PS3.15 Annex E); the original is not changed.

    Args:
        parsed: The original.
        profile: Whose rules are carried out.
        person: Whom it is about, from now on.
        subkeys: For what is replaced by keyed values.
        identifiers: What identifies her, for the cleaning of text.
        overlays: Clean data of the overlay planes that stay, by group.
        pixels_looked_at: Somebody has looked at the pixels for text, so that may be claimed.

    Raises:
        UnreadableError: It lacks a UID without which it is no instance.
    """
    if not all(value_of(parsed.header, tag) for tag in _NEEDED):
        raise malformed()
    cleaner = _Cleaner(
        Leaves(profile, person, subkeys, identifiers),
        profile.rules[profile.iods[value_of(parsed.header, _SOP_CLASS)]],
        profile.safe_private,
        Content(profile.structured, parsed.header),
        overlays if "clean_graphics" in profile.options else {},
    )
    dataset = cleaner.clean_top(parsed.header, _LOOKED_AT if pixels_looked_at else NONE)
    applied = applied_codes(profile, pixels_looked_at=pixels_looked_at)
    for element in statements(
        profile, person, subkeys, applied=applied, pixels_looked_at=pixels_looked_at
    ):
        dataset[element.tag] = element
    meta = file_meta(dataset, parsed.transfer_syntax)
    return CleanHeader(meta, dataset, applied, tuple(cleaner.journal))


class _Cleaner:
    """Clean one object, level by level, and keep the journal of it."""

    def __init__(
        self,
        leaves: Leaves,
        rules: Rules,
        safe_private: SafePrivate | None,
        content: Content,
        overlays: Mapping[int, bytes | None],
    ) -> None:
        self.journal: list[Entry] = []
        self._leaves = leaves
        self._rules = rules
        self._safe_private = safe_private
        self._content = content
        self._overlays = overlays

    def clean_top(self, header: Dataset, own: Mapping[int, Rule]) -> Dataset:
        """Clean the object itself; `own` rules go before all others."""
        of_itself = self._content.rules_of(header) or NONE
        return self._level(header, (), _Mode.PLAIN, {**of_itself, **own})

    def _level(self, dataset: Dataset, path: Path, mode: _Mode, own: Mapping[int, Rule]) -> Dataset:
        """Clean one level and all below it; `own` are the rules of this level alone."""
        kept: dict[BaseTag, Leaf] = {}
        private = []
        for tag, element in elements(dataset):
            if tag >> 16 & 1:
                private.append((tag, element))
                continue
            here = (*path, tag)
            rule, done = self._element(element, here, dataset, mode, own)
            self.journal.append(entry(here, element, rule, done))
            if done.left is not None:
                kept[element.tag] = done.left
        for tag, element, rule, done in clean_blocks(
            private, dataset, self._leaves, self._safe_private
        ):
            self.journal.append(entry((*path, tag), element, rule, done))
            if done.left is not None:
                kept[element.tag] = done.left
        result = Dataset(kept)
        implicit, little = dataset.original_encoding
        result.set_original_encoding(implicit, little, dataset.original_character_set)
        return result

    def _element(
        self, element: Leaf, path: Path, dataset: Dataset, mode: _Mode, own: Mapping[int, Rule]
    ) -> tuple[Rule, Outcome]:
        tag = path[-1]
        kinds = kinds_of(tag, element.VR)
        override = own.get(tag) if own else None
        rule = override or self._rules.rule(tag, kinds, nested=len(path) > 1)
        if items(element) is not None and tag >> 24 != _OVERLAYS:
            held = mode is _Mode.HELD or (rule.action is Action.KEEP and override is None)
            return rule, self._sequence(element, path, rule, _Mode.HELD if held else mode)
        if "SQ" in kinds:
            return _IN_DISGUISE, Outcome(None, Action.REMOVE)
        if mode is not _Mode.PLAIN and kinds & TEXT_VRS:
            rule = _in_mode(rule, mode)
        if tag >> 24 == _OVERLAYS:
            plane = self._overlays.get(tag >> 16) if len(path) == 1 else None
            if plane is None or rule.action is Action.REMOVE:
                return rule, Outcome(None, Action.REMOVE)
            if tag & 0xFFFF == _OVERLAY_DATA:
                return rule, _plane(element, plane)
        return rule, self._leaves.do(element, kinds, rule, dataset)

    def _sequence(self, element: Leaf, path: Path, rule: Rule, mode: _Mode) -> Outcome:
        action = rule.action
        if action is Action.REMOVE:
            return Outcome(None, action)
        within = items(element) or ()
        if action is Action.EMPTY:
            return Outcome(_sequence_of(element, []) if within else element, action)
        mode = _Mode.BLANK if action is Action.DUMMY else mode
        kept = []
        for index, item in enumerate(within):
            own = self._content.rules_of(item)
            if own is not None:
                own = NONE if mode is _Mode.HELD else own
                kept.append(self._level(item, (*path, index), mode, own))
        gone = len(within) - len(kept)
        if within and not any(map(len, kept)) and rule.otherwise in _LESS:
            empty = None if rule.otherwise is Action.REMOVE else _sequence_of(element, [])
            return Outcome(empty, rule.otherwise, gone)
        return Outcome(_sequence_of(element, kept), action, gone)


_LESS = frozenset({Action.REMOVE, Action.EMPTY})


def _sequence_of(element: Leaf, within: list[Dataset]) -> DataElement:
    return DataElement(element.tag, "SQ", Sequence(within), already_converted=True)


def _plane(element: Leaf, clean: bytes) -> Outcome:
    """Put in place of an overlay's data what came of it when somebody looked at it."""
    same = clean == raw(element)
    new = element if same else made(element.tag, written_vr(element), clean)
    return Outcome(new, Action.CLEAN, int(not same))


def _in_mode(rule: Rule, mode: _Mode) -> Rule:
    """Blank text in a sequence that is a dummy, and hold on to it in one that is retained."""
    if mode is _Mode.BLANK and rule.action in {Action.KEEP, Action.CLEAN}:
        return replace(rule, action=Action.DUMMY)
    if mode is _Mode.HELD and rule.action is Action.CLEAN:
        return replace(rule, action=Action.KEEP, form=_ANYTHING)
    return rule
