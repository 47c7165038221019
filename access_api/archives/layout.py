"""Where each byte of an archive lies: a pure function of the list of its members.

So the length, a strong entity tag and any range are known before a byte is read, and nothing is
kept between requests. The list is walked, never held: memory does not grow with it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from access_api.ranges import Extent
from access_api.streams import Pieces
from catalog.releases import Member, Servable

Walk = Callable[[], Iterator[Member]]
Source = Callable[[Member, Extent], Pieces]


class Layout(Protocol):
    """A kind of archive of files that are stored as they are."""

    media_type: str
    suffix: str

    def before(self, member: Member) -> bytes:
        """Give what stands before a file."""

    def after(self, member: Member) -> bytes:
        """Give what stands after a file."""

    def listed(self, member: Member, offset: int) -> bytes:
        """Give what the directory at the end says of the file whose header is at `offset`."""

    def end(self, count: int, start: int, stop: int) -> bytes:
        """Give what closes an archive of `count` files with a directory from `start` to `stop`."""

    def overhead(self, member: Member) -> int:
        """Tell how many bytes there are of a file besides its own."""


@dataclass(frozen=True)
class Survey:
    """An archive before it is made.

    Attributes:
        count: Files.
        size: Bytes of the archive.
        etag: Strong entity tag: over the format and every path, size and digest, in order.
    """

    count: int
    size: int
    etag: str


def survey(layout: Layout, members: Iterable[Member]) -> Survey:
    """Walk the members once and tell what their archive will be."""
    digest = hashlib.sha256(f"{layout.suffix} 1\n".encode())
    count = size = 0
    for member in members:
        count += 1
        size += layout.overhead(member) + member.size
        line = f"{path_of(member)} {member.size} {member.sha256} {member.crc32}\n"
        digest.update(line.encode())
    size += len(layout.end(count, size, size))
    return Survey(count, size, f'"{digest.hexdigest()}"')


def read_archive(layout: Layout, walk: Walk, extent: Extent, source: Source) -> Pieces:
    """Yield what a range is made of; files outside of it are not opened."""
    position = 0
    for length, give in _pieces(layout, walk, source):
        start, stop = max(extent.start - position, 0), min(extent.stop - position, length)
        if start < stop:
            yield from give(Extent(start, stop, length))
        position += length
        if position >= extent.stop:
            return


_Piece = tuple[int, Callable[[Extent], Pieces]]


def _pieces(layout: Layout, walk: Walk, source: Source) -> Iterator[_Piece]:
    count = start = 0
    for member in walk():
        before, after = layout.before(member), layout.after(member)
        yield _made(before)
        yield member.size, _Read(source, member)
        yield _made(after)
        count += 1
        start += len(before) + member.size + len(after)
    stop = start
    offset = 0
    for member in walk():
        listed = layout.listed(member, offset)
        if not listed:
            break
        yield _made(listed)
        stop += len(listed)
        offset += len(layout.before(member)) + member.size + len(layout.after(member))
    yield _made(layout.end(count, start, stop))


def _made(data: bytes) -> _Piece:
    return len(data), lambda extent: iter((data[extent.start : extent.stop],))


@dataclass(frozen=True, repr=False)
class _Read:
    """The bytes of one member, opened when they are asked for."""

    source: Source
    member: Member

    def __call__(self, extent: Extent) -> Pieces:
        return self.source(self.member, extent)


def path_of(member: Member | Servable) -> str:
    """Tell the file's name in the archive: UIDs only, so it is safe anywhere."""
    return f"{member.study_uid}/{member.series_uid}/{member.sop_uid}.dcm"
