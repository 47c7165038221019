"""A released instance is its own small header and a range of the clean object's bytes.

Nothing is copied and no key is needed: the two ranges are joined while they are streamed.
"""

from base64 import b64encode
from collections.abc import Iterator

from access_api.door import Door
from access_api.errors import BrokenStreamError
from access_api.ranges import Extent
from access_api.streams import exactly, in_blocks, proven
from catalog.errors import NotFoundError
from catalog.objects import ObjectStore
from catalog.releases import Paper, Servable, ServablePreview


def read_instance(door: Door, servable: Servable, extent: Extent | None = None) -> Iterator[bytes]:
    """Yield the instance's bytes, or a range of them, in blocks of about 1 MiB.

    The whole instance is checked against its digest before its last block is given away.
    """
    chosen = extent or Extent(0, servable.size, servable.size)
    blocks = in_blocks(exactly(_join(door, servable, chosen), chosen.length))
    return proven(blocks, servable.sha256) if chosen.whole else blocks


def read_preview(door: Door, found: ServablePreview) -> Iterator[bytes]:
    """Yield a preview's bytes, checked against their digest before the last block is given."""
    return proven(in_blocks(_read(door.clean, found.key, 0, found.bytes)), found.sha256)


def read_paper(door: Door, found: Paper) -> Iterator[bytes]:
    """Yield a paper's bytes, checked against their digest before the last block is given."""
    return proven(in_blocks(_read(door.releases, found.key, 0, found.size)), found.sha256)


def _join(door: Door, servable: Servable, extent: Extent) -> Iterator[bytes]:
    edge = servable.header_size
    if extent.start < edge:
        yield from _read(door.releases, servable.header_key, extent.start, min(extent.stop, edge))
    if extent.stop > edge:
        shift = servable.pixel_offset - edge
        start = max(extent.start, edge) + shift
        yield from _read(door.clean, servable.clean_key, start, extent.stop + shift)


def _read(store: ObjectStore, key: str, start: int, stop: int) -> Iterator[bytes]:
    try:
        yield from exactly(store.get(key, offset=start, length=stop - start), stop - start)
    except NotFoundError:
        # The record promises these bytes: their absence is ours to answer for, no 404.
        raise BrokenStreamError from None


def etag_of(servable: Servable) -> str:
    """Return the strong entity tag: the digest of all bytes."""
    return f'"{servable.sha256}"'


def repr_digest(servable: Servable) -> str:
    """Return the Repr-Digest field value (RFC 9530 §3)."""
    return f"sha-256=:{b64encode(bytes.fromhex(servable.sha256)).decode()}:"
