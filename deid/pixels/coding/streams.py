"""Nothing rides in encapsulated pixel data unseen: each frame is exactly one code stream.

Text can hide in what a decoder steps over: comments, application segments, bytes behind the end,
a second picture (PS3.5 §A.4, §8.2). Comments and application segments are left out of the object;
every other segment that does not belong makes it suspect. What rides within entropy-coded data is
for `riders` to find.
"""

import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

import imagecodecs
from pydicom.uid import RLELossless

from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.frames import Fragment, Frame, Frames, in_frame, locate_frames, read_frame
from deid.pixels.coding.jpeg2000_segments import JPEG_2000_FAMILY, walk_jpeg2000
from deid.pixels.coding.jpeg_segments import JPEG_FAMILY, Cut, suspect, walk_jpeg
from deid.source import Parsed

_RLE_HEADER = 64
_RLE_SEGMENTS = 15
# A code stream is never much longer than its pixels; what is need not be read at all.
_LONGEST = 2
_OVERHEAD = 1 << 16


def check_streams(reader: BinaryIO, parsed: Parsed, frames: Frames) -> Frames:
    """Walk the code stream of every frame, one at a time in memory; native frames pass.

    Returns:
        The frames without comments and application segments; those that had any are `cut`.

    Raises:
        SuspectError: A frame is not exactly one code stream, or not of the picture that the
            header describes.
    """
    if parsed.pixels is None or not parsed.pixels.encapsulated:
        return frames
    longest = _LONGEST * frames.layout.frame_length + _OVERHEAD
    places = list(frames.places)
    cut = set()
    for index, frame in enumerate(frames.places):
        with in_frame(index, "not exactly one picture"):
            if sum(fragment.length for fragment in frame) > longest:
                raise suspect()
            cuts = _walk(read_frame(reader, frame), frames.layout, parsed)
        if cuts:
            cut.add(index)
            places[index] = _without(frame, cuts)
    return replace(frames, places=tuple(places), cut=frozenset(cut))


def check_finished(reader: BinaryIO, parsed: Parsed) -> None:
    """Walk the code streams of a finished object; nothing may be left to cut out.

    Raises:
        SuspectError: Something does not belong.
    """
    if check_streams(reader, parsed, locate_frames(reader, parsed)).cut:
        raise suspect()


def _walk(data: bytes, layout: Layout, parsed: Parsed) -> tuple[Cut, ...]:
    syntax = parsed.transfer_syntax
    try:
        if syntax in JPEG_FAMILY:
            return walk_jpeg(data, layout, syntax)
        if syntax in JPEG_2000_FAMILY:
            return walk_jpeg2000(data, layout)
        if syntax == RLELossless:
            return _walk_rle(data, layout)
    except (IndexError, ValueError, struct.error, RuntimeError):
        raise suspect() from None
    raise suspect()


def _walk_rle(data: bytes, layout: Layout) -> tuple[Cut, ...]:
    """Unpack every segment: each is exactly one byte plane (PS3.5 §G.3 to §G.5)."""
    count, *starts = struct.unpack_from(f"<{1 + _RLE_SEGMENTS}I", data)
    if count != layout.samples * layout.allocated // 8 or any(starts[count:]):
        raise suspect()
    ends = [*starts[1:count], len(data)]
    if starts[0] != _RLE_HEADER:
        raise suspect()
    plane = bytearray(layout.rows * layout.columns)
    for start, end in zip(starts[:count], ends, strict=True):
        if not start < end <= len(data):
            raise suspect()
        if len(imagecodecs.packbits_decode(data[start:end], out=plane)) != len(plane):
            raise suspect()
    return ()


def _without(frame: Frame, cuts: Iterable[Cut]) -> Frame:
    """Give what is left of a frame, as stretches of the source."""
    kept: list[tuple[int, int]] = []
    at = 0
    for start, end in cuts:
        kept.append((at, start))
        at = end
    kept.append((at, sum(fragment.length for fragment in frame)))
    stretches = []
    base = 0
    for fragment in frame:
        for start, end in kept:
            first, last = max(start, base), min(end, base + fragment.length)
            if first < last:
                stretches.append(Fragment(fragment.offset + first - base, last - first))
        base += fragment.length
    return tuple(stretches)
