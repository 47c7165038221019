"""A released instance is its own small header and a range of the clean object's bytes.

Nothing is copied and no key is needed: the two ranges are joined while they are streamed.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from access_api.door import Door
from access_api.errors import BrokenStreamError
from access_api.ranges import Extent
from access_api.streams import exactly, in_blocks, proven
from catalog.errors import NotFoundError
from catalog.objects import ObjectStore
from catalog.releases import Paper, Servable, ServablePreview
from catalog.releases.mac import Mac


async def read_instance(
    door: Door, servable: Servable, extent: Extent | None = None
) -> AsyncGenerator[memoryview]:
    """Yield the instance's bytes, or a range of them, in blocks of up to 1 MiB.

    The whole instance is checked against its code before its last block is given away.
    """
    chosen = extent or Extent(0, servable.size, servable.size)
    check = _check(servable) if chosen.whole else None
    left = chosen.length
    async with aclosing(_joined(door, servable, chosen)) as blocks:
        async for block in blocks:
            left -= len(block)
            if check is not None:
                check.update(block)
                if not left and not check.holds():
                    raise BrokenStreamError
            yield block
            del block
    if left:
        raise BrokenStreamError


class _Digest:
    """The check of what was released before there were codes; it costs thirteen times as much."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256
        self._made = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        self._made.update(data)

    def holds(self) -> bool:
        return self._made.hexdigest() == self._sha256


def _check(servable: Servable) -> Mac | _Digest:
    return _Digest(servable.sha256) if servable.mac is None else Mac.of(servable.mac)


async def _joined(door: Door, servable: Servable, extent: Extent) -> AsyncGenerator[memoryview]:
    edge = servable.header_size
    shift = servable.pixel_offset - edge
    parts = []
    if extent.start < edge:
        header = door.release_bytes, servable.header_key
        parts.append((*header, extent.start, min(extent.stop, edge)))
    if extent.stop > edge:
        pixels = door.clean_bytes, servable.clean_key
        parts.append((*pixels, max(extent.start, edge) + shift, extent.stop + shift))
    for bucket, key, start, stop in parts:
        async with aclosing(bucket.read(key, start, stop)) as blocks:
            try:
                async for block in blocks:
                    yield block
                    del block
            except NotFoundError:
                # The record promises these bytes: their absence is ours to answer for, no 404.
                raise BrokenStreamError from None


def read_preview(door: Door, found: ServablePreview) -> Iterator[bytes]:
    """Yield a preview's bytes, checked against their digest before the last block is given."""
    return proven(in_blocks(_read(door.clean, found.key, found.bytes)), found.sha256)


def read_paper(door: Door, found: Paper) -> Iterator[bytes]:
    """Yield a paper's bytes, checked against their digest before the last block is given."""
    return proven(in_blocks(_read(door.releases, found.key, found.size)), found.sha256)


def _read(store: ObjectStore, key: str, size: int) -> Iterator[bytes]:
    try:
        yield from exactly(store.get(key, offset=0, length=size), size)
    except NotFoundError:
        raise BrokenStreamError from None


def etag_of(servable: Servable) -> str:
    """Return the strong entity tag: the digest of all bytes."""
    return f'"{servable.sha256}"'


def repr_digest(servable: Servable) -> str:
    """Return the Repr-Digest field value (RFC 9530 §3)."""
    return f"sha-256=:{b64encode(bytes.fromhex(servable.sha256)).decode()}:"
