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
    "the target is not an empty folder, and no unfinished run with these keys: choose another, or "
    "empty it"
)


def state_of(target: Path) -> Path:
    """Tell where the state of a target lies: beside it, hidden."""
    whole = target.resolve()
    return whole.parent / f".{whole.name}.mammo-deid"


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

    def __enter__(self) -> Self:
        """Make the state, or go on with one that is there.

        Raises:
            SourceError: The target belongs to another run, or to somebody else.
        """
        begun = self._has_files()
        going_on = begun and (self.folder / _CHARTER).exists()
        if begun and not going_on:
            raise SourceError(NOT_EMPTY)
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
        self._target.mkdir(parents=True, exist_ok=True)
        self.landing.mkdir(mode=_PRIVATE, exist_ok=True)
        os.fsync(self._lock)
        for folder in (self.folder, self.folder.parent):  # a power cut must not lose their names
            sync(folder)

    def __exit__(self, *_: object) -> None:
        """Close it; what was expanded goes, and all of it if there is nothing to go on with."""
        try:
            shutil.rmtree(self.landing, ignore_errors=True)
            if not self._has_files():
                self.forget()
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

    def _has_files(self) -> bool:
        if self._target.is_dir():
            return any(self._target.iterdir())
        if self._target.exists():
            raise SourceError(NOT_EMPTY)
        return False

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
