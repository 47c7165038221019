"""Whom a study's files are about, and all that identifies them: looked up once per study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deid.deidentify import identity
from deid.errors import DeidError, Reason, RefusedError, SuspectError
from deid.identity.identifiers import Identifiers, harvest, together
from deid.rejection import Rejection, rejection
from deid.source import Parsed, parse
from deid.values import Path as ElementPath
from flows.errors import OriginalError
from flows.people.protection import CONFIDENTIAL, REASONS, is_confidential
from flows.sources.original import Original, Stamp
from flows.walk.admit import checked

#: Gives the reason to refuse a person's images, None if they may come in; asked with None for an
#: object that names nobody.
Gate = Callable[[str | None], str | None]


@dataclass(frozen=True, repr=False)
class Seen:
    """What one file was when it was looked at: which one, and its own dates."""

    stamp: Stamp
    dates: Mapping[ElementPath, str]


@dataclass(frozen=True, repr=False)
class People:
    """Whom the files of a study are about, and all that identifies them.

    Attributes:
        identities: Canonical identifiers; more than one is one too many.
        identifiers: Of every file that could be read, together; None if there was none.
        seen: The files by path.
        refusal: Why none of the files may come in; None if they may.
        unchecked: Some file says more than can be looked for, or could not be looked at whole, so
            that none can be shown to be clean.
        notes: Rejection notes among them: they are read whoever they are about, for they only
            take images back.
    """

    identities: frozenset[str] = frozenset()
    identifiers: Identifiers | None = None
    seen: Mapping[Path, Seen] = field(default_factory=dict)
    refusal: str | None = None
    unchecked: bool = False
    notes: tuple[Rejection, ...] = ()

    @property
    def several(self) -> bool:
        """Tell whether the study names more than one person."""
        return len(self.identities) > 1

    def with_known(self, hers: Identifiers | None) -> "People":
        """Add what was known of her before, of objects that are not at hand any more."""
        if hers is None:
            return self
        if self.identifiers is None:
            return replace(self, identifiers=hers)
        try:
            return replace(self, identifiers=together(self.identifiers, [hers]))
        except SuspectError:
            return replace(self, unchecked=True)

    def known(self, path: Path, stamp: Stamp, parsed: Parsed) -> Identifiers:
        """Give what the second eye seeks in a file: its own identifiers and all others of hers.

        Raises:
            SuspectError: Not all that identifies her is known.
        """
        if self.unchecked and not self.several:
            raise SuspectError(Reason.UNCHECKED)
        seen = self.seen.get(path)
        if self.identifiers is not None and seen is not None and seen.stamp == stamp:
            return replace(self.identifiers, dates=seen.dates)
        # Another file than was looked at, or one that could not be read then.
        others = [] if self.identifiers is None else [self.identifiers]
        return together(harvest(parsed), others)


def look(paths: Sequence[Path], gate: Gate) -> People:
    """Read whose a study's files are, ask whether they may come in, and only then read on.

    Files that cannot be read say so when they are walked. One file that may not come in keeps out
    the study: it is about one person.
    """
    eyes = _Eyes(gate)
    for path in paths:
        try:
            with Original(path) as file:
                stamp = file.stamp  # before it is read: what changes meanwhile is another file
                with checked():
                    parsed = parse(file.reader)
                eyes.look(path, stamp, parsed)
        except (DeidError, OriginalError):
            continue
    return eyes.people()


class _Eyes:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._answers: dict[str | None, str | None] = {}
        self._refusals: set[str] = set()
        self._identifiers: list[Identifiers] = []
        self._seen: dict[Path, Seen] = {}
        self._unchecked = False
        self._notes: list[Rejection] = []

    def look(self, path: Path, stamp: Stamp, parsed: Parsed) -> None:
        """Look at one file; one that cannot be looked at whole leaves its study unchecked."""
        try:
            with checked():
                if (note := rejection(parsed)) is not None:
                    self._notes.append(note)
                self._look(path, stamp, parsed)
        except SuspectError:
            self._unchecked = True

    def _look(self, path: Path, stamp: Stamp, parsed: Parsed) -> None:
        try:
            who: str | None = identity(parsed)
        except RefusedError:
            who = None
        if who not in self._answers:
            self._answers[who] = self._gate(who)
        reason = self._answers[who] or (CONFIDENTIAL if is_confidential(parsed.header) else None)
        if reason is not None:
            # An object of nobody is refused by itself; it says nothing against the others.
            self._refusals |= set() if who is None and reason != CONFIDENTIAL else {reason}
            return
        found = harvest(parsed)
        self._identifiers.append(found)
        self._seen[path] = Seen(stamp, found.dates)

    def people(self) -> People:
        """Say whom all of them are about."""
        return replace(self._people(), notes=tuple(self._notes))

    def _people(self) -> People:
        identities = frozenset(who for who in self._answers if who is not None)
        refusal = min(self._refusals, key=REASONS.index, default=None)
        if refusal is not None:
            return People(identities, refusal=refusal)
        if not self._identifiers:
            return People(identities, unchecked=self._unchecked)
        first, *others = self._identifiers
        try:
            hers = together(first, others)
        except SuspectError:
            return People(identities, unchecked=True)
        return People(identities, hers, self._seen, unchecked=self._unchecked)


def is_foreign(path: Path) -> bool:
    """Tell whether a file is not DICOM at all."""
    try:
        with Original(path) as file, checked():
            parse(file.reader)
    except DeidError as error:
        return error.reason is Reason.NOT_DICOM
    except OriginalError:
        return False
    return False
