"""Bytes that no decoder needs do not leave; a picture that is cut short does not pass."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import UID, HTJ2KLossless, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1

from deid.errors import SuspectError
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.planes import load_frame
from deid.pixels.coding.riders import has_rider
from deid.pixels.redact import Redaction, ViewTag, redact
from tests.deid.pictures import Array, described, encapsulated, joined, opened, text_reader

PICTURE = np.random.default_rng(3).integers(300, 340, (96, 128)).astype(np.uint16)
EIGHT = (PICTURE - 300).astype(np.uint8)
NAME = b"SJOSTROM ASA VIOLA 19470802-2980 "
SECOND = bytes(
    imagecodecs.jpeg2k_encode(EIGHT[::-1].copy(), level=0, codecformat="j2k", reversible=True)
)
WORD = {"BitsStored": 12, "HighBit": 11}


def coded(syntax: UID) -> bytes:
    if syntax == JPEGLosslessSV1:
        return bytes(
            imagecodecs.jpeg8_encode(PICTURE, lossless=True, predictor=1, bitspersample=12)
        )
    if syntax == JPEGBaseline8Bit:
        return bytes(imagecodecs.jpeg8_encode(EIGHT, level=95))
    if syntax == HTJ2KLossless:
        return bytes(imagecodecs.htj2k_encode(PICTURE, reversible=True))
    return bytes(
        imagecodecs.jpeg2k_encode(
            PICTURE, level=0, codecformat="j2k", reversible=True, bitspersample=12
        )
    )


def ridden(syntax: UID, rider: bytes) -> bytes:
    stream = coded(syntax)
    made = bytearray(stream[:-2] + rider + stream[-2:])
    if b"\xff\x90\0\x0a" in stream:
        at = stream.index(b"\xff\x90\0\x0a") + 6
        (length,) = struct.unpack_from(">I", stream, at)
        struct.pack_into(">I", made, at, length + len(rider) if length else 0)
    return bytes(made) + b"\0" * (len(made) % 2)


def redacted(stream: bytes, syntax: UID) -> tuple[bytes, Redaction]:
    picture: Array = PICTURE
    changes = dict[str, Any](WORD)
    if syntax == HTJ2KLossless:
        changes = {}
    if syntax == JPEGBaseline8Bit:
        picture, changes = EIGHT, {"LossyImageCompression": "01"}
    source = encapsulated(picture, [stream], syntax, **changes)
    reader, parsed = opened(source)
    return source, redact(reader, parsed, text_reader(), view=ViewTag("", ""))


@pytest.mark.parametrize(
    ("syntax", "rider"),
    [
        (JPEGLosslessSV1, NAME * 9),
        (JPEGLosslessSV1, bytes(range(1, 200))),
        (JPEG2000Lossless, NAME * 9),
        (JPEG2000Lossless, SECOND),
        (HTJ2KLossless, SECOND),
    ],
)
def test_a_rider_is_left_behind(syntax: UID, rider: bytes) -> None:
    source, redaction = redacted(ridden(syntax, rider), syntax)
    finished = joined(source, redaction.pieces)
    assert rider[-40:] not in finished
    assert redaction.changed_frames == (1,)
    assert redaction.boxes == ()
    reader, parsed = opened(finished)
    frames = locate_frames(reader, parsed)
    frame = load_frame(reader, frames.places[0], parsed, frames.layout)
    assert (frame == PICTURE).all()


def test_a_rider_of_a_lossy_picture_is_left_behind_as_text_is() -> None:
    _, redaction = redacted(ridden(JPEGBaseline8Bit, NAME), JPEGBaseline8Bit)
    assert redaction.changed_frames == (1,)
    assert redaction.transfer_syntax is not None


@pytest.mark.parametrize(
    "syntax", [JPEGLosslessSV1, JPEGBaseline8Bit, JPEG2000Lossless, HTJ2KLossless]
)
def test_a_stream_without_any_passes_untouched(syntax: UID) -> None:
    stream = coded(syntax)
    _, redaction = redacted(stream + b"\0" * (len(stream) % 2), syntax)
    assert redaction.changed_frames == ()


def test_a_picture_cut_short_is_suspect() -> None:
    stream = coded(JPEGBaseline8Bit)
    cut = stream[: len(stream) * 6 // 10].rstrip(b"\xff") + b"\xff\xd9"
    with pytest.raises(SuspectError):
        redacted(cut + b"\0" * (len(cut) % 2), JPEGBaseline8Bit)


def test_the_tables_of_jpeg_and_even_code_are_no_text() -> None:
    layout = read_layout(described(PICTURE, **WORD))
    table = b"%&'()*456789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz"
    for code in (table, b"U" * 99, b"UVUV" * 9):
        assert not has_rider(b"\xff\x93" + code, PICTURE, layout, JPEG2000Lossless)
    assert has_rider(b"\xff\x93" + NAME, PICTURE, layout, JPEG2000Lossless)
