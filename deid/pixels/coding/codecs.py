"""One frame out of its transfer syntax (PS3.5 §8, Annex A.4).

Arrays are what the codec stores: rows by columns, or rows by columns by samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from struct import unpack_from
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.coding.arrays import Pixel
from deid.pixels.coding.jpeg2000_cost import is_costly, read_picture
from deid.pixels.coding.palette import luminance_of, read_colours
from deid.values import number, value_of, where

LOSSY_JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
JPEG_LS = frozenset({JPEGLSLossless, JPEGLSNearLossless})
JPEG_2000_PLAIN = frozenset({JPEG2000Lossless, JPEG2000})
HTJ2K_FAMILY = frozenset({HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
LOSSLESS_JPEG = frozenset({JPEGLossless, JPEGLosslessSV1})
_LEGIBLE = frozenset(
    {"MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"}
    | {"PALETTE COLOR"}
)
_ONE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
HALVED = "YBR_FULL_422"
_PADDING = 0x00280120
_ILLEGIBLE = "pixels of a kind that nobody here can look at"
_BYTE = 8
_WORD = 16
_COLOURS = 3


@dataclass(frozen=True)
class Layout:
    """How the pixels of one object are stored: the Image Pixel module (PS3.3 §C.7.6.3).

    `padding` is the bits of the Pixel Padding Value, where there is one (PS3.3 §C.7.5.1.1.2).
    With a palette, `palette` is the luminance of each stored value, and `colours` its red, green
    and blue.
    """

    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    signed: bool
    planar: bool
    photometric: str
    padding: int | None = None
    palette: npt.NDArray[np.uint16] | None = field(default=None, compare=False, repr=False)
    colours: tuple[npt.NDArray[np.uint16], ...] = field(default=(), compare=False, repr=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a native sample."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{-(-self.allocated // _BYTE)}")

    @property
    def frame_length(self) -> int:
        """Bytes of one native frame."""
        return -(-self.frame_bits // _BYTE)

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame; of YBR_FULL_422 every other column has colours."""
        samples = 2 if self.photometric == HALVED else self.samples
        return self.rows * self.columns * samples * self.allocated


def read_layout(header: Dataset) -> Layout:
    """Read the Image Pixel module.

    Raises:
        SuspectError: It describes pixels this room cannot look at; the finding says which element.
    """
    layout = Layout(
        rows=number(header, 0x00280010),
        columns=number(header, 0x00280011),
        samples=number(header, 0x00280002) or 1,
        frames=number(header, 0x00280008) or 1,
        allocated=number(header, 0x00280100),
        stored=number(header, 0x00280101),
        signed=number(header, 0x00280103) != 0,
        planar=number(header, 0x00280006) != 0,
        photometric=value_of(header, 0x00280004),
    )
    for tag, legible in _legible(layout, number(header, 0x00280102)):
        if not legible:
            raise SuspectError(Reason.UNDECODABLE, (Finding(where((tag,)), _ILLEGIBLE),))
    if layout.photometric == "PALETTE COLOR":
        colours = read_colours(header, bits=layout.stored, signed=layout.signed)
        return replace(layout, palette=luminance_of(colours), colours=colours)
    if _PADDING in header and layout.samples == 1:
        return replace(layout, padding=number(header, _PADDING) & (1 << layout.stored) - 1)
    return layout


def _legible(layout: Layout, high: int) -> Iterator[tuple[int, bool]]:
    """Check element by element; pixels of 12 or 32 bits, or not at the lowest, are not read."""
    odd = layout.allocated == 1 and layout.signed
    yield 0x00280010, layout.rows > 0
    yield 0x00280011, layout.columns > 0
    yield 0x00280100, layout.allocated in (1, _BYTE, _WORD)
    yield 0x00280101, 0 < layout.stored <= layout.allocated
    yield 0x00280102, high == layout.stored - 1
    yield 0x00280103, not odd
    yield 0x00280004, layout.photometric in _LEGIBLE
    yield 0x00280002, layout.samples == (1 if layout.photometric in _ONE else _COLOURS)


def decoded(layout: Layout, syntax: UID) -> Layout:
    """Give the layout of frames as they come out of `decode`."""
    if syntax in LOSSY_JPEG and layout.samples > 1:
        return replace(layout, photometric="RGB")
    return layout


def decode(data: bytes, layout: Layout, syntax: UID) -> Pixel:
    """Decode one encapsulated frame.

    Lossy JPEG in colours comes as red, green and blue, as its stream says; other colours as they
    are stored, but for the transforms that belong to JPEG 2000.

    Raises:
        SuspectError: No decoder takes it, it is not what the header says, or it would take more
            memory than anybody has.
    """
    if syntax in JPEG_2000_PLAIN | HTJ2K_FAMILY:
        _check_jpeg2000(data, layout)
    try:
        frame = _imagecodecs(data, layout, syntax)
    except Exception:  # noqa: BLE001 - each codec raises its own; another may read it
        frame = None
    try:
        if frame is None:
            frame = _pydicom(data, layout, syntax)
    except Exception as error:
        raise SuspectError(Reason.UNDECODABLE) from error
    shape = (layout.rows, layout.columns) + (layout.samples,) * (layout.samples > 1)
    if frame.shape != shape or frame.itemsize > 2 or not _is_meant(frame, layout, syntax):  # noqa: PLR2004 - bytes
        raise SuspectError(Reason.UNDECODABLE)
    return frame if frame.flags.writeable else frame.copy()


def _check_jpeg2000(data: bytes, layout: Layout) -> None:
    """Check that a code stream is of the header's size and sign, before anybody decodes it."""
    picture = read_picture(data)
    said = (layout.rows, layout.columns, (layout.signed,) * layout.samples)
    if picture is None or (picture.rows, picture.columns, picture.signed) != said:
        raise SuspectError(Reason.UNDECODABLE)
    if is_costly(data, picture):
        raise SuspectError(Reason.UNDECODABLE)


def _is_meant(frame: Pixel, layout: Layout, syntax: UID) -> bool:
    """Tell whether numbers have a sign where the header says so; some codecs know none."""
    if syntax in JPEG_2000_PLAIN | HTJ2K_FAMILY:
        return frame.dtype.kind == "ui"[layout.signed]
    return frame.dtype.kind == "u" or (layout.signed and frame.dtype.kind == "i")


def _imagecodecs(data: bytes, layout: Layout, syntax: UID) -> Pixel | None:
    """Decode with imagecodecs, which lets go of the interpreter; None where it has nothing."""
    if syntax in LOSSLESS_JPEG | LOSSY_JPEG:
        as_stored = syntax in LOSSLESS_JPEG and layout.samples > 1
        space = "RGB" if as_stored else None  # from one to the same: nothing is converted
        return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space))
    if syntax in JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(data))
    if syntax in JPEG_2000_PLAIN:
        return np.asarray(imagecodecs.jpeg2k_decode(data))
    if syntax in HTJ2K_FAMILY:
        return np.asarray(imagecodecs.htj2k_decode(data, planar=False))
    if syntax == RLELossless:
        return _rle(data, layout)
    return None


def _rle(data: bytes, layout: Layout) -> Pixel:
    """Decode the byte planes of a frame, the highest byte of each sample first (PS3.5 §G.2)."""
    count, *starts = unpack_from("<16I", data)
    size = layout.allocated // _BYTE
    if count != layout.samples * size:
        raise ValueError
    planes = np.empty((layout.samples, size, layout.rows, layout.columns), np.uint8)
    for index, (start, end) in enumerate(pairwise((*starts[:count], len(data)))):
        plane = planes[index // size, index % size]
        if len(imagecodecs.packbits_decode(data[start:end], out=plane.reshape(-1))) != plane.size:
            raise ValueError
    joined = np.ascontiguousarray(np.moveaxis(planes, (0, 1), (2, 3))).view(f">u{size}")
    frame = joined[..., 0].astype(layout.dtype)
    return frame[..., 0] if layout.samples == 1 else frame


def _pydicom(data: bytes, layout: Layout, syntax: UID) -> Pixel:
    frame, _ = get_decoder(syntax).as_array(
        encapsulate([data], has_bot=False), raw=True, index=0, **description(layout)
    )
    return np.asarray(frame)


def description(layout: Layout) -> dict[str, Any]:
    """Describe one frame in pydicom's words."""
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "number_of_frames": 1,
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "pixel_representation": int(layout.signed),
        "planar_configuration": int(layout.planar),
        "photometric_interpretation": layout.photometric,
        "pixel_keyword": "PixelData",
    }
