"""One command at a time on one state directory."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.errors import BusyError


@contextmanager
def locked(state: Path, seconds: float, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold a state directory's lock, waiting for another command; the directory is made first.

    Raises BusyError when the other command is still at work after so many seconds.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / "lock"
    path.touch(mode=0o600)
    with path.open("a") as held:
        deadline = time.monotonic() + seconds
        said = False
        while not _taken(held):
            if time.monotonic() > deadline:
                message = f"Another command is at work in {state}. Try again when it ends."
                raise BusyError(message)
            if not said:
                progress("another command is at work on this stack; waiting for it")
                said = True
            time.sleep(0.2)
        yield


def _taken(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
