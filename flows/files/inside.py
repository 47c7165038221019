"""The folder that clean files are put into: below it no link is followed.

Whoever may write there could put a link in a folder's place, to the originals for instance, and
what is taken out of the target would be taken from there. So each part of a name is opened by
itself, in the folder before it.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from flows.errors import SourceError

LINK = (
    "there is a link in the target, and it may lead to other files than ours; remove the link, "
    "or choose another target"
)
_OUTSIDE = "what is kept of an earlier run names a file outside of the target; remove both"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Something else than a file may stand there: a pipe must not make us wait
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Inside:
    """A folder, and what is below it; every name is relative to it.

    Every method raises SourceError if a name leads through a link.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def digest(self, name: str) -> str:
        """Give the SHA-256 of a file; empty if there is none, or none that can be read."""
        *parents, last = _parts(name)
        try:
            with self._opened(parents) as folders:
                if len(folders) <= len(parents):
                    return ""
                _refuse_link(last, folders[-1])
                descriptor = os.open(last, _FILE, dir_fd=folders[-1])
                with os.fdopen(descriptor, "rb") as file:
                    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                        return ""
                    return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""

    def put(self, made: Path, name: str) -> None:
        """Give a finished file its name, and make folders for it; never over another file.

        It is on the disk before it has the name, and the name before this ends.

        Raises:
            OSError: It cannot have that name.
        """
        *parents, last = _parts(name)
        sync(made)
        with self._opened(parents, make=True) as folders:
            os.link(made, last, dst_dir_fd=folders[-1], follow_symlinks=False)
            for folder in reversed(folders):
                os.fsync(folder)

    def take_out(self, name: str) -> None:
        """Take a file out, with its folders if they are empty then.

        Raises:
            OSError: It cannot be taken out.
        """
        *parents, last = _parts(name)
        with self._opened(parents) as folders:
            if len(folders) > len(parents):
                _refuse_link(last, folders[-1])
                with suppress(FileNotFoundError):
                    os.unlink(last, dir_fd=folders[-1])
                os.fsync(folders[-1])
            for depth in range(len(folders) - 1, 0, -1):
                if _is_full(folders[depth]):
                    break
                os.rmdir(parents[depth - 1], dir_fd=folders[depth - 1])

    @contextmanager
    def _opened(self, parents: list[str], *, make: bool = False) -> Iterator[list[int]]:
        """Open this folder and those below it, one in another, as far as they are there."""
        folders: list[int] = []
        try:
            self._open(folders, parents, make=make)
            yield folders
        finally:
            for folder in folders:
                os.close(folder)

    def _open(self, folders: list[int], parents: list[str], *, make: bool) -> None:
        with nullcontext() if make else suppress(FileNotFoundError):
            folders.append(os.open(self._folder, _FOLDER))
            for part in parents:
                folders.append(_open_folder(part, folders[-1], make=make))


def sync(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder.

    Raises:
        OSError: It does not.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_folder(part: str, within: int, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=within)
    try:
        return os.open(part, _FOLDER, dir_fd=within)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            _refuse_link(part, within)
        raise


def _is_full(folder: int) -> bool:
    with os.scandir(folder) as found:
        return next(found, None) is not None


def _refuse_link(part: str, within: int) -> None:
    try:
        told = os.stat(part, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(told.st_mode):
        raise SourceError(LINK)


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise SourceError(_OUTSIDE)
    return parts
