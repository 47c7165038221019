"""Frames written anew: one at a time, lossless, and compared before they are stored."""

import io
from struct import pack, unpack

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from deid.errors import Reason, SuspectError
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.pixels.coding.planes import load_frame, luminance
from deid.pixels.rewriting.blanking import Blank, background, is_proven
from deid.pixels.rewriting.encapsulated import Rewriting, Rewritten
from deid.pixels.staying import ViewTag
from deid.source import Lazy, Slice
from tests.deid.pictures import (
    Array,
    described,
    encapsulated,
    joined,
    native,
    opened,
    written,
)

BOX = np.array([(10, 5), (30, 5), (30, 20), (10, 20)], np.int32)
SHAPE = (48, 64)
BLANK = Blank(SHAPE, ((BOX, 1),), ())
INSIDE = BLANK.mask().astype(bool)


def noise(frames: int = 3, bits: int = 12) -> Array:
    rng = np.random.default_rng(bits)
    smooth = np.add.outer(np.arange(SHAPE[0]), np.arange(SHAPE[1])) << max(bits - 8, 0)
    made = rng.integers(0, 1 << bits - 3, (frames, *SHAPE)) + smooth
    return made.astype(np.uint8 if bits == 8 else np.uint16)


def lossy(picture: Array, syntax: UID) -> bytes:
    if syntax == JPEGBaseline8Bit:
        data = imagecodecs.jpeg8_encode(picture, level=80)
    elif syntax == JPEGExtended12Bit:
        data = imagecodecs.jpeg8_encode(picture, level=80, bitspersample=12)
    elif syntax == JPEGLSNearLossless:
        data = imagecodecs.jpegls_encode(picture, level=3)
    elif syntax == JPEG2000:
        data = imagecodecs.jpeg2k_encode(picture, level=30, codecformat="j2k", bitspersample=12)
    else:
        data = imagecodecs.htj2k_encode(picture, level=0.01, reversible=False)
    return data + b"\0" * (len(data) % 2)


def rewritten(source: bytes, *, held: int = 1 << 25, **blanks: Blank) -> Rewritten:
    """Blank frames by number: f2=BLANK."""
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    anew = Rewriting(reader, parsed, frames, held=held)
    for name, blank in blanks.items():
        index = int(name[1:]) - 1
        frame = load_frame(reader, frames.places[index], parsed, frames.layout)
        anew.blank(index, frame, blank)
    return anew.rewritten()


def frames_of(source: bytes) -> list[Array]:
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    return [load_frame(reader, place, parsed, frames.layout) for place in frames.places]


def streams_of(source: bytes) -> list[bytes]:
    reader, parsed = opened(source)
    return [read_frame(reader, place) for place in locate_frames(reader, parsed).places]


def lossless(frames: int = 3) -> bytes:
    pictures = noise(frames)
    layout = read_layout(described(pictures[0], BitsStored=12))
    streams = [encode(picture, layout, JPEGLSLossless) for picture in pictures]
    made = described(pictures, frames=frames, BitsStored=12)
    value, offsets, lengths = encapsulate_extended(streams)
    made.PixelData = value
    made["PixelData"].VR = "OB"
    made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = offsets, lengths
    return written(made, JPEGLSLossless)


def test_frames_beyond_what_is_held_are_made_when_they_are_written() -> None:
    source = lossless()
    blanks = {"f1": BLANK, "f3": BLANK}
    kept = rewritten(source, **blanks)
    one = min(len(piece) for piece in kept.pieces if isinstance(piece, bytes) and len(piece) > 60)
    for held, lazy in ((1 << 25, 0), (one + 200, 1), (0, 2)):
        done = rewritten(source, held=held, **blanks)
        assert sum(isinstance(piece, Lazy) for piece in done.pieces) == lazy
        assert joined(source, done.pieces) == joined(source, kept.pieces)
        assert done.header_changes == kept.header_changes


def test_the_extended_offset_table_is_right_before_the_frames_are_made() -> None:
    source = lossless()
    done = rewritten(source, held=0, f2=BLANK)
    finished = joined(source, done.pieces)
    _, parsed = opened(source)
    offsets = unpack("<3Q", done.header_changes["ExtendedOffsetTable"] or b"")
    lengths = unpack("<3Q", done.header_changes["ExtendedOffsetTableLengths"] or b"")
    start = finished.index(pack("<HHI", 0xFFFE, 0xE000, 0), len(source[: parsed.end])) + 8
    for offset, length in zip(offsets, lengths, strict=True):
        item = unpack("<HHI", finished[start + offset : start + offset + 8])
        assert item == (0xFFFE, 0xE000, length + length % 2)


def test_a_frame_that_comes_out_otherwise_than_it_was_proven_is_not_written() -> None:
    picture = noise(1)[0]
    layout = read_layout(described(picture, BitsStored=12))
    # As long as the first: what is alike stays alike
    first, other = (encode(one, layout, RLELossless) for one in (picture, picture ^ 1))
    source = encapsulated(picture, [first], RLELossless, BitsStored=12)
    (_, lazy, _) = rewritten(source, held=0, f1=BLANK).pieces[-3:]
    assert isinstance(lazy, Lazy)
    assert len(lazy.make(io.BytesIO(source))) == lazy.length
    with pytest.raises(SuspectError):
        lazy.make(io.BytesIO(source.replace(first, other)))


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_bits_of_frames_that_share_a_byte_are_all_blanked(photometric: str) -> None:
    ones = np.random.default_rng(2).integers(0, 2, (3, 9, 7)).astype(np.uint8)
    made = described(
        ones, frames=3, BitsAllocated=1, BitsStored=1, PhotometricInterpretation=photometric
    )
    made.PixelData = np.packbits(ones, bitorder="little").tobytes()
    made["PixelData"].VR = "OB"
    source = written(made, ExplicitVRLittleEndian)
    every = np.array([(0, 0), (6, 0), (6, 8), (0, 8)], np.int32)
    blank = Blank((9, 7), ((every, 1),), ())
    for blanks in ({"f1": blank, "f2": blank}, {"f1": blank, "f2": blank, "f3": blank}):
        after = frames_of(joined(source, rewritten(source, **blanks).pieces))
        for number, (new, old) in enumerate(zip(after, ones, strict=True), 1):
            gone = f"f{number}" in blanks
            assert (new == (photometric == "MONOCHROME1") if gone else new == old).all()


@pytest.mark.parametrize("planar", [0, 1])
def test_native_colours_are_blanked_where_their_planes_lie(planar: int) -> None:
    picture = np.random.default_rng(4).integers(1, 256, (2, *SHAPE, 3)).astype(np.uint8)
    source = native(picture, frames=2, PlanarConfiguration=planar)
    done = rewritten(source, f2=BLANK)
    assert sum(isinstance(piece, Lazy) for piece in done.pieces) == (3 if planar else 1)
    first, second = frames_of(joined(source, done.pieces))
    assert np.array_equal(first, picture[0])
    assert np.array_equal(second[~INSIDE], picture[1][~INSIDE])
    assert not second[INSIDE].any()


def test_native_rows_around_a_box_stay_slices() -> None:
    source = native(noise(), frames=3, BitsStored=12)
    done = rewritten(source, f2=BLANK)
    assert [type(piece) for piece in done.pieces] == [Slice, Lazy, Slice]
    (lazy,) = (piece for piece in done.pieces if isinstance(piece, Lazy))
    assert lazy.length == 16 * SHAPE[1] * 2
    finished = joined(source, done.pieces)
    assert len(finished) == len(source)
    for number, (after, before) in enumerate(zip(frames_of(finished), noise(), strict=True), 1):
        changed = after != before
        assert not changed[~INSIDE].any()
        assert changed.any() == (number == 2)
    assert (frames_of(finished)[1][INSIDE] == noise()[1].min()).all()


def test_a_change_outside_is_seen() -> None:
    before = noise()[0]
    after = before.copy()
    after[INSIDE] = 7
    mask = BLANK.mask()
    assert is_proven(before, after, mask, (7,))
    assert not is_proven(before, after, mask, (8,))
    after[0, 0] += 1
    assert not is_proven(before, after, mask, (7,))
    colour = np.repeat(before[..., None], 3, axis=2)
    filled = colour.copy()
    filled[INSIDE] = (0, 1, 2)
    assert is_proven(colour, filled, mask, (0, 1, 2))
    filled[0, 0, 2] += 1
    assert not is_proven(colour, filled, mask, (0, 1, 2))


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless])
def test_a_lossy_object_is_written_as_it_was_decoded(syntax: UID) -> None:
    bits = 8 if syntax == JPEGBaseline8Bit else 16 if syntax == JPEGLSNearLossless else 12
    pictures = noise(bits=bits)[:, :47, :63]  # of odd size
    made = described(pictures, frames=3, BitsStored=bits)
    streams = [lossy(picture.copy(), syntax) for picture in pictures]
    made.PixelData = encapsulate(streams)
    made["PixelData"].VR = "OB"
    source = written(made, syntax)
    blank = Blank((47, 63), ((BOX, 1),), ())
    before = frames_of(source)
    done = rewritten(source, f2=blank)
    assert done.transfer_syntax == ExplicitVRLittleEndian
    assert done.header_changes["LossyImageCompression"] == b"01"
    assert done.header_changes["ExtendedOffsetTable"] is None
    finished = joined(source, done.pieces).replace(
        syntax.encode() + b"\0" * (len(syntax) % 2), b"1.2.840.10008.1.2.1".ljust(22, b"\0"), 1
    )
    after = dcmread(io.BytesIO(finished)).pixel_array
    inside = blank.mask().astype(bool)
    for number, (new, old) in enumerate(zip(after, before, strict=True), 1):
        assert np.array_equal(new[~inside], old[~inside])
        assert np.array_equal(new, old) == (number != 2)
    assert (after[1][inside] == before[1].min()).all()


@pytest.mark.parametrize("syntax", [JPEG2000, HTJ2K])
def test_a_syntax_of_both_kinds_is_kept_and_only_the_frame_is_lossless(syntax: UID) -> None:
    bits = 12 if syntax == JPEG2000 else 16
    pictures = noise(bits=bits)
    source = encapsulated(
        pictures, [lossy(picture, syntax) for picture in pictures], syntax, BitsStored=bits
    )
    before = frames_of(source)
    assert not np.array_equal(before[1], pictures[1])
    done = rewritten(source, f2=BLANK)
    assert done.transfer_syntax is None
    finished = joined(source, done.pieces)
    assert streams_of(finished)[::2] == streams_of(source)[::2]
    after = frames_of(finished)
    assert np.array_equal(after[1][~INSIDE], before[1][~INSIDE])
    assert (after[1][INSIDE] == before[1].min()).all()


@pytest.mark.parametrize(
    ("syntax", "changes"),
    [
        (JPEGBaseline8Bit, {"PhotometricInterpretation": "YBR_FULL_422"}),
        (JPEGBaseline8Bit, {"PhotometricInterpretation": "RGB"}),
        (JPEG2000, {"PhotometricInterpretation": "YBR_ICT"}),
    ],
)
def test_lossy_colours_are_not_written_anew(syntax: UID, changes: dict[str, str]) -> None:
    picture = np.repeat(noise(1, 8)[0][..., None], 3, axis=2)
    if syntax == JPEG2000:
        data = imagecodecs.jpeg2k_encode(picture, level=30, codecformat="j2k")
    else:
        data = imagecodecs.jpeg8_encode(picture, level=90)
    source = encapsulated(picture, [data + b"\0" * (len(data) % 2)], syntax, **changes)
    assert joined(source, rewritten(source).pieces) == source
    with pytest.raises(SuspectError) as caught:
        rewritten(source, f1=BLANK)
    assert caught.value.reason is Reason.NOT_REENCODABLE


def test_a_lossy_object_with_signs_is_not_written_anew() -> None:
    picture = noise(1, 8)[0]
    source = encapsulated(
        picture, [lossy(picture, JPEGBaseline8Bit)], JPEGBaseline8Bit, PixelRepresentation=1
    )
    with pytest.raises(SuspectError) as caught:
        rewritten(source, f1=BLANK)
    assert caught.value.reason is Reason.NOT_REENCODABLE


def test_colours_of_lossy_jpeg_are_seen_as_its_stream_says() -> None:
    picture = np.zeros((*SHAPE, 3), np.uint8)
    picture[10:30, 10:30] = (0, 0, 255)
    data = imagecodecs.jpeg8_encode(picture, level=95)  # YCbCr, and says so
    data += b"\0" * (len(data) % 2)
    for photometric in ("RGB", "YBR_FULL_422"):
        source = encapsulated(
            picture, [data], JPEGBaseline8Bit, PhotometricInterpretation=photometric
        )
        reader, parsed = opened(source)
        frames = locate_frames(reader, parsed)
        frame = load_frame(reader, frames.places[0], parsed, frames.layout)
        plane = luminance(frame, frames.layout)
        assert abs(int(plane[20, 20]) - 29) <= 3
        assert int(plane[40, 40]) <= 2


def test_native_pixels_that_share_colours_are_blanked_by_twos() -> None:
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, 256, (SHAPE[0], SHAPE[1] // 2, 4)).astype(np.uint8)  # Y Y CB CR
    made = described(np.zeros((*SHAPE, 3), np.uint8), PhotometricInterpretation="YBR_FULL_422")
    made.PixelData = pairs.tobytes()
    made["PixelData"].VR = "OB"
    source = written(made, ExplicitVRLittleEndian)
    odd = np.array([(11, 5), (29, 5), (29, 20), (11, 20)], np.int32)
    blank = Blank(SHAPE, ((odd, 1),), (), paired=True)
    finished = joined(source, rewritten(source, f1=blank).pieces)
    after = np.frombuffer(finished[-pairs.size :], np.uint8).reshape(pairs.shape)
    inside = np.zeros(pairs.shape[:2], bool)
    inside[5:21, 5:15] = True
    assert (after[inside] == (0, 0, 128, 128)).all()
    assert np.array_equal(after[~inside], pairs[~inside])


@pytest.mark.parametrize(
    ("photometric", "padding", "share", "expected"),
    [
        ("MONOCHROME2", None, 0, 100),
        ("MONOCHROME2", 4095, 0.5, 4095),  # what surrounds the picture
        ("MONOCHROME2", 4095, 0.001, 100),  # said, and hardly there
        ("MONOCHROME1", None, 0, 3000),
        ("MONOCHROME1", 0, 0.5, 0),
    ],
)
def test_what_is_blanked_reads_as_background(
    photometric: str, padding: int | None, share: float, expected: int
) -> None:
    picture = np.linspace(100, 3000, SHAPE[0] * SHAPE[1]).astype(np.uint16).reshape(SHAPE)
    rows = round(SHAPE[0] * share)
    if padding is not None:
        picture[SHAPE[0] - rows :] = padding
        picture[-1, -1] = padding
        picture[0, 0] = 100
    if photometric == "MONOCHROME1" and padding is None:
        assert picture.max() == 3000
    changes = {} if padding is None else {"PixelPaddingValue": padding}
    reader, parsed = opened(
        native(picture, BitsStored=12, PhotometricInterpretation=photometric, **changes)
    )
    layout = locate_frames(reader, parsed).layout
    assert background(picture, BLANK, layout) == (expected,)


def test_signed_padding_is_what_it_is_in_the_frame() -> None:
    picture = np.full(SHAPE, 5, np.int16)
    picture[:20] = -2000
    picture[-1] = -2040
    reader, parsed = opened(native(picture, BitsStored=12, PixelPaddingValue=-2000))
    layout = locate_frames(reader, parsed).layout
    assert background(picture, BLANK, layout) == (-2000,)
    bits = picture.view(np.uint16) & 4095
    assert background(bits, BLANK, layout) == (-2000 & 4095,)


# --- what people and rules say ---------------------------------------------------------------

NUMBER = "19620314-2387"
ANY = ViewTag("", "")
