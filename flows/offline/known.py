"""What the headers of a whole folder say of the people in it, before any file is written."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from catalog.outcome import Outcome
from deid.deidentify import identity
from deid.errors import Reason, RefusedError, SuspectError
from deid.identity.identifiers import Identifiers, harvest, together
from deid.identity.spelling import Needle, Reach, fold, stands_in
from deid.source import Parsed
from deid.values import value_of
from flows.offline.harmless_names import HarmlessNames, writings
from flows.people.protection import CONFIDENTIAL, is_confidential
from flows.sources.original import Stamp
from flows.walk.admit import checked
from flows.walk.verdict import STUDY_INSTANCE_UID, TWO_PATIENTS

#: Identity numbers in a name, whoever they belong to: six or eight digits, a sign, four digits.
NUMBER = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ _]?\d{4}(?!\d)")


@dataclass(frozen=True, repr=False)
class Look:
    """What one header says.

    Attributes:
        study: Its original Study Instance UID; empty if it has none.
        person: The canonical identifier of whom it is about; empty if it names nobody.
        identifiers: None if there are too many, or they could not be collected.
        confidential: It says that the person or the order is confidential.
        stamp: Which file it was.
    """

    study: str
    person: str
    identifiers: Identifiers | None
    confidential: bool = False
    stamp: Stamp | None = None


def look(parsed: Parsed, stamp: Stamp) -> Look:
    """Take from a header what a folder is judged by.

    Whatever stops this, its study is told: one that was not looked at whole cannot be checked.
    """
    study = value_of(parsed.header, STUDY_INSTANCE_UID)
    person, found, confidential = "", None, False
    with suppress(SuspectError), checked():
        confidential = is_confidential(parsed.header)
        with suppress(RefusedError):
            person = identity(parsed)
        found = harvest(parsed)
    return Look(study, person, found, confidential, stamp)


@dataclass(repr=False)
class Known:
    """The people of a folder, by study, and every spelling of what identifies any of them.

    Attributes:
        unchecked: Studies of which some object could not be looked at whole.
        stamps: Which file was looked at, by name.
        blind: Whether there is an object whose identifiers nobody knows.
        words: Of all people, as the cleaner of texts asks for them; so, too, `numbers`.
        marks: Of studies, `judged` and `told` of parts of names, and `names`: what was worked out
            once all was added.
    """

    studies: dict[str, str] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    hers: dict[str, Identifiers] = field(default_factory=dict)
    needles: dict[str, set[Needle]] = field(default_factory=lambda: defaultdict(set))
    uids: set[str] = field(default_factory=set)
    confidential: set[str] = field(default_factory=set)
    unchecked: set[str] = field(default_factory=set)
    stamps: dict[str, Stamp | None] = field(default_factory=dict)
    blind: bool = False
    marks: dict[str, str] = field(default_factory=dict)
    judged: dict[str, bool] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    names: HarmlessNames | None = None
    told: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def add(self, name: str, seen: Look) -> None:
        """Add what one file's header says."""
        study = seen.study or name
        self.names = None
        self.judged.clear()
        self.told.clear()
        self.studies[name] = study
        self.stamps[name] = seen.stamp
        if seen.confidential:
            self.confidential.add(study)
        if seen.person:
            self.people[study].add(seen.person)
        if seen.identifiers is None:
            self.unchecked.add(study)
            self.blind = True
            return
        self._unite(study, seen.identifiers)
        self.uids |= seen.identifiers.uids
        self.words |= seen.identifiers.words
        self.numbers |= seen.identifiers.numbers
        for needle in seen.identifiers.needles:
            if Reach.TEXT in needle.reach:
                self.needles[needle.text].add(needle)

    def _unite(self, study: str, found: Identifiers) -> None:
        before = self.hers.get(study)
        try:
            self.hers[study] = found if before is None else together(before, [found])
        except SuspectError:  # more than can be looked for
            self.unchecked.add(study)

    def ending(self, name: str) -> tuple[Outcome, str] | None:
        """Tell how a file's whole study ends, and why; None if its files may be opened."""
        study = self.studies.get(name, name)
        if study in self.confidential:
            return Outcome.REFUSED, CONFIDENTIAL
        if len(self.people.get(study, ())) > 1:
            return Outcome.REFUSED, TWO_PATIENTS
        if study in self.unchecked:
            return Outcome.SUSPECT, Reason.UNCHECKED.value
        return None

    def mark(self, name: str) -> str:
        """Tell what a file's study is known by from what it was known by at another time."""
        study = self.studies.get(name, name)
        mark = self.marks.get(study)
        if mark is None:
            mark = self.marks[study] = _digest(self.hers.get(study))
        return mark

    def of_her(self, name: str) -> Identifiers | None:
        """Give the identifiers of all files of a file's study."""
        return self.hers.get(self.studies.get(name, name))

    def may_be_told(self, components: Sequence[str]) -> list[tuple[str, bool]]:
        """Give each part of a path, and whether it may stay as it is."""
        alone = [self._remembered(component) for component in components]
        stays = list(alone)
        for at, pair in enumerate(pairwise(components)):
            if alone[at] and alone[at + 1] and not self._remembered(*pair):
                stays[at] = stays[at + 1] = False
        return list(zip(components, stays, strict=True))

    def _remembered(self, *components: str) -> bool:
        """Tell whether one part of a path, or two beside one another, are harmless."""
        told = self.told.get(components)
        if told is None:
            told = self.told[components] = self._are_harmless(*components)
        return told

    def _are_harmless(self, *components: str) -> bool:
        if self.names is None:
            self.names = HarmlessNames(frozenset(self.words), frozenset(self.numbers))
        if any(map(self.identifies, writings(components))):
            return False
        beside = len(components) > 1
        return self.names.holds_beside(*components) if beside else self.names.holds(*components)

    def identifies(self, component: str) -> bool:
        """Tell whether a part of a name says who it is about, or cannot be read."""
        judged = self.judged.get(component)
        if judged is None:
            judged = self.judged[component] = self._identifies(component)
        return judged

    def _identifies(self, component: str) -> bool:
        # Hers whom nobody could look at, or bytes of no encoding: could not check is not clean.
        if self.blind or not component.isprintable():
            return True
        text = fold(component)
        if NUMBER.search(text) is not None:
            return True
        # A name is short and a folder has millions of spellings: look each part of it up.
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                part = text[start:end]
                if part in self.uids:
                    return True
                if any(stands_in(needle, text) for needle in self.needles.get(part, ())):
                    return True
        return False


def _digest(known: Identifiers | None) -> str:
    digest = hashlib.sha256()
    if known is not None:
        for many in (known.needles, known.uids, known.words, known.numbers):
            digest.update(f"{sorted(many)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
