"""What the headers of a whole folder say of the people in it, before any file is written."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from deid.deidentify import identity
from deid.errors import RefusedError
from deid.identifiers import Identifiers, harvest, together
from deid.source import Parsed
from deid.spelling import Needle, Reach, fold, stands_in
from deid.values import value_of
from flows.protection import CONFIDENTIAL, is_confidential
from flows.verdict import STUDY_INSTANCE_UID, TWO_PATIENTS

#: Identity numbers in a name, whoever they belong to: six or eight digits, a sign, four digits.
NUMBER = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ _]?\d{4}(?!\d)")


@dataclass(frozen=True, repr=False)
class Look:
    """What one header says.

    Attributes:
        study: Its original Study Instance UID; empty if it has none.
        person: The canonical identifier of whom it is about; empty if it names nobody.
        confidential: It says that the person or the order is confidential.
    """

    study: str
    person: str
    identifiers: Identifiers
    confidential: bool = False


def look(parsed: Parsed) -> Look:
    """Take from a header what a folder is judged by.

    Raises:
        SuspectError: It holds too much to look for.
    """
    found = harvest(parsed)
    try:
        person = identity(parsed)
    except RefusedError:
        person = ""
    study = value_of(parsed.header, STUDY_INSTANCE_UID)
    return Look(study, person, found, is_confidential(parsed.header))


@dataclass(repr=False)
class Known:
    """The people of a folder, by study, and every spelling of what identifies any of them."""

    studies: dict[str, str] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    hers: dict[str, Identifiers] = field(default_factory=dict)
    needles: dict[str, set[Needle]] = field(default_factory=lambda: defaultdict(set))
    uids: set[str] = field(default_factory=set)
    confidential: set[str] = field(default_factory=set)
    judged: dict[str, bool] = field(default_factory=dict)

    def add(self, name: str, seen: Look) -> None:
        """Add what one file's header says."""
        study = seen.study or name
        self.studies[name] = study
        before = self.hers.get(study)
        found = seen.identifiers
        self.hers[study] = found if before is None else together(before, [found])
        self.uids |= found.uids
        if seen.confidential:
            self.confidential.add(study)
        if seen.person:
            self.people[study].add(seen.person)
        for needle in found.needles:
            if Reach.TEXT in needle.reach:
                self.needles[needle.text].add(needle)

    def refusal(self, name: str) -> str | None:
        """Give the reason to refuse a file's whole study; None if it may pass."""
        study = self.studies.get(name, name)
        if len(self.people.get(study, ())) > 1:
            return TWO_PATIENTS
        return CONFIDENTIAL if study in self.confidential else None

    def of_her(self, name: str) -> Identifiers | None:
        """Give the identifiers of all files of a file's study."""
        return self.hers.get(self.studies.get(name, name))

    def identifies(self, component: str) -> bool:
        """Tell whether a part of a name says who it is about, or cannot be read."""
        judged = self.judged.get(component)
        if judged is None:
            judged = self.judged[component] = self._identifies(component)
        return judged

    def _identifies(self, component: str) -> bool:
        if not component.isprintable():  # bytes of no encoding: could not check is not clean
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
