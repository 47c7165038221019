"""Code streams of JPEG 2000 whose headers ask for too much, or mean other numbers."""

from struct import pack

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless

from deid.errors import Reason, SuspectError
from deid.pixels.coding.codecs import Layout, decode, read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.jpeg2000_cost import is_costly, read_picture
from tests.deid.pictures import Array, described

SIZE, STYLE, TILE = b"\xff\x51", b"\xff\x52", b"\xff\x90"
PICTURE = np.random.default_rng(3).integers(0, 4096, (512, 512)).astype(np.uint16)


def is_refused(data: bytes) -> bool:
    picture = read_picture(data)
    assert picture is not None
    with pytest.raises(SuspectError) as caught:
        decode(data, LAYOUT, JPEG2000Lossless)
    return is_costly(data, picture) and caught.value.reason is Reason.UNDECODABLE


def layout_of(made: Array, **changes: int) -> Layout:
    return read_layout(described(made, **{"BitsStored": 12, **changes}))


LAYOUT = layout_of(PICTURE)
STREAM = encode(PICTURE, LAYOUT, JPEG2000Lossless)


def style(data: bytes) -> bytearray:
    at = data.index(STYLE)
    return bytearray(data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")])


def segment(marker: bytes, body: bytes) -> bytes:
    return marker + pack(">H", len(body) + 2) + body


def with_precincts(data: bytes, sizes: int, *, in_tile: bool = False, of: bool = False) -> bytes:
    """Say that precincts are of some size, for all, or in a tile, or for one colour."""
    said = style(data)
    at, tile = data.index(STYLE), data.index(TILE)
    precincts = bytes([sizes] * (said[5] + 1))
    asking = segment(STYLE, bytes([said[0] | 1]) + bytes(said[1:]) + precincts)
    if of:
        asking = segment(b"\xff\x53", bytes([0, 1]) + bytes(said[5:]) + precincts)
    if not in_tile:
        end = at + 4 + len(said)
        return data[: end if of else at] + asking + data[end:]
    length = int.from_bytes(data[tile + 6 : tile + 10], "big") + len(asking)
    return (
        data[: tile + 6]
        + pack(">I", length)
        + data[tile + 10 : tile + 12]
        + asking
        + data[tile + 12 :]
    )


def changed(data: bytes, at: int, to: bytes) -> bytes:
    place = data.index(STYLE) + 4 + at
    return data[:place] + to + data[place + len(to) :]


@pytest.mark.parametrize(
    "bomb",
    [
        with_precincts(STREAM, 0x11),
        with_precincts(STREAM, 0x00),
        with_precincts(STREAM, 0x11, in_tile=True),
        with_precincts(STREAM, 0x11, of=True),
        with_precincts(STREAM, 0x11, of=True, in_tile=True),
        changed(STREAM, 2, b"\xff\xff"),
        changed(STREAM, 2, b"\0\0"),
        changed(STREAM, 5, b"\x21"),
        STREAM[: STREAM.index(STYLE)],
    ],
)
def test_what_would_take_too_much_is_never_given_to_a_decoder(bomb: bytes) -> None:
    assert is_refused(bomb)


def test_small_code_blocks_of_a_large_picture_are_too_many() -> None:
    large = np.zeros((2048, 2048), np.uint16)
    data = encode(large, layout_of(large), JPEG2000Lossless)
    assert np.array_equal(decode(data, layout_of(large), JPEG2000Lossless), large)
    assert is_refused(changed(data, 6, b"\0\0"))


@pytest.mark.parametrize("tile", [(64, 64), (128, 96)])
def test_tiles_of_encoders_pass(tile: tuple[int, int]) -> None:
    tiled = bytes(imagecodecs.htj2k_encode(PICTURE, reversible=True, tile=tile))
    assert np.array_equal(decode(tiled, LAYOUT, HTJ2KLossless), PICTURE)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless])
@pytest.mark.parametrize("signed", [False, True])
def test_a_stream_with_a_sign_that_the_header_does_not_know_is_suspect(
    syntax: str, *, signed: bool
) -> None:
    made = PICTURE.astype(np.int16) - 2048 if signed else PICTURE
    layout = layout_of(made)
    other = layout_of(made.view(np.uint16 if signed else np.int16))
    assert layout.signed is signed is not other.signed
    data = encode(made, layout, syntax)
    assert np.array_equal(decode(data, layout, syntax), made)
    with pytest.raises(SuspectError):
        decode(data, other, syntax)


def test_a_stream_of_another_size_or_of_no_size_is_none() -> None:
    at = STREAM.index(SIZE) + 6
    larger = STREAM[:at] + pack(">2I", 60000, 60000) + STREAM[at + 8 :]
    found = read_picture(larger)
    assert found is None or (found.rows, found.columns) == (60000, 60000)
    for data in (larger, STREAM[2:], STREAM[:20], STREAM[: at + 16] + bytes(8) + STREAM[at + 24 :]):
        with pytest.raises(SuspectError):
            decode(data, LAYOUT, JPEG2000Lossless)
