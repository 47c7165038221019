"""One frame out of its transfer syntax, and losslessly back into it (PS3.5 §8, Annex A.4).

Arrays are what the codec stores: rows × columns, or rows × columns × samples.
"""

from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, get_encoder
from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000,
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

Pixel = npt.NDArray[Any]

_JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1})
_JPEG_LS = frozenset({JPEGLSLossless, JPEGLSNearLossless})
_JPEG_2000 = frozenset({JPEG2000Lossless, JPEG2000})
_HTJ2K = frozenset({HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
_REENCODED = frozenset({RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless})
REENCODED = _REENCODED | {JPEG2000Lossless, HTJ2KLossless, HTJ2KLosslessRPCL}
_BYTE = 8
_WORD = 16
_COLOURS = 3


@dataclass(frozen=True)
class Layout:
    """How the pixels of one object are stored: the Image Pixel module (PS3.3 §C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    signed: bool
    planar: bool
    photometric: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a native sample."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.allocated // _BYTE}")

    @property
    def frame_length(self) -> int:
        """Bytes of one native frame."""
        return self.rows * self.columns * self.samples * self.allocated // _BYTE


def read_layout(header: Dataset) -> Layout:
    """Read the Image Pixel module.

    Raises:
        SuspectError: It describes pixels this room cannot look at.
    """
    try:
        layout = Layout(
            rows=int(header["Rows"].value),
            columns=int(header["Columns"].value),
            samples=int(header.get("SamplesPerPixel") or 1),
            frames=int(header.get("NumberOfFrames") or 1),
            allocated=int(header["BitsAllocated"].value),
            stored=int(header["BitsStored"].value),
            signed=bool(header.get("PixelRepresentation")),
            planar=bool(header.get("PlanarConfiguration")),
            photometric=str(header["PhotometricInterpretation"].value),
        )
        high = int(header.get("HighBit", layout.stored - 1))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SuspectError(Reason.UNCHECKED) from error
    legible = (
        layout.allocated in (_BYTE, _WORD)
        and 0 < layout.stored <= layout.allocated
        and high == layout.stored - 1
        and layout.samples in (1, _COLOURS)
        and min(layout.rows, layout.columns, layout.frames) > 0
        and layout.photometric != "PALETTE COLOR"
    )
    if not legible:
        raise SuspectError(Reason.UNCHECKED)
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
    kind = "i" if layout.signed else "u"
    native = frame.view(f"{kind}{frame.itemsize}").astype(layout.dtype, copy=False)
    description = _description(layout) | {"planar_configuration": 0}
    return bytes(get_encoder(syntax).encode(native, **description))


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
