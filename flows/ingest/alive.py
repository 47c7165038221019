"""Whether a flow run's process lives: it holds a lock in the landing as long as it does.

The system lets go of a lock with the process, however that ends, so no clock decides. Where
several workers share a landing, its file system must know locks (NFS 4 does).
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.errors import RetriableError
from flows.sources.landing import RUNS

_PATIENCE, _PAUSE = 2.0, 0.01  # seconds
TWICE = "another process runs the same already; it goes on, and this one ends"


@contextmanager
def alive(landing: Path, run: str) -> Iterator[None]:
    """Hold the lock of a flow run.

    Raises:
        RetriableError: Another process holds it: the run was begun twice.
    """
    folder = landing / RUNS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / run
    descriptor = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(path: Path) -> int:
    # Whoever asks whether we live holds the lock for a moment.
    until = time.monotonic() + _PATIENCE
    while (descriptor := _taken(path)) is None:
        if time.monotonic() > until:
            raise RetriableError(TWICE)
        time.sleep(_PAUSE)
    return descriptor


def _taken(path: Path) -> int | None:
    """Take a lock that is free; what its holder removed in this moment is none."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    os.close(descriptor)
    return None


def is_alive(landing: Path, run: str) -> bool | None:
    """Tell whether a flow run's process lives; None if it never said so."""
    try:
        descriptor = os.open(landing / RUNS / run, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def forget(landing: Path, run: str) -> None:
    """Remove what a dead process left of its lock."""
    (landing / RUNS / run).unlink(missing_ok=True)
