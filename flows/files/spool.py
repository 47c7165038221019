"""Write the pieces of a clean object to a file, digested on the way where that is asked."""

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deid.errors import DeidError
from deid.source import Lazy, Piece
from flows.errors import DiskFullError, OriginalError, RetriableError

BLOCK = 1 << 20
SHRUNK = "the file became shorter while it was read"


@dataclass(frozen=True)
class Spooled:
    """A finished object in the spool.

    Attributes:
        size: Bytes of the whole object.
        pixel_offset: Where its pixel data element starts; the header lies before it.
        sha256: Digest of the whole object; `header_sha256` and `pixel_sha256` of its two parts.
    """

    path: Path
    size: int
    pixel_offset: int
    sha256: str
    header_sha256: str
    pixel_sha256: str


def spool(pieces: Iterable[Piece], source: BinaryIO, target: Path, *, pixel_offset: int) -> Spooled:
    """Write pieces to `target` block by block, so that no object is ever whole in memory.

    Raises:
        DiskFullError: If the spool's disk is full.
        RetriableError: If the spool cannot be written.
        OriginalError: If the source ends before its pieces do.
        SuspectError: If pixels do not come out as they were proven.
    """
    whole, header, pixels = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    size = 0

    def digest(block: memoryview) -> None:
        nonlocal size
        head = max(0, min(len(block), pixel_offset - size))
        whole.update(block)
        header.update(block[:head])
        pixels.update(block[head:])
        size += len(block)

    write(pieces, source, target, seen=digest)
    return Spooled(
        path=target,
        size=size,
        pixel_offset=pixel_offset,
        sha256=whole.hexdigest(),
        header_sha256=header.hexdigest(),
        pixel_sha256=pixels.hexdigest(),
    )


def write(
    pieces: Iterable[Piece],
    source: BinaryIO,
    target: Path,
    *,
    seen: Callable[[memoryview], None] = lambda _block: None,
) -> None:
    """Write pieces to `target` as `spool` does, and show each block to `seen`.

    Raises:
        DiskFullError: If the spool's disk is full.
        RetriableError: If the spool cannot be written.
        OriginalError: If the source ends before its pieces do.
    """
    try:
        with target.open("wb", buffering=0) as sink:
            for block in _blocks(pieces, source):
                seen(block)
                left = block
                while left:
                    left = left[sink.write(left) :]
    except OSError as error:
        target.unlink(missing_ok=True)
        raise local_trouble(error) from None
    except (OriginalError, DeidError):
        target.unlink(missing_ok=True)
        raise


def local_trouble(error: OSError) -> RetriableError:
    """Say what happened to our own disk, without a path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError("the landing's disk is full; free some space and run it again")
    return RetriableError(f"the landing cannot be used: {type(error).__name__}")


def _blocks(pieces: Iterable[Piece], source: BinaryIO) -> Iterator[memoryview]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield memoryview(piece)
            continue
        if isinstance(piece, Lazy):
            made = piece.make(source)
            yield from (memoryview(made)[at : at + BLOCK] for at in range(0, len(made), BLOCK))
            continue
        source.seek(piece.offset)
        left = piece.length
        while left:
            block = source.read(min(BLOCK, left))
            if not block:
                raise OriginalError(SHRUNK)
            left -= len(block)
            yield memoryview(block)
