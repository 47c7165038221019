"""What lies in an export, listed once: which files, how large, and when anything changed last.

Only names and states are read. Times are those of the folder's own disk, which may be a mounted
share with a clock of its own.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.errors import SourceAwayError, SourceError, SourceRefusedError

GONE = "the folder does not answer: is the share mounted?"
FORBIDDEN = "the region's account may not read all of the folder: correct its permissions"

_DENIED = frozenset({errno.EACCES, errno.EPERM})


@dataclass(frozen=True, repr=False)
class Lying:
    """An export as it lies there now.

    Attributes:
        path: A folder, or a ZIP archive.
        files: Relative paths of its files, with `/` between; of an archive, its own name.
        bytes: Of all files.
        changed: When anything changed last, in seconds since 1970; infinite if it is not known.
        print: Tells this state from any other.
        at: When it was looked at, by a clock of ours that never goes back.
    """

    path: Path
    files: tuple[str, ...]
    bytes: int
    changed: float
    print: str
    at: float = 0.0


def lying(path: Path) -> Lying:
    """List an export.

    Raises:
        SourceAwayError: It does not answer any more.
        SourceRefusedError: It may not be read.
    """
    digest, files, size, changed = hashlib.sha256(), [], 0, -float("inf")
    with_root = [(path.name if path.is_file() else "", path), *_below(path)]
    for name, one in with_root:
        with telling():
            state = one.lstat()
        changed = max(changed, state.st_ctime, state.st_mtime)
        told = (name, state.st_mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        digest.update(repr(told).encode("utf-8", "surrogateescape"))
        if not stat.S_ISDIR(state.st_mode):
            files.append(name)
            size += state.st_size
    return Lying(path, tuple(files), size, changed, digest.hexdigest())


def entries(folder: Path) -> list[Path]:
    """List a folder by name. Raises as `lying`."""
    with telling():
        return sorted(folder.iterdir())


def _below(path: Path) -> Iterator[tuple[str, Path]]:
    pending = entries(path) if path.is_dir() else []
    while pending:
        one = pending.pop(0)
        yield one.relative_to(path).as_posix(), one
        if one.is_dir() and not one.is_symlink():
            pending = entries(one) + pending


@contextmanager
def telling() -> Iterator[None]:
    """Say in words what goes wrong with a share, and no path."""
    try:
        yield
    except OSError as error:
        raise told(error) from None


def told(error: OSError) -> SourceError | SourceAwayError:
    """Say what an error of the system means for a share."""
    if error.errno in _DENIED:
        return SourceRefusedError(FORBIDDEN)
    return SourceAwayError(GONE)


def is_mount(path: Path) -> bool:
    """Tell whether another disk begins at or above a folder, below the root."""
    return any(os.path.ismount(one) for one in (path, *path.parents[:-1]))
