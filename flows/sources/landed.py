"""One study's place in the landing: objects that are whole and on the disk under their names.

Bytes go to `.<name>.<random>.partial` beside it, are flushed, get their name, and the folder is
flushed. A name is a digest of a UID, so no UID leads out of the landing. A link never replaces a
file, and two writers of one name cannot hurt one another.
"""

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from flows.sources.placing import SUFFIX, Sink, begin, link, opened, told

#: How the name of an object begins that is not what it was announced as, wherever it goes.
APART: Final = "apart-"


def name(uid: str) -> str:
    """Return what a UID is called on the disk: 40 hexadecimal digits, whatever the UID holds."""
    return hashlib.sha256(uid.encode("utf-8", "surrogateescape")).hexdigest()[:40]


class LandedStudy:
    """The objects of one study that lie in the landing.

    Attributes:
        folder: Where they lie; it need not exist.
    """

    def __init__(self, folder: Path, *, durable: bool = True, apart: bool = False) -> None:
        self.folder = folder
        self._durable = durable
        self._before = APART if apart else ""

    def files(self) -> tuple[Path, ...]:
        """List the whole objects, in order of their names."""
        return tuple(path for path in self._entries() if path.suffix == SUFFIX)

    def names(self) -> frozenset[str]:
        """Return the names of the whole objects, as `name` makes them of a SOP Instance UID."""
        return frozenset(path.name.partition(".")[0] for path in self.files())

    def has(self, sop_uid: str) -> bool:
        """Tell whether an object is there, whole."""
        return (self.folder / f"{name(sop_uid)}{SUFFIX}").exists()

    def quiet_for(self) -> float:
        """Return the seconds since anything changed here; infinite where there is nothing."""
        latest = -float("inf")
        for path in (self.folder, *self._entries()):
            with suppress(FileNotFoundError):
                latest = max(latest, path.stat().st_ctime)
        return max(0.0, time.time() - latest)

    def age(self) -> float:
        """Return the seconds since the first whole object came; 0 where there is none.

        A study to which an object comes now and then is never quiet, but gets old.
        """
        first = float("inf")
        for path in self.files():
            with suppress(FileNotFoundError):
                first = min(first, path.stat().st_mtime)
        return max(0.0, time.time() - first)

    @contextmanager
    def store(self, sop_uid: str) -> Iterator[Sink]:
        """Take an object in: what is written counts once this is left without an error.

        The same bytes under the same UID are kept once, other bytes beside the first. After an
        error nothing is left.

        Raises:
            DiskFullError: The disk is full.
            OSError: The landing cannot be written to.
        """
        folder, descriptor, partial = self._begin(self._before + name(sop_uid))
        try:
            sink = Sink(descriptor)
            yield sink
            if self._durable:
                os.fsync(descriptor)
            self._keep(partial, folder)
        except OSError as error:
            raise told(error) from None
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            os.close(descriptor)
            os.close(folder)

    def hand_over(self, to: Path) -> int:
        """Give all whole objects to an export; return how many there were.

        Args:
            to: The folder they go to; what lies there stays, and is merged file by file.

        Raises:
            OSError: The landing cannot be written to.
        """
        entries = self._entries()
        given = [path for path in entries if path.suffix == SUFFIX]
        if not given:
            return 0
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What still comes in keeps its folder.
        if len(given) == len(entries) and self._renamed(to):
            return len(given)
        to.mkdir(mode=0o700, exist_ok=True)
        source, target = opened(self.folder), opened(to)
        try:
            for path in given:
                link(path.name, source, path.name.partition(".")[0], target)
            self._flush(target)
            for path in given:
                os.unlink(path.name, dir_fd=source)
        finally:
            os.close(source)
            os.close(target)
        with suppress(OSError):  # something came in meanwhile
            self.folder.rmdir()
        return len(given)

    def _entries(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _renamed(self, to: Path) -> bool:
        """Give the whole folder away if there is nothing where it goes."""
        try:
            self.folder.rename(to)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        for parent in (to.parent, self.folder.parent):
            self._flush_path(parent)
        return True

    def _begin(self, stem: str) -> tuple[int, int, str]:
        """Open the folder and a partial object in it."""
        while True:
            folder = self._open()
            try:
                begun = begin(stem, folder)
            except FileNotFoundError:  # an export took the folder in this moment
                begun = None
            except OSError as error:
                os.close(folder)
                raise told(error) from None
            if begun:
                return folder, *begun
            os.close(folder)

    def _open(self) -> int:
        """Open the study's folder, made and flushed if it is new."""
        while True:
            with suppress(FileNotFoundError):
                return opened(self.folder)
            above = self.folder.parent
            above.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for parent in (above, above.parent, above.parent.parent):
                self._flush_path(parent)

    def _keep(self, partial: str, folder: int) -> None:
        """Give a flushed object its name; where an export took the folder meanwhile, here too."""
        stem = partial[1:].partition(".")[0]
        link(partial, folder, stem, folder)
        self._flush(folder)
        if self._is_still(folder):
            return
        here = self._open()
        try:
            link(partial, folder, stem, here)
            self._flush(here)
        finally:
            os.close(here)

    def _is_still(self, folder: int) -> bool:
        """Tell whether an open folder is the one at our path."""
        try:
            return os.path.samestat(self.folder.stat(), os.fstat(folder))
        except FileNotFoundError:
            return False

    def _flush(self, folder: int) -> None:
        if self._durable:
            os.fsync(folder)

    def _flush_path(self, folder: Path) -> None:
        with suppress(FileNotFoundError):
            descriptor = opened(folder)
            try:
                self._flush(descriptor)
            finally:
                os.close(descriptor)


def size_of(paths: Iterable[Path], least: int = 0) -> int:
    """Sum the bytes of files, each at least so many; what an export takes meanwhile is none."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += max(path.stat().st_size, least)
    return total
