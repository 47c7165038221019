import io
from struct import pack, unpack

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import JPEGLSLossless, RLELossless

from deid.errors import Reason, SuspectError, UnreadableError
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.pixels.rewriting.splicing import splice_encapsulated
from deid.source import Slice
from tests.deid.pictures import Array, described, joined, native, opened, pixels_of, written

DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


def stack(frames: int = 3) -> Array:
    return np.random.default_rng(1).integers(0, 4096, (frames, 40, 50)).astype(np.uint16)


def streams(pictures: Array) -> list[bytes]:
    layout = read_layout(described(pictures[0], BitsStored=12))
    return [encode(picture, layout, JPEGLSLossless) for picture in pictures]


def item(data: bytes) -> bytes:
    return pack("<HHI", 0xFFFE, 0xE000, len(data)) + data


def halves(data: bytes) -> bytes:
    middle = len(data) // 4 * 2
    return item(data[:middle]) + item(data[middle:])


def enclosed(pictures: Array, value: bytes, **elements: bytes) -> bytes:
    made = described(pictures, frames=len(pictures), BitsStored=12)
    made.PixelData = value
    made["PixelData"].VR = "OB"
    for keyword, element in elements.items():
        setattr(made, keyword, element)
    return written(made, JPEGLSLossless)


def with_table(pictures: Array) -> bytes:
    return enclosed(pictures, encapsulate(streams(pictures), has_bot=True))


def without_table(pictures: Array) -> bytes:
    return enclosed(pictures, encapsulate(streams(pictures), has_bot=False))


def extended(pictures: Array) -> bytes:
    value, offsets, lengths = encapsulate_extended(streams(pictures))
    return enclosed(
        pictures, value, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths
    )


def in_parts_with_table(pictures: Array) -> bytes:
    bodies = [halves(data) for data in streams(pictures)]
    starts = np.cumsum([0, *(len(body) for body in bodies[:-1])])
    table = item(pack(f"<{len(starts)}I", *starts))
    return enclosed(pictures, table + b"".join(bodies) + DELIMITER)


def in_parts_without_table(pictures: Array) -> bytes:
    bodies = b"".join(halves(data) for data in streams(pictures))
    return enclosed(pictures, item(b"") + bodies + DELIMITER)


SHAPES = pytest.mark.parametrize(
    "made", [with_table, without_table, extended, in_parts_with_table, in_parts_without_table]
)


@SHAPES
@pytest.mark.parametrize("count", [1, 3])
def test_every_frame_is_found(made, count) -> None:
    pictures = stack(count)
    reader, parsed = opened(made(pictures))
    frames = locate_frames(reader, parsed)
    assert [read_frame(reader, place) for place in frames.places] == streams(pictures)


@SHAPES
@pytest.mark.parametrize("changed", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_exchanged_frames_leave_the_others(made, changed) -> None:
    pictures, others = stack(), stack()[:, ::-1] // 3
    source = made(pictures)
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    new = {index: streams(others)[index] for index in changed}
    pieces, header_changes = splice_encapsulated(parsed, frames, new)
    finished = dcmread(io.BytesIO(joined(source, pieces)))
    for keyword, value in header_changes.items():
        finished[keyword].value = value
    buffer = io.BytesIO()
    finished.save_as(buffer)
    expected = np.where(np.isin(np.arange(3), changed)[:, None, None], others, pictures)
    assert np.array_equal(pixels_of(buffer.getvalue()), expected)
    assert set(header_changes) == (
        {"ExtendedOffsetTable", "ExtendedOffsetTableLengths"} if made is extended else set()
    )
    assert sum(isinstance(piece, Slice) for piece in pieces) == 1 + 3 - len(changed)
    reader, parsed = opened(buffer.getvalue())
    assert len(locate_frames(reader, parsed).places) == 3


def test_the_basic_offset_table_is_kept_right() -> None:
    pictures = stack()
    source = with_table(pictures)
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    pieces, _ = splice_encapsulated(parsed, frames, {0: b"\0" * 10})
    table = pieces[1]
    assert isinstance(table, bytes)
    lengths = [10, *(len(data) for data in streams(pictures)[1:])]
    assert unpack("<3I", table[8:]) == (0, 18, 18 + 8 + lengths[1])


def test_native_frames_are_found() -> None:
    pictures = stack()
    reader, parsed = opened(native(pictures, frames=3, BitsStored=12))
    frames = locate_frames(reader, parsed)
    assert [read_frame(reader, place) for place in frames.places] == [
        picture.tobytes() for picture in pictures
    ]


@pytest.mark.parametrize(
    "value",
    [
        item(b"") + item(b"ab") * 4 + DELIMITER,  # four items, three frames, no table, no end
        item(pack("<3I", 0, 20, 10)) + item(b"ab") * 3 + DELIMITER,  # backwards
        item(pack("<3I", 0, 10, 10)) + item(b"ab") * 3 + DELIMITER,  # one of them twice
    ],
)
def test_frames_that_cannot_be_told_apart_are_suspect(value: bytes) -> None:
    reader, parsed = opened(enclosed(stack(), value))
    with pytest.raises(SuspectError) as caught:
        locate_frames(reader, parsed)
    assert caught.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize(
    "table",
    [
        pack("<3I", 0, 10, 21),  # no item at 21
        pack("<3I", 10, 10, 20),  # starts in the middle
        pack("<2I", 0, 10),  # too short
        pack("<4I", 0, 10, 20, 0x4B524942),  # room for a name
        pack("<3I", 0, 10, 20) + b"AN",
        b"BIRK",
    ],
)
def test_a_table_of_anything_but_offsets_is_unreadable(table: bytes) -> None:
    reader, parsed = opened(enclosed(stack(), item(table) + item(b"ab") * 3 + DELIMITER))
    with pytest.raises(UnreadableError) as caught:
        locate_frames(reader, parsed)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("offsets", "lengths"),
    [
        ((0, 10, 20), (2, 2, 4)),
        ((0, 10, 20), (2, 2)),
        ((0, 10, 20), (2, 2, 0x4B524942)),
        ((), (1, 1, 1)),
    ],
)
def test_an_extended_table_that_lies_is_suspect(offsets, lengths) -> None:
    extra = {
        "ExtendedOffsetTable": pack(f"<{len(offsets)}Q", *offsets),
        "ExtendedOffsetTableLengths": pack(f"<{len(lengths)}Q", *lengths),
    }
    value = item(b"") + item(b"ab") * 3 + DELIMITER
    reader, parsed = opened(enclosed(stack(), value, **extra))
    with pytest.raises(SuspectError):
        locate_frames(reader, parsed)


def test_two_tables_or_a_table_of_native_pixels_are_suspect() -> None:
    table = {"ExtendedOffsetTable": bytes(24), "ExtendedOffsetTableLengths": bytes(24)}
    both = enclosed(stack(), encapsulate(streams(stack()), has_bot=True), **table)
    alone = native(stack(), frames=3, BitsStored=12, **table)
    for source in (both, alone):
        reader, parsed = opened(source)
        with pytest.raises(SuspectError):
            locate_frames(reader, parsed)


@pytest.mark.parametrize(("rows", "frames"), [(12000, 1), (4000, 1000)])
def test_more_than_any_detector_gives_is_suspect(rows: int, frames: int) -> None:
    made = described(np.zeros((8, 8), np.uint16), Rows=rows, Columns=rows, NumberOfFrames=frames)
    made.PixelData = encapsulate([b"ab"] * frames)
    made["PixelData"].VR = "OB"
    reader, parsed = opened(written(made, JPEGLSLossless))
    with pytest.raises(SuspectError):
        locate_frames(reader, parsed)


@pytest.mark.parametrize("count", [1, 2])
def test_more_pixels_than_frames_are_suspect(count: int) -> None:
    reader, parsed = opened(native(stack(3), frames=3, BitsStored=12, NumberOfFrames=count))
    with pytest.raises(SuspectError) as caught:
        locate_frames(reader, parsed)
    assert caught.value.reason is Reason.UNDECODABLE


def test_rle_is_one_item_a_frame() -> None:
    pictures = stack(2)
    layout = read_layout(described(pictures[0]))
    made = described(pictures, frames=2)
    made.PixelData = encapsulate([encode(picture, layout, RLELossless) for picture in pictures])
    made["PixelData"].VR = "OB"
    reader, parsed = opened(written(made, RLELossless))
    assert len(locate_frames(reader, parsed).places) == 2
