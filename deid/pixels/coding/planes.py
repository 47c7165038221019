"""One frame as a picture: stored values to the plane that is looked at."""

from typing import BinaryIO

import cv2
import numpy as np

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Grey, Pixel, Plane
from deid.pixels.coding.codecs import HALVED, Layout, decode
from deid.pixels.coding.frames import Frame, read_frame
from deid.pixels.coding.packed import unpack
from deid.source import Parsed

COLOUR = 3  # axes of an array with samples
YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
_BYTE = 8
_FEW = 64  # levels of grey
_LUMINANCE = np.array(((0.299, 0.587, 0.114),))


def load_frame(reader: BinaryIO, place: Frame, parsed: Parsed, layout: Layout) -> Pixel:
    """Read one frame: rows by columns, and by samples where there are several.

    Raises:
        SuspectError: It cannot be decoded.
    """
    return unpack_frame(read_frame(reader, place), place, parsed, layout)


def unpack_frame(data: bytes, place: Frame, parsed: Parsed, layout: Layout) -> Pixel:
    """Give the pixels of a frame out of its stored bytes.

    Raises:
        SuspectError: It cannot be decoded.
    """
    if is_native(parsed):
        return read_native(data, place[0].bit, layout)
    return decode(data, layout, parsed.transfer_syntax)


def is_native(parsed: Parsed) -> bool:
    """Tell whether the pixels lie in the file as they are."""
    return parsed.pixels is not None and not parsed.pixels.encapsulated


def luminance(frame: Pixel, layout: Layout) -> Plane:
    """Give the plane to look at: white on black, one sample a pixel, values as meant.

    Raises:
        SuspectError: There is something in bits beyond Bits Stored.
    """
    if frame.ndim == COLOUR:
        if not is_settled(frame, layout):
            raise SuspectError(Reason.UNDECODABLE)
        if layout.photometric in YBR:
            return np.ascontiguousarray(frame[..., 0])
        grey = cv2.transform(np.ascontiguousarray(frame), _LUMINANCE)
        return grey.astype(np.uint8) if frame.itemsize == 1 else grey.astype(np.uint16)
    plane = stored_values(frame, layout)
    if layout.palette is not None:
        return np.asarray(layout.palette[plane & (1 << layout.stored) - 1], np.uint16)
    if plane.itemsize == 1 and int(plane.max()) < _FEW:
        plane = plane.astype(np.uint16) << _BYTE  # as labels are: shrunk, they must not be rounded
    if layout.photometric == "MONOCHROME1":
        plane = ~plane  # both signed and unsigned: the order is turned round
    return plane


def read_native(data: bytes, bit: int, layout: Layout) -> Pixel:
    """Read one frame as it lies in native pixel data (PS3.5 §8.1.1, §8.2), from a bit of it.

    Raises:
        SuspectError: It is not of the size or kind that the layout says.
    """
    if len(data) != (bit + layout.frame_bits + _BYTE - 1) // _BYTE:
        raise SuspectError(Reason.UNDECODABLE)
    if layout.allocated == 1:
        return unpack(data, bit, (layout.rows, layout.columns))
    flat = np.frombuffer(bytearray(data), layout.dtype)
    if layout.samples == 1:
        return flat.reshape(layout.rows, layout.columns)
    if layout.photometric == HALVED:
        # Y Y CB CR for every two pixels (PS3.3 §C.7.6.3.1.2): of each its Y, and CB or CR
        if layout.columns % 2 or layout.planar or layout.allocated != _BYTE:
            raise SuspectError(Reason.UNDECODABLE)
        four = flat.reshape(layout.rows, layout.columns // 2, 4)
        return np.stack((four[..., :2], four[..., 2:]), -1).reshape(layout.rows, -1, 2)
    if layout.planar:
        planes = flat.reshape(layout.samples, layout.rows, layout.columns)
        return np.moveaxis(planes, 0, -1)
    return flat.reshape(layout.rows, layout.columns, layout.samples)


def native_bytes(frame: Pixel, layout: Layout) -> bytes:
    """Write a frame as it lies in native pixel data (PS3.5 §8.2), but for frames of single bits."""
    stored = frame
    if layout.photometric == HALVED:
        pairs = frame.reshape(layout.rows, layout.columns // 2, 2, 2)
        stored = np.concatenate((pairs[..., 0], pairs[..., 1]), -1)
    elif frame.ndim == COLOUR and layout.planar:
        stored = np.moveaxis(frame, -1, 0)
    return stored.astype(layout.dtype, copy=False).tobytes()


def stored_values(frame: Pixel, layout: Layout) -> Plane:
    """Read stored values as numbers; bits beyond Bits Stored could hide an overlay.

    Raises:
        SuspectError: There is something in those bits (retired overlays, PS3.5 §8.1.2).
    """
    if not is_settled(frame, layout):
        raise SuspectError(Reason.UNDECODABLE)
    if layout.signed:
        return as_meant(frame, layout).astype(np.int16, copy=False)
    return frame.view(np.uint8) if frame.itemsize == 1 else frame.view(np.uint16)


def as_meant(frame: Pixel, layout: Layout) -> Pixel:
    """Read stored values as numbers, whatever lies in bits beyond Bits Stored (PS3.5 §8.1.1)."""
    if not layout.signed:
        bits = frame.view(f"u{frame.itemsize}")
        return np.asarray(bits & np.asarray((1 << layout.stored) - 1, bits.dtype))
    spare = _BYTE * frame.itemsize - layout.stored
    return np.asarray((frame.view(f"i{frame.itemsize}") << spare) >> spare)


def is_settled(frame: Pixel, layout: Layout) -> bool:
    """Tell whether nothing hides in bits beyond Bits Stored.

    A sign goes on to the highest bit or stops at Bits Stored, in all pixels alike: where pixels
    differ in that, it could be a picture.
    """
    if layout.stored >= _BYTE * frame.itemsize:
        return True
    if not int(frame.view(f"u{frame.itemsize}").max()) >> layout.stored:
        return True
    return layout.signed and np.array_equal(
        frame.view(f"i{frame.itemsize}"), as_meant(frame, layout)
    )


def whole_colours(frame: Pixel, layout: Layout) -> Pixel:
    """Give every pixel three samples, where two share their colours (PS3.3 §C.7.6.3.1.2)."""
    if layout.photometric != HALVED or frame.shape[-1] == COLOUR:
        return frame
    shared = (np.repeat(frame[:, place::2, 1], 2, axis=1) for place in (0, 1))
    return np.stack((frame[..., 0], *shared), -1)


def blue_green_red(frame: Pixel, layout: Layout) -> Grey:
    """Give a picture of three samples as OpenCV takes it, in 8 bits."""
    samples = whole_colours(frame, layout)
    bits = samples.view(f"u{samples.itemsize}") >> max(layout.stored - _BYTE, 0)
    eight = np.asarray(bits, np.uint8)
    if layout.photometric in YBR:
        crossed = np.ascontiguousarray(eight[..., (0, 2, 1)])  # OpenCV has Cr before Cb
        return np.asarray(cv2.cvtColor(crossed, cv2.COLOR_YCrCb2BGR), np.uint8)
    return np.ascontiguousarray(eight[..., ::-1])
