"""One frame losslessly back into its transfer syntax (PS3.5 §8.2, Annex A.4).

A frame is never compressed lossily. JPEG 2000 and HTJ2K of either kind may hold lossless frames
beside lossy ones, so that what was lost before is all that is lost.
"""

import _CharLS
import imagecodecs
import numpy as np
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.codecs import (
    HTJ2K_FAMILY,
    JPEG_2000_PLAIN,
    LOSSLESS_JPEG,
    Layout,
    description,
)

# Frames of these may be lossless: all of the first, and JPEG 2000 and HTJ2K of either kind.
REENCODED = (
    frozenset({RLELossless, JPEGLSLossless}) | LOSSLESS_JPEG | JPEG_2000_PLAIN | HTJ2K_FAMILY
)
# Frames of these cannot: what was lost once would be lost again.
LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless})
_BYTE = 8
_WHOLE = (8, 16)
# Bytes of a frame: to write JPEG-LS of any other number of bits takes six times as many, with the
# frame, and may take 350 MB with the stream that it came in
_MOST = 48 << 20
_TINY, _ROOM = 1024, bytes(4096)  # pixels; bytes that follow them
_START, _SPIFF = b"\xff\xd8", b"\xff\xe8"  # of JPEG-LS; the header is left out
_COLOURS = 3
_SIZE, _SSIZ, _SIGN = b"\xff\x51", 40, 0x80


def is_written_back(layout: Layout, syntax: UID) -> bool:
    """Tell whether a frame may go back into its syntax: losslessly, and in bounded memory."""
    if syntax == JPEGLSLossless and layout.samples == 1 and layout.stored not in _WHOLE:
        return layout.frame_length <= _MOST
    return syntax not in LOSSY


def encode(frame: Pixel, layout: Layout, syntax: UID) -> bytes:
    """Encode one frame losslessly, padded to an even length.

    Raises:
        SuspectError: The syntax is lossy, or the codec refuses.
    """
    if syntax not in REENCODED:
        raise SuspectError(Reason.NOT_REENCODABLE)
    try:
        data = _encode(np.ascontiguousarray(frame), layout, syntax)
    except Exception as error:
        raise SuspectError(Reason.NOT_REENCODABLE) from error
    return data + b"\0" * (len(data) % 2)


def _encode(frame: Pixel, layout: Layout, syntax: UID) -> bytes:
    if syntax in LOSSLESS_JPEG:
        return _jpeg(frame, layout)
    if syntax in JPEG_2000_PLAIN:
        return bytes(
            imagecodecs.jpeg2k_encode(
                frame,
                level=0,
                codecformat="j2k",
                reversible=True,
                bitspersample=layout.stored,
                mct=layout.photometric == "YBR_RCT",
            )
        )
    if syntax in HTJ2K_FAMILY:
        return _htj2k(frame, layout)
    if syntax == JPEGLSLossless and frame.ndim != _COLOURS and layout.stored in _WHOLE:
        return _jpeg_ls(_bits(frame, layout))
    if syntax == JPEGLSLossless and frame.size < _TINY:
        return _tiny_jpeg_ls(_bits(frame, layout), layout)
    # A codec that knows no sign gave bits, and bits it takes back.
    signed = frame.dtype.kind == "i"
    native = frame.astype(f"<{frame.dtype.kind}{layout.allocated // _BYTE}", copy=False)
    stored = {"planar_configuration": 0, "pixel_representation": int(signed)}
    return bytes(get_encoder(syntax).encode(native, **description(layout) | stored))


def _bits(frame: Pixel, layout: Layout) -> Pixel:
    """Give as many bits as are stored, without a sign; eight of them in a byte."""
    unsigned = np.dtype(f"u{frame.itemsize}")
    bits = frame.view(unsigned)
    if layout.stored < _BYTE * frame.itemsize:
        bits = bits & np.asarray((1 << layout.stored) - 1, unsigned)
    return bits.astype(np.uint8, copy=False) if layout.stored <= _BYTE else bits


def _jpeg_ls(bits: Pixel) -> bytes:
    """Write JPEG-LS of 8 or 16 bits: in half the time and memory of the other codec."""
    data = memoryview(imagecodecs.jpegls_encode(bits))
    at = len(_START)
    while data[at : at + 2] == _SPIFF:
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return _START + data[at:]


def _tiny_jpeg_ls(bits: Pixel, layout: Layout) -> bytes:
    """Write JPEG-LS of a few pixels, which may be longer than they are.

    The codec makes room for twice the bytes that it is given, so it is given some more.
    """
    interleaved = 2 if layout.samples > 1 else 0
    size = layout.rows, layout.columns, layout.samples, layout.stored
    return bytes(_CharLS._encode(bits.tobytes() + _ROOM, 0, interleaved, *size))  # noqa: SLF001 -- what is public takes no more


def _jpeg(frame: Pixel, layout: Layout) -> bytes:
    """Write JPEG lossless of as many bits as are stored; it takes no eight from a word."""
    bits = _bits(frame, layout)
    return bytes(
        imagecodecs.jpeg8_encode(bits, lossless=True, predictor=1, bitspersample=layout.stored)
    )


def _htj2k(frame: Pixel, layout: Layout) -> bytes:
    """Write HTJ2K of as many bits as are stored (T.800 A.5.1: Ssiz).

    The codec takes its word for the precision. It writes the same bits for signed numbers around
    zero, so those are given to it, and the true precision and sign are set in the SIZ segment.
    """
    if frame.ndim == _COLOURS:
        if layout.photometric == "YBR_RCT":
            return bytes(imagecodecs.htj2k_encode(frame, reversible=True))
        planes = np.ascontiguousarray(np.moveaxis(frame, -1, 0))
        return bytes(imagecodecs.htj2k_encode(planes, reversible=True, planar=True))
    middle, sign = (0, _SIGN) if frame.dtype.kind == "i" else (1 << (layout.stored - 1), 0)
    around = frame.view(np.int16) if frame.itemsize == 2 else frame.astype(np.int16)  # noqa: PLR2004 - bytes
    with np.errstate(over="ignore"):
        around = around - np.asarray(middle, np.uint16).astype(np.int16)
    data = bytearray(imagecodecs.htj2k_encode(around, reversible=True))
    data[data.index(_SIZE) + _SSIZ] = sign | layout.stored - 1
    return bytes(data)
