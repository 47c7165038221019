"""Bits of the pixels that hold no pixel: beyond Bits Stored (PS3.5 §8.1.1, and §8.1.2 of 2004).

Until 2004 an overlay could lie there, one to a bit, and a viewer may still show it. Nothing stays
there: what the header calls an overlay becomes a plane of its own, and is looked at as one.
"""

from collections.abc import Iterator
from dataclasses import replace
from struct import pack
from typing import BinaryIO

import numpy as np
from pydicom.dataset import Dataset

from deid.headers.made import made
from deid.hidden import hidden_overlays
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.frames import Frames, locate_frames
from deid.pixels.coding.planes import as_meant, is_settled, load_frame
from deid.source import Parsed
from deid.values import Leaf, number

_ROWS, _COLUMNS, _FRAMES, _FIRST_FRAME = 0x0010, 0x0011, 0x0015, 0x0051
_ALLOCATED, _POSITION, _DATA = 0x0100, 0x0102, 0x3000
# Pixels of all frames: four of the largest films. Hidden overlays are of a time of single images.
_MOST_PIXELS = 1 << 26


def settle(frame: Pixel, layout: Layout) -> bool:
    """Clear all beyond Bits Stored, in place; tell whether there was anything.

    Args:
        frame: Stored values of a native frame; changed.
        layout: How they are stored.
    """
    if layout.allocated == 1 or is_settled(frame, layout):
        return False
    frame[...] = as_meant(frame, layout)
    return True


def lift(reader: BinaryIO, parsed: Parsed) -> Parsed:
    """Give an object whose hidden overlays are planes of its header; its pixels are not changed.

    What is no plane of the image's size, or lies in encapsulated pixels, stays as it is, without
    data, and so goes with its group.

    Raises:
        SuspectError: The pixels cannot be read.
    """
    positions = {
        group: position
        for group, position in hidden_overlays(parsed.header)
        if (group << 16 | _DATA) not in parsed.header
    }
    if not positions or parsed.pixels is None or parsed.pixels.encapsulated:
        return parsed
    frames = locate_frames(reader, parsed)
    layout = frames.layout
    if layout.rows * layout.columns * layout.frames > _MOST_PIXELS or layout.samples != 1:
        return parsed
    header = dict(parsed.header.items())
    for group, position in positions.items():
        if _fits(parsed.header, group, layout) and layout.stored <= position < layout.allocated:
            data = _plane(reader, parsed, frames, position)
            header |= {one.tag: one for one in _elements(group << 16, layout, data)}
    lifted = Dataset(header)
    implicit, little = parsed.header.original_encoding
    lifted.set_original_encoding(implicit, little, parsed.header.original_character_set)
    return replace(parsed, header=lifted)


def _fits(header: Dataset, group: int, layout: Layout) -> bool:
    base = group << 16
    size = number(header, base | _ROWS), number(header, base | _COLUMNS)
    return size == (layout.rows, layout.columns)


def _plane(reader: BinaryIO, parsed: Parsed, frames: Frames, position: int) -> bytes:
    """Take one bit out of every pixel of every frame (PS3.3 §C.9.2)."""
    bits = [
        (load_frame(reader, place, parsed, frames.layout) >> position & 1).astype(np.uint8)
        for place in frames.places
    ]
    data = np.packbits(np.stack(bits), axis=None, bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def _elements(base: int, layout: Layout, data: bytes) -> Iterator[Leaf]:
    yield made(base | _ALLOCATED, "US", pack("<H", 1))
    yield made(base | _POSITION, "US", pack("<H", 0))
    yield made(base | _DATA, "OW", data)
    if layout.frames > 1:
        yield made(base | _FRAMES, "IS", str(layout.frames))
        yield made(base | _FIRST_FRAME, "US", pack("<H", 1))
