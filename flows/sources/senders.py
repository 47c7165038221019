"""Who pushed which study: notes beside the landing's studies, by which a plan finds its own.

What says that it answers a C-MOVE is noted apart: somebody asked for it, and it is nobody's push.
But any peer may say so, and what it brings to another's study makes that study neither's. A note
is made once its object is whole, and goes when nothing of the study lies here any more; a lock
keeps the two apart.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.sources.landed import LandedStudy, name, size_of
from flows.sources.landing import ODD, RUNS, SENDERS, Landing
from flows.sources.placing import opened, write_whole

_LOCK: Final = ".lock"
_APART: Final = "odd/"
#: How a note begins of what says that it answers a C-MOVE.
_MOVED: Final = "moved-"


@dataclass(frozen=True, repr=False)
class Pushed:
    """Objects that lie in the landing together, and who pushed them.

    Attributes:
        key: By which the landing finds them: a Study Instance UID, or a name of what is not what
            it was announced as.
        senders: Digests of calling AE titles; empty where nobody noted any.
    """

    key: str
    landed: LandedStudy
    senders: frozenset[str]

    @property
    def is_apart(self) -> bool:
        """Tell whether it is not what it was announced as."""
        return self.key.startswith(_APART)


class Senders:
    """The notes of one landing."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._root = landing.root / SENDERS

    def note(self, calling: str, study_uid: str, *, moved: bool = False) -> None:
        """Note that a peer pushed an object of a study, or moved it here; it is whole by now.

        Raises:
            DiskFullError: The disk is full.
            OSError: The landing cannot be written to.
        """
        folder = self._root / name(calling)
        path = folder / f"{_MOVED if moved else ''}{name(study_uid)}"
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush(self._root)
        with _locked(folder / _LOCK, fcntl.LOCK_SH):
            if not path.exists():
                write_whole(folder, path.name, study_uid.encode("ascii"))

    def pushed(self) -> Iterator[Pushed]:
        """Give all that was pushed and is here, each study and each odd object once."""
        for study, (uid, senders) in sorted(self._noted().items()):
            landed = self._landing.study(uid)
            if landed.folder.name == study and landed.files():
                yield Pushed(uid, landed, frozenset(senders))
        for folder in _folders(self._landing.root / ODD):
            for one in _folders(folder):
                landed = LandedStudy(one)
                if landed.files():
                    key = f"{_APART}{folder.name}/{one.name}"
                    yield Pushed(key, landed, frozenset({folder.name}))

    def of(self, study_uid: str) -> frozenset[str]:
        """Give the digests of all who sent objects of a study that lies here."""
        return self._noters(name(study_uid))

    def _noters(self, study: str) -> frozenset[str]:
        notes = (study, f"{_MOVED}{study}")
        return frozenset(
            folder.name
            for folder in _folders(self._root)
            if any((folder / note).exists() for note in notes)
        )

    def unnoted(self) -> Iterator[Pushed]:
        """Give what is here without a note: moved here, or older than notes are."""
        if (flat := LandedStudy(self._landing.root / ODD)).files():
            yield Pushed(_APART, flat, frozenset())
        noted = self._noted()
        for landed in self._landing.studies():
            if landed.folder.name not in noted:
                yield Pushed("", landed, frozenset())

    def place(self, key: str) -> LandedStudy:
        """Return where something lies that `pushed` gave."""
        if not key.startswith(_APART):
            return self._landing.study(key)
        sender, _, which = key.removeprefix(_APART).partition("/")
        return LandedStudy(self._landing.root / ODD / sender / which)

    def waiting(self, calling: str, *, least: int = 0) -> int:
        """Count the bytes that lie here of what a peer sent, each object as `least` at least.

        Of a study that others sent of, too, an equal part is its.
        """
        total = 0
        mine = self._root / name(calling)
        notes = _notes(mine) if mine.is_dir() else []
        for study in {note.name.removeprefix(_MOVED) for note in notes}:
            size = size_of(self._landing.named(study).files(), least)
            total += size // max(1, len(self._noters(study))) if size else 0
        odd = _folders(self._landing.root / ODD / mine.name)
        return total + sum(size_of(LandedStudy(one).files(), least) for one in odd)

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Let nobody else who shares this landing do the same at once; wait until nobody does."""
        folder = self._landing.root / RUNS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder / what, fcntl.LOCK_EX):
            yield

    def tidy(self) -> None:
        """Remove the notes of studies of which nothing is here any more."""
        for folder in _folders(self._root):
            with _locked(folder / _LOCK, fcntl.LOCK_EX):
                for note in _notes(folder):
                    if not self._landing.named(note.name.removeprefix(_MOVED)).files():
                        note.unlink(missing_ok=True)

    def _noted(self) -> Mapping[str, tuple[str, set[str]]]:
        """Give what was pushed: each study's UID, and all who sent of it, pushed or not."""
        found: dict[str, tuple[str, set[str]]] = {}
        movers: dict[str, set[str]] = {}
        for folder in _folders(self._root):
            for note in _notes(folder):
                if note.name.startswith(_MOVED):
                    movers.setdefault(note.name.removeprefix(_MOVED), set()).add(folder.name)
                    continue
                with suppress(OSError, UnicodeDecodeError):
                    uid = note.read_text("ascii")
                    found.setdefault(note.name, (uid, set()))[1].add(folder.name)
        for study, (_, senders) in found.items():
            senders.update(movers.get(study, ()))
        return found


def digests(calling: Iterable[str]) -> frozenset[str]:
    """Return how notes call peers."""
    return frozenset(map(name, calling))


def _folders(root: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (path for path in sorted(root.iterdir()) if path.is_dir())


def _notes(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    descriptor = opened(folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
