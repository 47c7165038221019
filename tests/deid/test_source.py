import io
import logging
from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)

from deid.errors import Reason, UnreadableError
from deid.source import parse
from deid.values import raw, value_of, walk
from tests.deid.headers import ROOT, dataset, mammogram, parsed, written

FRAMES = [bytes([number] * 20) for number in range(3)]


def reason(data: bytes) -> Reason:
    with pytest.raises(UnreadableError) as caught:
        parse(io.BytesIO(data))
    return caught.value.reason


def encapsulated(**changes: object) -> bytes:
    made = mammogram(NumberOfFrames="3", **changes)
    made.PixelData = encapsulate(FRAMES)
    made["PixelData"].is_undefined_length = True
    return written(made, JPEGLSLossless)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_native_pixels_are_located_and_never_read(syntax: str) -> None:
    data = written(mammogram(), syntax)
    result = parse(io.BytesIO(data))
    pixels = result.pixels
    assert pixels is not None
    assert data[pixels.start : pixels.start + 4] == b"\xe0\x7f\x10\x00"
    assert (pixels.end - pixels.value, pixels.end) == (64 * 48 * 2, len(data))
    assert not pixels.encapsulated
    assert 0x7FE00010 not in result.header
    assert result.header.Rows == 64
    assert result.transfer_syntax == syntax


def test_fragments_are_walked_to_the_delimiter() -> None:
    data = encapsulated()
    pixels = parse(io.BytesIO(data)).pixels
    assert pixels is not None
    assert pixels.encapsulated
    assert data[pixels.value : pixels.value + 4] == b"\xfe\xff\x00\xe0"
    assert pixels.end == len(data)


def test_what_follows_the_pixels_is_left_out() -> None:
    data = written(mammogram())
    trailing = b"\xfc\xff\xfc\xffOB\0\0" + pack("<I", 4) + b"\1\2\3\4"
    pixels = parse(io.BytesIO(data + trailing)).pixels
    assert pixels is not None
    assert pixels.end == len(data)


def test_an_extended_offset_table_stays_in_the_header() -> None:
    header = parsed(encapsulated(ExtendedOffsetTable=bytes(24))).header
    assert raw(header.get_item(0x7FE00001)) == bytes(24)


@pytest.mark.parametrize("cut", [150, 200, 905, -1, -5000])
def test_a_file_cut_short_is_unreadable(cut: int) -> None:
    assert reason(written(mammogram())[:cut]) in {Reason.TRUNCATED, Reason.MALFORMED}


def test_fragments_cut_short_are_unreadable() -> None:
    data = encapsulated()
    assert reason(data[:-8]) is Reason.TRUNCATED
    assert reason(data[:-20]) is Reason.TRUNCATED


def test_fewer_pixels_than_the_header_says_is_truncated() -> None:
    assert reason(written(mammogram(NumberOfFrames="2"))) is Reason.TRUNCATED


def test_fewer_fragments_than_frames_is_truncated() -> None:
    made = mammogram(NumberOfFrames="4")
    made.PixelData = encapsulate(FRAMES)
    made["PixelData"].is_undefined_length = True
    assert reason(written(made, JPEGLSLossless)) is Reason.TRUNCATED


@pytest.mark.parametrize(
    "count",
    ["2.0", "0000000003", "1000000000", "-5", "0", "3\\3", "three", "+3", "1e1", "99999", "3 3"],
)
def test_a_number_of_frames_that_is_no_number_is_malformed(count: str) -> None:
    value = count.encode() + b" " * (len(count) % 2)
    whole = encapsulated()
    at = whole.index(pack("<HH2s", 0x0028, 8, b"IS"))
    element = pack("<HH2sH", 0x0028, 8, b"IS", len(value)) + value
    assert reason(whole[:at] + element + whole[at + 10 :]) is Reason.MALFORMED


@pytest.mark.parametrize("count", [b"3 ", b"003 ", b" 3", b"3\0"])
def test_a_number_of_frames_may_be_padded(count: bytes) -> None:
    whole = encapsulated()
    at = whole.index(pack("<HH2s", 0x0028, 8, b"IS"))
    element = pack("<HH2sH", 0x0028, 8, b"IS", len(count)) + count
    assert parse(io.BytesIO(whole[:at] + element + whole[at + 10 :])).pixels is not None


def test_a_delimiter_with_a_length_is_malformed() -> None:
    assert reason(encapsulated()[:-4] + b"BIRK") is Reason.MALFORMED


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + bytes(200), bytes(128) + b"DICN" + bytes(64)])
def test_other_files_are_no_dicom(data: bytes) -> None:
    assert reason(data) is Reason.NOT_DICOM


@pytest.mark.parametrize(
    "syntax", [DeflatedExplicitVRLittleEndian, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.100"]
)
def test_syntaxes_that_cannot_be_checked_are_unreadable(syntax: str) -> None:
    data = written(mammogram()).replace(
        pack("<HH2sH", 2, 0x10, b"UI", 20) + b"1.2.840.10008.1.2.1\0",
        pack("<HH2sH", 2, 0x10, b"UI", len(syntax) + len(syntax) % 2)
        + syntax.encode()
        + bytes(len(syntax) % 2),
    )
    assert reason(data) is Reason.TRANSFER_SYNTAX


def test_nesting_without_end_is_malformed() -> None:
    head = pack("<HHI", 0x0040, 0xA730, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    whole = written(mammogram(), ImplicitVRLittleEndian)
    start = whole.index(pack("<HHI", 8, 5, 10))
    assert reason(whole[:start] + head * 5000) is Reason.MALFORMED


def test_a_giant_length_is_no_giant_read() -> None:
    whole = written(mammogram())
    start = whole.index(pack("<HH2s", 8, 5, b"CS"))
    giant = pack("<HH2sxxI", 8, 6, b"UT", 0xFFFFFFF0)
    assert reason(whole[:start] + giant) is Reason.TRUNCATED


def test_an_element_twice_is_malformed() -> None:
    whole = written(mammogram())
    start = whole.index(pack("<HH2s", 8, 5, b"CS"))
    assert reason(whole[:start] + whole[start : start + 18] + whole[start:]) is Reason.MALFORMED


def test_a_sequence_sent_as_unknown_is_opened() -> None:
    item = dataset(ReferencedSOPInstanceUID=f"{ROOT}.5")
    made = mammogram(ReferencedImageSequence=[item])
    whole = written(made)
    start = whole.index(pack("<HH2s", 0x0008, 0x1140, b"SQ"))
    length = int.from_bytes(whole[start + 8 : start + 12], "little")
    uid = f"{ROOT}.5".encode().ljust(28, b"\0")
    inner = pack("<HHI", 0x0008, 0x1155, len(uid)) + uid
    unknown = pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    element = pack("<HH2sxxI", 0x0008, 0x1140, b"UN", len(unknown)) + unknown
    header = parsed(whole[:start] + element + whole[start + 12 + length :]).header
    values = {path: raw(element) for path, element, _ in walk(header)}
    assert values[0x00081140, 0, 0x00081155] == uid


def test_reading_warns_and_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    made = mammogram()
    data = written(made).replace(b"ISO_IR 100", b"SJOSTROM^A").replace(b"19470802", b"Sjostrom")
    with caplog.at_level(logging.DEBUG):
        header = parsed(data).header
    assert value_of(header, 0x00100030) == "Sjostrom"
    assert not caplog.records


@settings(max_examples=60, deadline=None)
@given(st.integers(132, 3000), st.binary(min_size=1, max_size=12))
def test_damage_ends_in_a_parse_or_in_unreadable(at: int, junk: bytes) -> None:
    whole = bytearray(written(mammogram()))
    whole[at : at + len(junk)] = junk
    with suppress(UnreadableError):
        parse(io.BytesIO(bytes(whole)))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_undefined_lengths_and_nested_fragments_are_stepped_over(syntax: str) -> None:
    made = mammogram()
    made["ViewCodeSequence"].is_undefined_length = True
    made.ViewCodeSequence[0].is_undefined_length_sequence_item = True
    made.private_block(0x0029, "X", create=True).add_new(4, "SQ", [dataset(CodeMeaning="Y")])
    made[0x00291004].is_undefined_length = True
    if syntax == ExplicitVRLittleEndian:
        icon = dataset(PixelData=encapsulate(FRAMES))
        icon["PixelData"].is_undefined_length = True
        made.IconImageSequence = [icon]
    data = written(made, syntax)
    result = parse(io.BytesIO(data))
    assert result.pixels is not None
    assert result.pixels.end == len(data)
    assert result.header.ViewCodeSequence[0].CodeValue == "399162004"
    assert result.header[0x00291004].value[0].CodeMeaning == "Y"


def test_a_header_beyond_the_first_window_is_read() -> None:
    data = written(mammogram(ICCProfile=bytes(300_000)))
    result = parse(io.BytesIO(data))
    assert len(result.header.ICCProfile) == 300_000
    assert result.pixels is not None
    assert result.pixels.end == len(data)
