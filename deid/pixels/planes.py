"""One frame as a picture: stored values to the plane that is looked at."""

from typing import BinaryIO

import numpy as np

from deid.errors import Reason, SuspectError
from deid.pixels.codecs import Layout, Pixel, decode
from deid.pixels.frames import Frame, read_frame
from deid.pixels.gate import Plane
from deid.pixels.packed import unpack
from deid.source import Parsed

COLOUR = 3  # axes of an array with samples
YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
_BYTE = 8
_WORD = 16
_FEW = 64  # levels of grey
_LUMINANCE = (0.299, 0.587, 0.114)


def load_frame(reader: BinaryIO, place: Frame, parsed: Parsed, layout: Layout) -> Pixel:
    """Read one frame: rows by columns, and by samples where there are several.

    Raises:
        SuspectError: It cannot be decoded.
    """
    data = read_frame(reader, place)
    if is_native(parsed):
        return _native(data, place[0].bit, layout)
    return decode(data, layout, parsed.transfer_syntax)


def is_native(parsed: Parsed) -> bool:
    """Tell whether the pixels lie in the file as they are."""
    return parsed.pixels is not None and not parsed.pixels.encapsulated


def luminance(frame: Pixel, layout: Layout) -> Plane:
    """Give the plane to look at: white on black, one sample a pixel, values as meant."""
    if frame.ndim == COLOUR:
        if layout.photometric in YBR:
            return frame[..., 0].astype(np.uint16)
        return (frame.astype(np.float32) @ np.array(_LUMINANCE, np.float32)).astype(np.uint16)
    plane = _values(frame, layout)
    if layout.palette is not None:
        return np.asarray(layout.palette[plane & (1 << layout.stored) - 1], np.uint16)
    if plane.itemsize == 1 and int(plane.max()) < _FEW:
        plane = plane.astype(np.uint16) << _BYTE  # as labels are: shrunk, they must not be rounded
    if layout.photometric == "MONOCHROME1":
        plane = ~plane  # both signed and unsigned: the order is turned round
    return plane


def _native(data: bytes, bit: int, layout: Layout) -> Pixel:
    if len(data) != (bit + layout.frame_bits + _BYTE - 1) // _BYTE:
        raise SuspectError(Reason.UNCHECKED)
    if layout.allocated == 1:
        return unpack(data, bit, (layout.rows, layout.columns))
    flat = np.frombuffer(bytearray(data), layout.dtype)
    if layout.samples == 1:
        return flat.reshape(layout.rows, layout.columns)
    if layout.planar:
        planes = flat.reshape(layout.samples, layout.rows, layout.columns)
        return np.moveaxis(planes, 0, -1)
    return flat.reshape(layout.rows, layout.columns, layout.samples)


def _values(frame: Pixel, layout: Layout) -> Plane:
    """Read stored values as numbers; bits beyond Bits Stored could hide an overlay.

    Raises:
        SuspectError: There is something in those bits (retired overlays, PS3.5 §8.1.2).
    """
    bits = layout.stored
    if not layout.signed:
        if bits < _BYTE * frame.itemsize and int(frame.max()) >> bits:
            raise SuspectError(Reason.UNCHECKED)
        return frame.view(np.uint8) if frame.itemsize == 1 else frame.view(np.uint16)
    spare = _WORD - bits
    wide = frame.astype(np.int16) if frame.itemsize == 1 else frame.view(np.int16)
    if not spare:
        return wide
    values = (wide << spare) >> spare
    legal = (wide == values) | (wide == values & ((1 << bits) - 1))
    if not legal.all():
        raise SuspectError(Reason.UNCHECKED)
    return values
