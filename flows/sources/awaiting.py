"""Which studies plans fetch at this moment: marks in the landing that the receiver looks at.

A mark counts as long as its process holds its lock, so one that died leaves none.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.sources.landed import name
from flows.sources.landing import AWAITED, Landing


@contextmanager
def awaiting(landing: Landing, study_uid: str) -> Iterator[None]:
    """Say, as long as this lasts, that a plan fetches a study: no sender's quota refuses it.

    Raises:
        OSError: The landing cannot be written to.
    """
    path = landing.root / AWAITED / name(study_uid)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = _marked(path)
    try:
        yield
    finally:
        _removed_if_free(path, descriptor)
        os.close(descriptor)


def _marked(path: Path) -> int:
    """Make a mark, or share it; one that is removed in this moment is none."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def is_awaited(landing: Landing, folder: str) -> bool:
    """Tell whether a plan fetches a study at this moment.

    Args:
        landing: Where it lies.
        folder: Its name there, as `name` makes it of its UID.

    Raises:
        OSError: The landing cannot be read.
    """
    path = landing.root / AWAITED / folder
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _removed_if_free(path, descriptor)
    finally:
        os.close(descriptor)


def _removed_if_free(path: Path, descriptor: int) -> bool:
    """Remove a mark that nobody else holds; tell whether."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    with suppress(FileNotFoundError):
        path.unlink()
    return True
