"""An original in Explicit VR Little Endian: a file without a name, made no further than it is read.

It is identified data, so it lies where the landing does, nobody else can open it, and it is gone
with whoever holds it.
"""

import os
import tempfile
from io import SEEK_CUR, SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from deid.conversion import Conversion
from deid.errors import Reason, UnreadableError
from flows.files.spool import local_trouble

#: Most bytes that are kept in memory, where there is no folder: the longest header, and a bit.
HEADERS = (1 << 26) + (1 << 20)


class Converted:
    """A seekable reader of a conversion.

    Args:
        conversion: What is read.
        scratch: The folder its bytes go to; without, they stay in memory, and no more than a
            header can be read.

    Raises:
        RetriableError: If the folder cannot be used.
    """

    def __init__(self, conversion: Conversion, scratch: Path | None) -> None:
        self._conversion = conversion
        self._most = HEADERS if scratch is None else conversion.size
        self._made = 0
        self._at = 0
        try:
            self._file = (
                BytesIO()
                if scratch is None
                else cast("BinaryIO", tempfile.TemporaryFile(dir=scratch))  # noqa: SIM115 -- see close
            )
        except OSError as error:
            raise local_trouble(error) from None

    def fill(self, end: int) -> None:
        """Make the bytes up to an offset.

        Raises:
            UnreadableError: The original is malformed or cut short.
            OriginalError: It cannot be read any more.
            RetriableError: The folder cannot be used, or is full.
        """
        if end > self._made and end > self._most:
            raise UnreadableError(Reason.BOMB)
        while self._made < min(end, self._conversion.size):
            block = next(self._conversion.blocks, None)
            if block is None:
                raise UnreadableError(Reason.TRUNCATED)
            try:
                if self._file.tell() != self._made:
                    self._file.seek(self._made)
                self._file.write(block)
            except OSError as error:
                raise local_trouble(error) from None
            self._made += len(block)

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes.

        Raises:
            UnreadableError: The original is malformed or cut short.
            OriginalError: It cannot be read any more.
            RetriableError: The folder cannot be used, or is full.
        """
        left = max(0, self._conversion.size - self._at)
        wanted = left if size < 0 else min(size, left)
        self.fill(self._at + wanted)
        try:
            self._file.seek(self._at)
            data = self._file.read(wanted)
        except OSError as error:
            raise local_trouble(error) from None
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position; none makes any bytes."""
        base = {SEEK_CUR: self._at, SEEK_END: self._conversion.size}.get(whence, 0)
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Tell the position."""
        return self._at

    def close(self) -> None:
        """Let go of the bytes."""
        self._file.close()
