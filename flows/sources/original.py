"""An original, read only, whose every failure is told without its path."""

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Self, cast

from deid.conversion import convert
from flows.errors import OriginalError
from flows.sources.converted import Converted
from flows.sources.export_folder import LARGEST_RATIO, SMALL_MEMBER

GONE = "the file was listed, and is not there any more"
CHANGED = "the file was changed while it was read"
UNREADABLE = "the file cannot be read at its source"


Stamp = tuple[int, int, int, int, int]
"""Which file it is, and whether it changed: device, number, size, and when it was written."""


class Original:
    """A seekable reader of one file of an export, byte for byte as it came.

    Trouble with the original must not be mistaken for trouble with our own disk, so it is told
    apart here, where it arises.

    Args:
        path: Of the file.
        scratch: A folder of our own to convert in; without, no more than headers can be read of
            what has to be converted.
        limit: Most bytes that the file may be converted to.
    """

    def __init__(self, path: Path, scratch: Path | None = None, *, limit: int = 1 << 40) -> None:
        self._scratch, self._limit = scratch, limit
        try:
            # Not through a link, and without waiting on a pipe, whatever it has become since.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._file = os.fdopen(os.open(path, flags), "rb")
        except FileNotFoundError:
            raise OriginalError(GONE) from None
        except (OSError, ValueError):  # ValueError: no name a system could hold
            raise OriginalError(UNREADABLE) from None
        if not stat.S_ISREG(self._state().st_mode):
            self._file.close()
            raise OriginalError(UNREADABLE)
        self._opened = self.stamp

    def _state(self) -> os.stat_result:
        return os.fstat(self._file.fileno())

    @property
    def stamp(self) -> Stamp:
        """Tell this file from another one, and from itself after a change."""
        now = self._state()
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns

    def check_unchanged(self) -> None:
        """Check that the file is what it was when it was opened, as far as its system tells.

        Raises:
            OriginalError: It was written to.
        """
        if self.stamp != self._opened:
            raise OriginalError(CHANGED)

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes.

        Raises:
            OriginalError: If the source fails.
        """
        try:
            return self._file.read(size)
        except OSError:
            raise OriginalError(UNREADABLE) from None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position.

        Raises:
            OriginalError: If the source fails.
        """
        try:
            return self._file.seek(offset, whence)
        except OSError:
            raise OriginalError(UNREADABLE) from None

    def tell(self) -> int:
        """Tell the position."""
        return self._file.tell()

    def __enter__(self) -> Self:
        """Give itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and let go of what it was converted to."""
        self._file.close()
        converted = self.__dict__.get("reader")
        if isinstance(converted, Converted):
            converted.close()

    @property
    def untouched(self) -> BinaryIO:
        """Itself, as rooms that want a binary stream name it: the bytes as they came."""
        return cast("BinaryIO", self)

    @cached_property
    def reader(self) -> BinaryIO:
        """What the walk reads: itself, or what it is converted to.

        Raises:
            UnreadableError: It has to be converted, and cannot be, or would become too large.
            OriginalError: If the source fails.
            RetriableError: If the scratch folder cannot be used.
        """
        most = min(self._limit, max(SMALL_MEMBER, self._state().st_size * LARGEST_RATIO))
        conversion = convert(self.untouched, limit=most)
        if conversion is None:
            return self.untouched
        converted = Converted(conversion, self._scratch)
        if self._scratch is not None:
            try:
                converted.fill(conversion.size)
            except BaseException:
                converted.close()
                raise
        return cast("BinaryIO", converted)
