"""The state of a run over a folder, kept beside its target so that the run can go on.

It is private and names nobody. Only one run at a time may have it, and only a run with the same
charter may go on with it.
"""

import fcntl
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Self

from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.files.inside import sync
from flows.files.spool import local_trouble
from flows.offline.charter import charter, require_same
from flows.offline.journal import Journal

_CHARTER, _DONE, _LANDING = "run.json", "done.jsonl", "landing"
_PRIVATE = 0o700
#: Also of a run that has finished: it is over, and is not begun again over its own results.
NOT_EMPTY = (
    "the target is not empty, and holds no unfinished run: if an earlier run finished here, there "
    "is nothing to do; if not, give another target, or empty it"
)
_NO_FOLDER = "the target is no folder; give another"


def state_of(target: Path) -> Path:
    """Tell where the state of a target lies: beside it, hidden."""
    whole = target.resolve()
    return whole.parent / f".{whole.name}.mammo-deid"


def is_begun(target: Path) -> bool:
    """Tell whether a run over a folder was begun here and can go on.

    Raises:
        SourceError: There are files in the target, and no such run.
    """
    if not _has_files(target):
        return False
    if not (state_of(target) / _CHARTER).exists():
        raise SourceError(NOT_EMPTY)
    return True


def _has_files(target: Path) -> bool:
    if target.is_dir():
        return any(target.iterdir())
    if target.exists():
        raise SourceError(_NO_FOLDER)
    return False


class State:
    """The state of one run, open and locked; used as a context."""

    def __init__(self, target: Path, source: Path, deidentifier: Deidentifier) -> None:
        self.folder = state_of(target)
        self.landing = self.folder / _LANDING
        self.journal = Journal(
            self.folder / _DONE, target, lambda name: deidentifier.keys.name(f"file {name}")
        )
        self._target = target
        self._source = source
        self._deidentifier = deidentifier
        self._lock = -1
        self._made_target = False

    def __enter__(self) -> Self:
        """Make the state, or go on with one that is there.

        Raises:
            SourceError: The target belongs to another run, or to somebody else.
        """
        going_on = is_begun(self._target)
        try:
            self._open(going_on=going_on)
        except OSError as error:
            self._close()
            raise local_trouble(error) from None
        except BaseException:
            self._close()
            raise
        return self

    def _open(self, *, going_on: bool) -> None:
        self.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self._require_private()
        self._lock_it()
        if going_on:
            self._check()
            if (self.folder / _DONE).exists():
                self.journal.read()
        else:
            self._begin()
        # What a killed run expanded goes too: its archive may be another one now.
        shutil.rmtree(self.landing, ignore_errors=True)
        self.journal.open()
        self._made_target = not self._target.exists()
        self._target.mkdir(parents=True, exist_ok=True)
        self.landing.mkdir(mode=_PRIVATE, exist_ok=True)
        os.fsync(self._lock)
        for folder in (self.folder, self.folder.parent):  # a power cut must not lose their names
            sync(folder)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it; what was expanded goes, and all of it if there is nothing to go on with.

        Of a run that did not come to its end, a target that it made and left empty goes too.
        """
        try:
            shutil.rmtree(self.landing, ignore_errors=True)
            if not _has_files(self._target):
                self.forget()
                if kind is not None and self._made_target:
                    self._target.rmdir()
        finally:
            self._close()

    def _close(self) -> None:
        self.journal.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def forget(self) -> None:
        """Remove the state: the run is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def partial(self, number: int) -> Path:
        """Tell where a clean object is made before it is put into the target."""
        return self.landing / f"making-{number}.dcm"

    def _require_private(self) -> None:
        """Refuse a folder that was there before: others may have put into it what they like."""
        told = self.folder.lstat()
        ours = stat.S_ISDIR(told.st_mode) and told.st_uid == os.geteuid()
        if not ours or told.st_mode & 0o777 != _PRIVATE:
            message = (
                f"{self.folder.name} beside the target is not ours alone (owner, or mode "
                f"{_PRIVATE:o}); find out who made it, and remove it or choose another target"
            )
            raise SourceError(message)

    def _lock_it(self) -> None:
        how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._lock = os.open(self.folder / _CHARTER, how, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = "another run is at work on this target; wait for it, or end it"
            raise SourceError(message) from None

    def _begin(self) -> None:
        (self.folder / _DONE).unlink(missing_ok=True)
        mine = charter(self._deidentifier, self._source)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps(mine, indent=1).encode(), 0)

    def _check(self) -> None:
        mine = charter(self._deidentifier, self._source)
        require_same((self.folder / _CHARTER).read_bytes(), mine, self.folder.name)
