"""Deflated and big endian objects, held against what pydicom reads in them."""

import io
import zlib
from collections.abc import Callable
from struct import pack

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from deid.conversion import Conversion, convert
from deid.errors import Reason, UnreadableError
from deid.source import parse
from tests.deid import documents
from tests.deid.headers import written
from tests.foreign_order import big_endian, deflated
from tests.objects import mammogram, part10

LIMIT = 1 << 30
Write = Callable[[Dataset], bytes]
WRITERS = pytest.mark.parametrize("write", [deflated, big_endian])


def begun(data: bytes, *, limit: int = LIMIT) -> Conversion:
    conversion = convert(io.BytesIO(data), limit=limit)
    assert conversion is not None
    return conversion


def converted(data: bytes) -> bytes:
    conversion = begun(data)
    made = b"".join(conversion.blocks)
    assert len(made) == conversion.size
    return made


def reason(data: bytes, *, limit: int = LIMIT) -> Reason:
    with pytest.raises(UnreadableError) as caught:
        b"".join(begun(data, limit=limit).blocks)
    return caught.value.reason


def numbered() -> Dataset:
    """A mammogram with numbers of every VR, at two depths and in private blocks."""
    made = mammogram()
    values = {
        "AT": [0x00080018, 0x7FE00010],
        "FD": [1.5, -2.25],
        "FL": [0.5, -4.0],
        "OB": b"\1\2\3\4",
        "OD": bytes(range(16)),
        "OF": bytes(range(8)),
        "OL": bytes(range(8)),
        "OV": bytes(range(16)),
        "OW": b"\1\2\3\4",
        "SL": [-70000, 70000],
        "SS": [-2, 300],
        "SV": [-(1 << 40), 5],
        "UC": "A\\B",
        "UL": [1 << 31, 7],
        "UN": b"\1\2\3\4\5\6",
        "UR": "urn:x",
        "US": [1, 258, 65535],
        "UT": "Anna",
        "UV": [1 << 50, 3],
    }
    item = Dataset()
    for place in (made, item):
        block = place.private_block(0x0019, "MAKER OF ALL", create=True)
        for number, (vr, value) in enumerate(values.items(), 1):
            block.add_new(number, vr, value)
    inner = Dataset()
    inner.ReferencedFrameNumber = [1, 2]
    item.ReferencedImageSequence = [inner]
    item.PixelSpacingCalibrationType = "GEOMETRY"
    made.SourceImageSequence = [item, Dataset()]
    return made


def same(one: Dataset, other: Dataset) -> None:
    """Hold two datasets against each other, value by value as pydicom reads them."""
    assert [element.tag for element in one] == [element.tag for element in other]
    for element, twin in zip(one, other, strict=True):
        assert element.VR == twin.VR
        if element.VR == "SQ":
            for item, its in zip(element.value, twin.value, strict=True):
                same(item, its)
        elif element.VR not in {"OW", "OD", "OF", "OL", "OV"}:
            assert element.value == twin.value


@WRITERS
def test_every_value_at_every_depth_is_the_same(write: Write) -> None:
    data = write(numbered())
    before, after = dcmread(io.BytesIO(data)), dcmread(io.BytesIO(converted(data)))
    assert after.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    same(before, after)
    assert np.array_equal(before.pixel_array, after.pixel_array)


@WRITERS
def test_it_is_the_file_that_little_endian_would_have_been(write: Write) -> None:
    assert converted(write(numbered())) == part10(numbered())


@WRITERS
def test_what_has_no_pixels_is_converted_too(write: Write) -> None:
    data = write(dcmread(io.BytesIO(written(documents.report()))))
    parsed = parse(io.BytesIO(converted(data)))
    assert parsed.pixels is None
    same(dcmread(io.BytesIO(data)), dcmread(io.BytesIO(converted(data))))


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_pixels_of_a_byte_in_words_or_in_bytes(vr: str) -> None:
    made = mammogram(pixels=np.arange(256 * 192, dtype=np.uint16).reshape(256, 192))
    made.PixelData = np.arange(256 * 192).astype(np.uint8).tobytes()
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit = 7
    made["PixelData"].VR = vr
    expected = made.pixel_array.copy()
    data = big_endian(made)
    assert np.array_equal(dcmread(io.BytesIO(converted(data))).pixel_array, expected)


def test_sixteen_bits_in_bytes_are_in_no_order_one_could_know() -> None:
    made = mammogram()
    made["PixelData"].VR = "OB"
    assert reason(big_endian(made)) is Reason.MALFORMED


def test_pixels_of_four_bytes_are_turned_as_one_number() -> None:
    made = mammogram()
    values = np.arange(256 * 192, dtype=np.uint32) * 70000
    made.PixelData, made.BitsAllocated = values.tobytes(), 32
    data = converted(big_endian(made))
    pixels = parse(io.BytesIO(data)).pixels
    assert pixels is not None
    assert np.array_equal(np.frombuffer(data[pixels.value : pixels.end], "<u4"), values)


def test_what_is_unknown_is_little_endian_and_stays() -> None:
    """PS3.5 §6.2.2: whatever the transfer syntax, it is in implicit VR little endian."""
    item = pack("<HHI", 0x0008, 0x1150, 4) + b"1.2\0"
    nested = pack("<HHI", 0x0008, 0x1199, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 12) + item
    nested += pack("<HHI", 0xFFFE, 0xE0DD, 0)
    unknown = pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + nested + pack("<HHI", 0xFFFE, 0xE00D, 0)
    unknown += pack("<HHI", 0xFFFE, 0xE0DD, 0)
    data = big_endian(mammogram())
    at = data.index(pack(">HH2s", 0x0008, 0x0008, b"CS"))
    head = pack(">HH2sxxI", 0x0007, 0x1001, b"UN", 0xFFFFFFFF)
    made = converted(data[:at] + head + unknown + data[at:])
    assert pack("<HH2sxxI", 0x0007, 0x1001, b"UN", 0xFFFFFFFF) + unknown in made
    assert 0x00071001 in parse(io.BytesIO(made)).header


def test_group_lengths_stay_true() -> None:
    data = big_endian(mammogram())
    at = data.index(pack(">HH2s", 0x0008, 0x0005, b"CS"))
    length = pack(">HH2sHI", 0x0008, 0, b"UL", 4, 0x01020304)
    made = converted(data[:at] + length + data[at:])
    assert pack("<HH2sHI", 0x0008, 0, b"UL", 4, 0x01020304) in made


@pytest.mark.parametrize("made", [mammogram(), documents.report()], ids=["mg", "sr"])
def test_other_objects_are_not_converted(made: Dataset) -> None:
    assert convert(io.BytesIO(written(made)), limit=LIMIT) is None


@pytest.mark.parametrize(
    "data", [b"", b"1.2.840.10008.1.2.2", bytes(128) + b"DICM1.2.840.10008.1.2.2"]
)
def test_what_is_no_object_is_left_to_who_parses(data: bytes) -> None:
    assert convert(io.BytesIO(data), limit=LIMIT) is None


@WRITERS
@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_what_is_cut_short_is_never_whole(write: Write, share: float) -> None:
    data = write(mammogram())
    start = data.index(b"\x02\0\x12\0")  # within the file meta
    cut = data[: start + 60 + int((len(data) - start - 60) * share)]
    assert reason(cut) is Reason.TRUNCATED


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_report_that_is_cut_short_is_not_taken_for_a_shorter_one(share: float) -> None:
    data = deflated(dcmread(io.BytesIO(written(documents.report()))))
    start = 400
    assert reason(data[: start + int((len(data) - start) * share)]) is Reason.TRUNCATED


def test_what_does_not_unpack_is_malformed() -> None:
    data = deflated(mammogram())
    start = _start(data)
    assert reason(data[:start] + b"\xff" * 200) is Reason.MALFORMED
    assert reason(data[:start] + zlib.compress(bytes(100))) is Reason.MALFORMED


def _start(data: bytes) -> int:
    return 144 + int(dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta[0x00020000].value)


def bomb(length: int, *, unpacked: int) -> bytes:
    """A deflated mammogram whose pixel data says one length, and unpacks to another."""
    whole = part10(mammogram())
    parsed = parse(io.BytesIO(whole))
    assert parsed.pixels is not None
    head = whole[_start(whole) : parsed.pixels.value - 4] + pack("<I", length)
    packer = zlib.compressobj(9, wbits=-15)
    parts = [packer.compress(head)]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(unpacked >> 20)]
    packed = deflated(mammogram())
    return packed[: _start(packed)] + b"".join(parts) + packer.flush()


def test_a_bomb_is_told_by_its_header_and_not_unpacked() -> None:
    data = bomb(0xFFFFFFF0, unpacked=64 << 20)
    assert len(data) < 1 << 18
    assert reason(data) is Reason.BOMB
    assert reason(bomb(1 << 29, unpacked=1 << 20), limit=1 << 28) is Reason.BOMB


def test_what_follows_the_pixels_is_never_unpacked() -> None:
    data = bomb(256 * 192 * 2, unpacked=64 << 20)
    assert len(converted(data)) < 1 << 17


def test_a_header_without_end_is_malformed() -> None:
    whole = part10(mammogram())
    start = _start(whole)
    endless = whole[start : start + 18] + pack("<HH2sxxI", 0x0008, 6, b"UT", 1 << 31)
    packer = zlib.compressobj(9, wbits=-15)
    parts = [packer.compress(endless)] + [packer.compress(bytes(1 << 20)) for _ in range(80)]
    packed = deflated(mammogram())
    assert reason(packed[: _start(packed)] + b"".join(parts) + packer.flush()) is Reason.MALFORMED


class Counting(io.BytesIO):
    """Tells how much was read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@WRITERS
def test_for_its_header_no_more_is_read_than_that(write: Write) -> None:
    rng = np.random.default_rng(1)
    made = mammogram(pixels=rng.integers(0, 1 << 16, (2000, 2000), dtype=np.uint16))
    reader = Counting(write(made))
    conversion = convert(reader, limit=LIMIT)
    assert conversion is not None
    taken = 0
    while taken < 1 << 17:
        taken += len(next(conversion.blocks))
    assert reader.taken < 1 << 20


@pytest.mark.parametrize(
    ("at", "by"),
    [
        (b"\0\x28\0\x10US\0\2", b"\0\x28\0\x10US\0\3"),
        (b"\0\x28\0\x10US\0\2", b"\0\x28\0\x10ZZ\0\2"),
    ],
)
def test_a_number_cut_in_half_or_of_no_kind_is_malformed(at: bytes, by: bytes) -> None:
    data = big_endian(mammogram())
    assert data.count(at) == 1
    assert reason(data.replace(at, by)) is Reason.MALFORMED


def test_nesting_without_end_is_malformed() -> None:
    data = big_endian(mammogram())
    at = data.index(pack(">HH2s", 0x0008, 0x0005, b"CS"))
    head = pack(">HH2sxxI", 0x0040, 0xA730, b"SQ", 0xFFFFFFFF)
    head += pack(">HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    assert reason(data[:at] + head * 5000) is Reason.MALFORMED
    unknown = pack(">HH2sxxI", 0x0007, 0x1001, b"UN", 0xFFFFFFFF)
    unknown += pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) * 5000
    assert reason(data[:at] + unknown) is Reason.MALFORMED


def test_a_million_elements_are_malformed_before_they_are_counted() -> None:
    data = big_endian(mammogram())
    at = data.index(pack(">HH2s", 0x0008, 0x0005, b"CS"))
    assert reason(data[:at] + pack(">HH2sH", 9, 9, b"LO", 0) * 300_000) is Reason.MALFORMED
