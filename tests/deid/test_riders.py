"""Bytes that no decoder needs do not leave; a picture that is cut short does not pass."""

import io
import struct
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from deid.errors import SuspectError
from deid.pixels.coding.codecs import decode, read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.jpeg2000_tails import has_tail
from deid.pixels.coding.jpeg_segments import walk_jpeg
from deid.pixels.coding.planes import load_frame
from deid.pixels.coding.riders import has_rider
from deid.pixels.redact import Redaction, redact
from deid.pixels.staying import ViewTag
from tests.deid.pictures import (
    Array,
    described,
    encapsulated,
    joined,
    opened,
    text_reader,
)

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


def shown(finished: bytes) -> Array:
    reader, parsed = opened(finished)
    frames = locate_frames(reader, parsed)
    return load_frame(reader, frames.places[0], parsed, frames.layout)


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
    assert np.array_equal(shown(finished), PICTURE)


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
    layout = read_layout(described(EIGHT))
    table = b"%&'()*456789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz"
    clean = coded(HTJ2KLossless)
    at = len(clean) // 2
    for code, found in ((table, False), (b"U" * 99, False), (b"UVUV" * 9, False), (NAME, True)):
        made = clean[:at] + code + clean[at + len(code) :]
        assert has_rider(made, PICTURE, layout, HTJ2KLossless) is found


@pytest.mark.parametrize("rider", [b"A", b"K\1", b"Birk", bytes(range(1, 12))])
@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEG2000Lossless, HTJ2KLossless])
def test_not_one_byte_rides_behind_a_picture(syntax: UID, rider: bytes) -> None:
    source, redaction = redacted(ridden(syntax, rider), syntax)
    assert redaction.changed_frames == (1,)
    assert np.array_equal(shown(joined(source, redaction.pieces)), PICTURE)


def test_jpeg_ls_with_a_byte_too_much_is_suspect() -> None:
    stream = encode(PICTURE, read_layout(described(PICTURE, **WORD)), JPEGLSLossless).rstrip(b"\0")
    for rider in (b"AB", b"\0\1", NAME):
        made = stream[:-2] + rider + stream[-2:]
        with pytest.raises(SuspectError):
            redacted(made + b"\0" * (len(made) % 2), JPEGLSLossless)


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (300, 41), (20, 30, 3)])
def test_every_bit_of_lossless_jpeg_is_counted(predictor: int, shape: tuple[int, ...]) -> None:
    for bits, kind in ((8, np.uint8), (14, np.uint16), (16, np.uint16)):
        if len(shape) == 3 and bits > 8:
            continue
        made = np.random.default_rng(bits).integers(0, 1 << bits, shape).astype(kind)
        stream = imagecodecs.jpeg8_encode(
            made, lossless=True, predictor=predictor, bitspersample=bits, outcolorspace="RGB"
        )
        layout = read_layout(described(made))
        for rider in (b"", b"A", b"\0"):
            ridden = bytes(stream[:-2]) + rider + b"\xff\xd9"
            assert has_rider(ridden, made, layout, JPEGLossless) is bool(rider)


def test_lossless_jpeg_cut_short_is_suspect() -> None:
    cut = coded(JPEGLosslessSV1)[:-9].rstrip(b"\xff") + b"\xff\xd9"
    with pytest.raises(SuspectError):
        redacted(cut + b"\0" * (len(cut) % 2), JPEGLosslessSV1)


def tiled(order: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(EIGHT)
    image.save(buffer, "JPEG2000", no_jp2=True, tile_size=(50, 40), progression=order, **how)
    return buffer.getvalue()


def behind_tile(stream: bytes, tile: int, rider: bytes) -> bytes:
    at = stream.index(b"\xff\x90\0\x0a")
    for _ in range(tile):
        at += int.from_bytes(stream[at + 6 : at + 10], "big")
    length = int.from_bytes(stream[at + 6 : at + 10], "big")
    longer = stream[: at + 6] + (length + len(rider)).to_bytes(4, "big")
    return longer + stream[at + 10 : at + length] + rider + stream[at + length :]


@pytest.mark.parametrize("order", ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
@pytest.mark.parametrize(
    "how", [{}, {"precinct_size": (32, 32)}, {"quality_layers": [20, 5, 0], "num_resolutions": 3}]
)
def test_not_one_byte_rides_behind_any_tile(order: str, how: dict[str, Any]) -> None:
    clean = tiled(order, **how)
    assert not has_tail(clean)
    for tile in range(9):
        assert has_tail(behind_tile(clean, tile, b"A"))


def in_scans(*riders: bytes) -> bytes:
    """Give lossy JPEG in colours of which each has a scan of its own, and a rider in it."""
    tables, bodies = b"", []
    for name, plane in enumerate((EIGHT, EIGHT // 2, EIGHT // 3), 1):
        grey = bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(plane * 6), level=95))
        scan = grey.index(b"\xff\xda")
        frame = grey.index(b"\xff\xc0")
        tables = tables or grey[2:frame] + grey[frame + 19 - 6 : scan]
        body = grey[scan : scan + 5] + bytes([name]) + grey[scan + 6 : -2]
        bodies.append(body + riders[name - 1])
    sizes = struct.pack(">HBHHB", 17, 8, *EIGHT.shape, 3)
    parts = b"".join(bytes([name, 0x11, 0]) for name in (1, 2, 3))
    return b"\xff\xd8" + tables + b"\xff\xc0" + sizes + parts + b"".join(bodies) + b"\xff\xd9"


def test_a_rider_in_any_scan_of_lossy_jpeg_is_found() -> None:
    layout = replace(read_layout(described(np.stack([EIGHT] * 3, -1))), photometric="RGB")
    for place in (None, 0, 1, 2):
        stream = in_scans(*(NAME[:12] if at == place else b"" for at in range(3)))
        walk_jpeg(stream, layout, JPEGBaseline8Bit)
        frame = decode(stream, layout, JPEGBaseline8Bit)
        found = has_rider(stream, frame, layout, JPEGBaseline8Bit)
        assert found is (place is not None)


def test_lossy_jpeg_with_restarts_is_written_anew() -> None:
    stream = coded(JPEGBaseline8Bit)
    at = stream.index(b"\xff\xda")
    made = stream[:at] + b"\xff\xdd\0\4\x40\0" + stream[at:]
    _, redaction = redacted(made + b"\0" * (len(made) % 2), JPEGBaseline8Bit)
    assert redaction.changed_frames == (1,)
