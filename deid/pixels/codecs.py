"""One frame out of its transfer syntax, and losslessly back into it (PS3.5 §8, Annex A.4).

Arrays are what the codec stores: rows by columns, or rows by columns by samples.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.encoders.base import get_encoder
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
from deid.pixels.palette import read_palette
from deid.values import number, value_of

Pixel = npt.NDArray[Any]

_JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1})
_JPEG_LS = frozenset({JPEGLSLossless, JPEGLSNearLossless})
_JPEG_2000 = frozenset({JPEG2000Lossless, JPEG2000})
_HTJ2K = frozenset({HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
_REENCODED = frozenset({RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless})
REENCODED = _REENCODED | {JPEG2000Lossless, HTJ2KLossless, HTJ2KLosslessRPCL}
_LEGIBLE = frozenset(
    {"MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"}
    | {"PALETTE COLOR"}
)
_ONE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_BYTE = 8
_WORD = 16
_COLOURS = 3


@dataclass(frozen=True)
class Layout:
    """How the pixels of one object are stored: the Image Pixel module (PS3.3 §C.7.6.3).

    With a palette, `palette` is the luminance of each stored value.
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
    palette: npt.NDArray[np.uint16] | None = field(default=None, compare=False, repr=False)

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
        """Bits of one native frame."""
        return self.rows * self.columns * self.samples * self.allocated


def read_layout(header: Dataset) -> Layout:
    """Read the Image Pixel module.

    Raises:
        SuspectError: It describes pixels this room cannot look at.
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
    legible = (
        layout.allocated in (1, _BYTE, _WORD)
        and 0 < layout.stored <= layout.allocated
        and number(header, 0x00280102) == layout.stored - 1
        and layout.samples == (1 if layout.photometric in _ONE else _COLOURS)
        and min(layout.rows, layout.columns, layout.frames) > 0
        and layout.photometric in _LEGIBLE
    )
    if not legible or (layout.allocated == 1 and layout.signed):
        raise SuspectError(Reason.UNCHECKED)
    if layout.photometric == "PALETTE COLOR":
        palette = read_palette(header, bits=layout.stored, signed=layout.signed)
        return replace(layout, palette=palette)
    return layout


def decode(data: bytes, layout: Layout, syntax: UID) -> Pixel:
    """Decode one encapsulated frame.

    Raises:
        SuspectError: No decoder takes it, or it is not what the header says.
    """
    try:
        frame = _imagecodecs(data, syntax)
    except Exception:  # noqa: BLE001 - each codec raises its own; another may read it
        frame = None
    try:
        if frame is None:
            frame = _pydicom(data, layout, syntax)
    except Exception as error:
        raise SuspectError(Reason.UNCHECKED) from error
    shape = (layout.rows, layout.columns) + (layout.samples,) * (layout.samples > 1)
    if frame.shape != shape or frame.dtype.kind not in "iu" or frame.itemsize > 2:  # noqa: PLR2004 - bytes
        raise SuspectError(Reason.UNCHECKED)
    return frame


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


def _imagecodecs(data: bytes, syntax: UID) -> Pixel | None:
    """Decode with imagecodecs, which lets go of the interpreter; None where it has nothing."""
    if syntax in _JPEG:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    if syntax in _JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(data))
    if syntax in _JPEG_2000:
        return np.asarray(imagecodecs.jpeg2k_decode(data))
    if syntax in _HTJ2K:
        return np.asarray(imagecodecs.htj2k_decode(data))
    return None


def _pydicom(data: bytes, layout: Layout, syntax: UID) -> Pixel:
    frame, _ = get_decoder(syntax).as_array(
        encapsulate([data], has_bot=False), raw=True, index=0, **_description(layout)
    )
    return np.asarray(frame)


def _encode(frame: Pixel, layout: Layout, syntax: UID) -> bytes:
    if syntax in _JPEG:
        bits = max(layout.stored, _BYTE if frame.itemsize == 1 else _BYTE + 1)
        unsigned = frame.view(f"u{frame.itemsize}")
        return bytes(
            imagecodecs.jpeg8_encode(unsigned, lossless=True, predictor=1, bitspersample=bits)
        )
    if syntax in _JPEG_2000:
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
    if syntax in _HTJ2K:
        return bytes(imagecodecs.htj2k_encode(frame, reversible=True))
    # A codec that knows no sign gave bits, and bits it takes back.
    signed = frame.dtype.kind == "i"
    native = frame.astype(f"<{frame.dtype.kind}{layout.allocated // _BYTE}", copy=False)
    stored = {"planar_configuration": 0, "pixel_representation": int(signed)}
    return bytes(get_encoder(syntax).encode(native, **_description(layout) | stored))


def _description(layout: Layout) -> dict[str, Any]:
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
