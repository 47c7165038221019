"""Write pixels in the transfer syntaxes that hospitals export (PS3.5 §8.2, §A.4)."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

Frame = NDArray[Any]

# The root pydicom gives to whoever uses it; 752 (Sweden in ISO 3166) sets the invented ones apart.
UID_ROOT = "1.2.826.0.1.3680043.8.498.752"
IMPLEMENTATION = UID(f"{UID_ROOT}.0.1")


def _jpeg_lossless(frame: Frame, bits_stored: int) -> bytes:
    return bytes(
        imagecodecs.jpeg8_encode(frame, lossless=True, predictor=1, bitspersample=bits_stored)
    )


def _jpeg_2000(frame: Frame, bits_stored: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(
            frame, level=0, codecformat="j2k", reversible=True, bitspersample=bits_stored
        )
    )


def _jpeg_ls(frame: Frame, _bits_stored: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(frame))


def _htj2k(frame: Frame, _bits_stored: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(frame, reversible=True))


def _rle(frame: Frame, bits_stored: int) -> bytes:
    return bytes(
        RLELosslessEncoder.encode(
            np.ascontiguousarray(frame).tobytes(),
            encoding_plugin="pylibjpeg",
            rows=frame.shape[0],
            columns=frame.shape[1],
            samples_per_pixel=1 if frame.ndim == 2 else frame.shape[2],  # noqa: PLR2004 -- axes
            bits_allocated=frame.itemsize * 8,
            bits_stored=bits_stored,
            number_of_frames=1,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2",
        )
    )


_ENCODERS: dict[UID, Callable[[Frame, int], bytes]] = {
    JPEGLosslessSV1: _jpeg_lossless,
    JPEGLSLossless: _jpeg_ls,
    JPEG2000Lossless: _jpeg_2000,
    HTJ2KLossless: _htj2k,
    RLELossless: _rle,
}


def set_pixels(ds: Dataset, frames: Sequence[Frame], syntax: UID) -> None:
    """Put frames into a dataset as its Pixel Data, losslessly, in one transfer syntax."""
    first = frames[0]
    ds.Rows, ds.Columns = first.shape[:2]
    if syntax in _ENCODERS:
        encoded = [_ENCODERS[syntax](frame, ds.BitsStored) for frame in frames]
        ds.PixelData = encapsulate(encoded, has_bot=True)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    else:
        ds.PixelData = b"".join(np.ascontiguousarray(frame).tobytes() for frame in frames)
        ds["PixelData"].VR = "OW" if first.itemsize > 1 else "OB"


def set_meta(ds: Dataset, syntax: UID, application: str = "") -> None:
    """Give a dataset its File Meta Information (PS3.10 §7.1)."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = "DEMO_1"
    if application:
        meta.SourceApplicationEntityTitle = application
    ds.file_meta = meta


def part10(ds: Dataset, preamble: bytes = b"\x00" * 128) -> bytes:
    """Return the bytes of a dataset as a Part 10 file."""
    buffer = BytesIO()
    ds.preamble = preamble
    dcmwrite(buffer, ds, enforce_file_format=True, overwrite=True)
    return buffer.getvalue()
