import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
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
from deid.pixels.coding.codecs import Layout, decode, read_layout
from deid.pixels.coding.encoding import REENCODED, encode
from deid.pixels.redact import read_again, redact
from deid.pixels.staying import ViewTag
from deid.ruling import NONE, Ruling
from tests.deid.pictures import Array, described, encapsulated, opened, text_reader

LOSSLESS = [
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
]
# What pydicom reads here without imagecodecs: another decoder as witness.
WITNESSED = [RLELossless, JPEGLSLossless]


def picture(bits: int, *, signed: bool = False, colour: bool = False) -> Array:
    rng = np.random.default_rng(bits)
    kind = np.uint8 if bits <= 8 else np.uint16
    shape = (61, 83, 3) if colour else (61, 83)
    made = rng.integers(0, 1 << bits, shape).astype(kind)
    made[:9] = 0
    if signed:
        return (made.astype(np.int32) - (1 << (bits - 1))).astype(np.int16)
    return made


def layout_of(made: Array, **changes: Any) -> Layout:
    return read_layout(described(made, **changes))


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_lossless_syntax_comes_back(syntax: UID, bits: int) -> None:
    made = picture(bits)
    layout = layout_of(made, BitsStored=bits)
    data = encode(made, layout, syntax)
    again = decode(data, layout, syntax)
    assert len(data) % 2 == 0
    assert again.dtype == made.dtype
    assert np.array_equal(again, made)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_signed_pixels_come_back(syntax: UID) -> None:
    made = picture(12, signed=True)
    layout = layout_of(made, BitsStored=12)
    # A codec without a sign stores the bits; what it decodes is written back the same.
    stored = made if syntax not in {JPEGLossless, JPEGLosslessSV1} else made.view(np.uint16) & 4095
    once = decode(encode(stored, layout, syntax), layout, syntax)
    twice = decode(encode(once, layout, syntax), layout, syntax)
    assert np.array_equal(once, twice)
    assert np.array_equal(once.astype(np.int32) & 4095, made.astype(np.int32) & 4095)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless])
def test_colour_comes_back(syntax: UID) -> None:
    made = picture(8, colour=True)
    layout = layout_of(made)
    assert np.array_equal(decode(encode(made, layout, syntax), layout, syntax), made)


@pytest.mark.parametrize("syntax", WITNESSED)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_another_decoder_reads_the_same(syntax: UID, bits: int) -> None:
    made = picture(bits)
    data = encode(made, layout_of(made, BitsStored=bits), syntax)
    source = encapsulated(made, [data], syntax, BitsStored=bits)
    assert np.array_equal(dcmread(io.BytesIO(source)).pixel_array, made)


@pytest.mark.parametrize(
    ("syntax", "precision"),
    [(JPEGLosslessSV1, b"\xff\xc3"), (JPEGLSLossless, b"\xff\xf7")],
)
def test_the_codestream_says_bits_stored(syntax: UID, precision: bytes) -> None:
    made = picture(12)
    data = encode(made, layout_of(made, BitsStored=12), syntax)
    assert data[data.index(precision) + 4] == 12


@pytest.mark.parametrize(
    ("syntax", "data"),
    [
        (JPEGBaseline8Bit, imagecodecs.jpeg8_encode(picture(8))),
        (JPEGExtended12Bit, imagecodecs.jpeg8_encode(picture(12), bitspersample=12)),
        (JPEGLSNearLossless, imagecodecs.jpegls_encode(picture(12), level=2)),
    ],
)
def test_lossy_syntaxes_are_read_and_never_written(syntax: UID, data: bytes) -> None:
    made = picture(8 if syntax == JPEGBaseline8Bit else 12)
    layout = layout_of(made, BitsStored=8 if syntax == JPEGBaseline8Bit else 12)
    assert decode(data, layout, syntax).shape == made.shape
    assert syntax not in REENCODED
    with pytest.raises(SuspectError) as caught:
        encode(made, layout, syntax)
    assert caught.value.reason is Reason.NOT_REENCODABLE


@pytest.mark.parametrize("syntax", [*LOSSLESS, JPEGBaseline8Bit, HTJ2K, JPEG2000])
@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"\xff\xd8\xff\xc3" + b"\1" * 60])
def test_what_cannot_be_decoded_is_suspect(syntax: UID, data: bytes) -> None:
    with pytest.raises(SuspectError) as caught:
        decode(data, layout_of(picture(12)), syntax)
    assert caught.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless])
def test_another_size_than_the_header_says_is_suspect(syntax: UID) -> None:
    made = picture(12)
    data = encode(made, layout_of(made), syntax)
    with pytest.raises(SuspectError):
        decode(data, layout_of(made, Rows=60), syntax)


@pytest.mark.parametrize(
    "changes",
    [
        {"BitsAllocated": 32},
        {"BitsAllocated": 1, "BitsStored": 1, "PixelRepresentation": 1},
        {"BitsAllocated": 1, "BitsStored": 1, "SamplesPerPixel": 3, "PlanarConfiguration": 0},
        {"BitsStored": 12, "HighBit": 15},
        {"BitsStored": 17},
        {"Rows": 0},
        {"SamplesPerPixel": 4},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"PhotometricInterpretation": ""},
    ],
)
def test_pixels_that_cannot_be_looked_at_are_suspect(changes: dict[str, Any]) -> None:
    with pytest.raises(SuspectError) as caught:
        layout_of(picture(12), **changes)
    assert caught.value.reason is Reason.UNDECODABLE


def test_a_frame_that_cannot_be_decoded_is_named_and_no_one_lets_it_pass() -> None:
    pictures = np.zeros((3, 40, 50), np.uint8)
    layout = read_layout(described(pictures[0]))
    streams = [encode(picture, layout, RLELossless) for picture in pictures]
    streams[1] = streams[1][:64] + b"\0" * (len(streams[1]) - 64)
    reader, parsed = opened(encapsulated(pictures, streams, RLELossless))
    named = Finding("frame 2", "not exactly one picture")
    for ruling in (NONE, Ruling(waived=frozenset({named}))):
        with pytest.raises(SuspectError) as caught:
            redact(reader, parsed, text_reader(), view=ViewTag("", ""), ruling=ruling)
        assert (caught.value.reason, caught.value.findings) == (Reason.UNDECODABLE, (named,))
    with pytest.raises(SuspectError) as caught:
        read_again(reader, parsed, text_reader())
    assert caught.value.findings == (Finding("frame 2", "cannot be decoded"),)


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("colours", [False, True])
def test_noise_in_a_tiny_picture_is_written(bits: int, colours: bool) -> None:
    kind = np.uint8 if bits <= 8 else np.uint16
    shape = (1, 2, 3) if colours else (1, 2)
    picture = np.random.default_rng(bits).integers(0, 1 << bits, shape).astype(kind)
    layout = read_layout(described(picture, BitsStored=bits))
    data = encode(picture, layout, JPEGLSLossless)
    assert data[2:4] == b"\xff\xf7"
    assert data[6] == bits
    assert np.array_equal(decode(data, layout, JPEGLSLossless), picture)
