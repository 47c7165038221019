import io
from struct import pack

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from deid.deidentify import deidentify, inspect
from deid.errors import Reason, SuspectError
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person, Subkeys
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.pixels.coding.planes import load_frame
from deid.pixels.coding.streams import check_finished, check_streams
from deid.pixels.redact import redact
from deid.pixels.rewriting.splicing import splice_encapsulated
from deid.pixels.staying import ViewTag
from deid.profiles.profile import load_profile
from deid.source import Slice
from tests.deid.pictures import (
    Array,
    described,
    encapsulated,
    joined,
    opened,
    pixels_of,
    text_reader,
    written,
)
from tests.objects import mammogram, part10
from tests.pieces import put_together

NAME = b"Birk^Anna 19470802-2391"
SYNTAXES = [JPEGLSLossless, JPEGLosslessSV1, JPEG2000Lossless, HTJ2KLossless]
SUBKEYS = Subkeys(b"u" * 32, b"a" * 32, b"d" * 32, b"t" * 32)


def picture(seed: int = 1, rows: int = 60) -> Array:
    noise = np.random.default_rng(seed).integers(0, 4096, (rows, 50)).astype(np.uint16)
    noise[rows // 2 :] = 0
    return noise


def stream(syntax: str, image: Array | None = None) -> bytes:
    image = picture() if image is None else image
    return encode(image, read_layout(described(image, BitsStored=12)), syntax)


def baseline() -> bytes:
    return bytes(imagecodecs.jpeg8_encode((picture() >> 4).astype(np.uint8), level=90))


def segment(marker: int, body: bytes) -> bytes:
    return pack(">BBH", 0xFF, marker, len(body) + 2) + body


def beside(data: bytes, syntax: str, body: bytes = NAME, marker: int = 0xFE) -> bytes:
    """Put a comment where the syntax has room for one."""
    if syntax in (JPEG2000Lossless, HTJ2KLossless):
        at = data.index(b"\xff\x52")
        return data[:at] + segment(0x64, b"\0\x01" + body) + data[at:]
    return data[:2] + segment(marker, body) + data[2:]


def around(*codestreams: bytes, syntax: str, **changes: object) -> bytes:
    even = [data + b"\0" * (len(data) % 2) for data in codestreams]
    pictures = np.stack([picture()] * len(even)) if len(even) > 1 else picture()
    return encapsulated(pictures, even, syntax, **{"BitsStored": 12, **changes})


def cut(source: bytes) -> frozenset[int]:
    reader, parsed = opened(source)
    return check_streams(reader, parsed, locate_frames(reader, parsed)).cut


def is_suspect(source: bytes) -> bool:
    with pytest.raises(SuspectError) as caught:
        cut(source)
    return caught.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize("image", [picture(), picture(rows=1), picture()[:, :1]])
def test_what_encoders_write_passes_as_it_is(syntax: str, image: Array) -> None:
    data = stream(syntax, np.ascontiguousarray(image))
    assert not cut(encapsulated(np.stack([image] * 2), [data] * 2, syntax, BitsStored=12))


def test_lossy_and_coloured_streams_pass() -> None:
    grey = (picture() >> 4).astype(np.uint8)
    colour = np.stack([grey] * 3, axis=-1)
    for image in (grey, colour):
        data = bytes(imagecodecs.jpeg8_encode(image, level=90))
        assert cut(encapsulated(image, [data], JPEGBaseline8Bit)) == frozenset()
    layout = read_layout(described(colour))
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        assert not cut(encapsulated(colour, [encode(colour, layout, syntax)], syntax))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_comments_are_left_out_and_nothing_else(syntax: str) -> None:
    clean = stream(syntax)
    source = around(clean, beside(clean, syntax), clean, syntax=syntax)
    reader, parsed = opened(source)
    assert NAME in source
    with pytest.raises(SuspectError):
        check_finished(reader, parsed)
    redaction = redact(reader, parsed, text_reader(), view=ViewTag("", ""))
    finished = joined(source, redaction.pieces)
    assert NAME not in finished
    assert not redaction.boxes
    reader, parsed = opened(finished)
    check_finished(reader, parsed)
    places = locate_frames(reader, parsed).places
    streams = {read_frame(reader, place).rstrip(b"\0") for place in places}
    assert streams == {clean.rstrip(b"\0")}
    for place in places:
        assert np.array_equal(
            load_frame(reader, place, parsed, read_layout(parsed.header)), picture()
        )


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE8, 0xED, 0xEE, 0xFE])
def test_application_segments_of_anybody_are_left_out(marker: int) -> None:
    data = beside(stream(JPEGLosslessSV1), JPEGLosslessSV1, NAME, marker)
    assert cut(around(data, syntax=JPEGLosslessSV1)) == {0}


@pytest.mark.parametrize(
    ("syntax", "marker", "body"),
    [
        (JPEGLosslessSV1, 0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        (JPEGLosslessSV1, 0xEE, b"Adobe\0d\0\0\0\0\0"),
        (JPEGLosslessSV1, 0xFE, b"LEAD Technologies Inc. V1.01\0"),
        (JPEGLSLossless, 0xE8, b"mrfx\1"),
        (JPEGLSLossless, 0xE8, b"\0\0\0\1\xff\xd8"),
        (JPEG2000Lossless, 0, b"Kakadu-2.2"),
        (JPEG2000Lossless, 0, b"Created by GDCM/OpenJPEG version 2.3.0"),
        (JPEG2000Lossless, 0, b"Creator: JasPer Version 1.701.0"),
        (HTJ2KLossless, 0, b"OpenJPH Ver 0.7.3."),
    ],
)
def test_what_codecs_say_of_themselves_passes_but_no_word_more(
    syntax: str, marker: int, body: bytes
) -> None:
    clean = stream(syntax)
    assert not cut(around(beside(clean, syntax, body, marker), syntax=syntax))
    assert cut(around(beside(clean, syntax, body + b" " + NAME, marker), syntax=syntax))


def test_a_cut_frame_in_parts_with_an_extended_table_is_put_right() -> None:
    commented = beside(stream(JPEGLSLossless), JPEGLSLossless)
    commented += b"\0" * (len(commented) % 2)
    value, offsets, lengths = encapsulate_extended([commented, stream(JPEGLSLossless)])
    made = described(np.stack([picture()] * 2), frames=2, BitsStored=12)
    made.PixelData, made.ExtendedOffsetTable = value, offsets
    made.ExtendedOffsetTableLengths = lengths
    made["PixelData"].VR = "OB"
    source = written(made, JPEGLSLossless)
    reader, parsed = opened(source)
    frames = check_streams(reader, parsed, locate_frames(reader, parsed))
    pieces, changes = splice_encapsulated(parsed, frames, {})
    finished = joined(source, pieces)
    for old, new in ((offsets, "ExtendedOffsetTable"), (lengths, "ExtendedOffsetTableLengths")):
        finished = finished.replace(old, changes[new], 1)
    check_finished(*opened(finished))
    assert NAME not in finished
    halves = encapsulate([commented], fragments_per_frame=2, has_bot=False)
    made = described(picture(), BitsStored=12)
    made.PixelData = halves
    made["PixelData"].VR = "OB"
    source = written(made, JPEGLSLossless)
    reader, parsed = opened(source)
    frames = check_streams(reader, parsed, locate_frames(reader, parsed))
    pieces, _ = splice_encapsulated(parsed, frames, {})
    assert np.array_equal(pixels_of(joined(source, pieces)), picture())


def test_untouched_frames_stay_one_slice_each() -> None:
    source = around(stream(JPEGLSLossless), stream(JPEGLSLossless), syntax=JPEGLSLossless)
    reader, parsed = opened(source)
    pieces = redact(reader, parsed, text_reader(), view=ViewTag("", "")).pieces
    assert [type(piece) for piece in pieces] == [Slice]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("count", [None, "1"])
def test_frames_nobody_looks_at_are_suspect(syntax: str, count: str | None) -> None:
    made = described(picture(), BitsStored=12)
    if count:
        made.NumberOfFrames = count
    made.PixelData = encapsulate([stream(syntax), stream(syntax, picture(2))], has_bot=False)
    made["PixelData"].VR = "OB"
    assert is_suspect(written(made, syntax))


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize("tail", [NAME, b"\0" + NAME, b"\0" * 40, b"\xff\xd9", b"\0" * 15 + b"AB"])
def test_bytes_behind_the_end_are_suspect(syntax: str, tail: bytes) -> None:
    assert is_suspect(around(stream(syntax) + tail, syntax=syntax))


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize("change", [{"Rows": 61}, {"Columns": 49}, {"BitsAllocated": 8}])
def test_a_stream_of_another_picture_is_suspect(syntax: str, change: dict[str, int]) -> None:
    stored = {"BitsStored": 8} if "BitsAllocated" in change else {}
    assert is_suspect(around(stream(syntax), syntax=syntax, **change, **stored))


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
def test_a_stream_cut_anywhere_is_suspect(syntax: str) -> None:
    whole = stream(syntax).rstrip(b"\0")
    for length in [*range(2, 120, 2), len(whole) // 4 * 2, (len(whole) - 2) // 2 * 2]:
        assert is_suspect(around(whole[:length], syntax=syntax))


def jpeg_cases() -> dict[str, bytes]:
    lossless, ls, lossy = stream(JPEGLosslessSV1), stream(JPEGLSLossless), baseline()
    table = lossless.index(b"\xff\xc4")
    length = int.from_bytes(lossless[table + 2 : table + 4], "big") + 2
    scan = lossless.index(b"\xff\xda")
    codes = b"\3" + bytes(15) + b"\x0b" + NAME[:11]
    return {
        "a table again": lossless[:table] + lossless[table : table + length] + lossless[table:],
        "a table of text": lossless[:table] + segment(0xC4, codes) + lossless[table:],
        "quantisers of nothing": lossless[:2] + segment(0xDB, bytes(65)) + lossless[2:],
        "unused quantisers": lossy[:2] + segment(0xDB, b"\3" + NAME.ljust(64)) + lossy[2:],
        "a second frame": lossless[:scan] + lossless[2:],
        "a second scan": lossless.rstrip(b"\0")[:-2] + lossless[scan:],
        "a palette": ls[:2] + segment(0xF8, b"\2\1\3" + NAME + b" ") + ls[2:],
        "an unknown segment": ls[:2] + segment(0xF0, NAME) + ls[2:],
        "a thousand segments": ls[:2] + segment(0xDD, b"\0\0") * 2000 + ls[2:],
        "no start": b"\0" + ls,
        "a long fill": ls[:2] + b"\xff" * 100 + ls[2:],
        "a comment cut short": ls[:2] + b"\xff\xfe\xff\xff" + NAME,
    }


@pytest.mark.parametrize("name", list(jpeg_cases()))
def test_what_jpeg_has_no_use_for_is_suspect(name: str) -> None:
    data = jpeg_cases()[name]
    if name == "unused quantisers":
        image = (picture() >> 4).astype(np.uint8)
        assert is_suspect(encapsulated(image, [data], JPEGBaseline8Bit))
        return
    syntax = JPEGLSLossless if b"\xff\xf7" in data[:9000] else JPEGLosslessSV1
    assert is_suspect(around(data, syntax=syntax))


def jpeg2000_cases() -> dict[str, bytes]:
    data = stream(JPEG2000Lossless)
    part, body, style = (data.index(mark) for mark in (b"\xff\x90", b"\xff\x93", b"\xff\x52"))
    quantise = data.index(b"\xff\x5c")
    length = int.from_bytes(data[part + 6 : part + 10], "big")
    comment = segment(0x64, b"\0\1" + NAME)

    def longer(by: int) -> bytes:
        return data[: part + 6] + (length + by).to_bytes(4, "big") + data[part + 10 :]

    tile = longer(len(comment))
    return {
        "a comment in a tile": tile[:body] + comment + tile[body:],
        "a length too long": longer(2),
        "a length too short": longer(-2),
        "another tile": data[: part + 5] + b"\x07" + data[part + 6 :],
        "a part again": data[: part + length] + data[part:],
        "lengths of text": data[:style] + segment(0x55, b"\0\x40" + NAME + b" ") + data[style:],
        "packets of text": data[:style] + segment(0x58, b"\0" + NAME) + data[style:],
        "a style of text": data[:quantise] + segment(0x52, NAME) + data[quantise:],
        "steps of text": data[:quantise] + segment(0x5C, b"\x42" + NAME + b" ") + data[part:],
        "an unknown segment": data[:style] + segment(0x63, NAME) + data[style:],
        "a JP2 file": b"\0\0\0\x0cjP  \r\n\x87\n" + data,
    }


@pytest.mark.parametrize("name", list(jpeg2000_cases()))
def test_what_jpeg_2000_has_no_use_for_is_suspect(name: str) -> None:
    assert is_suspect(around(jpeg2000_cases()[name], syntax=JPEG2000Lossless))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:60] + b"BIRK" + data[64:],
        lambda data: (
            data[:4] + pack("<I", 64 + 24) + data[64:64] + data[8:64] + b" " * 24 + data[64:]
        ),
        lambda data: data[:8] + pack("<I", len(data) + 8) + data[12:],
        lambda data: data.rstrip(b"\0") + bytes([len(NAME) - 1]) + NAME,
    ],
)
def test_rle_holds_byte_planes_and_nothing_else(change) -> None:
    assert is_suspect(around(change(stream(RLELossless)), syntax=RLELossless))


def test_a_stream_far_longer_than_its_picture_is_not_read() -> None:
    long = beside(stream(JPEGLSLossless), JPEGLSLossless, bytes(60_000))
    assert cut(around(long, syntax=JPEGLSLossless)) == {0}
    longer = beside(long, JPEGLSLossless, bytes(60_000))
    assert is_suspect(around(longer, syntax=JPEGLSLossless))


def test_the_second_eye_walks_finished_bytes_that_were_not_changed() -> None:
    source = part10(mammogram(syntax=JPEGLSLossless))
    reader, parsed = opened(source)
    profile, person = load_profile(), Person("PSEUDONYM")
    clean = deidentify(
        reader,
        parsed,
        profile=profile,
        person=person,
        subkeys=SUBKEYS,
        identifiers=harvest(parsed),
        text_reader=text_reader(),
    )
    finished = put_together(clean.pieces, source)
    eye = {"profile": profile, "person": person, "identifiers": harvest(parsed)}
    eye["applied"] = clean.applied
    inspect(io.BytesIO(finished), text_reader=None, **eye)
    at = finished.rindex(b"\xff\xd9")
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished[:at] + b"AB" + finished[at + 2 :]), text_reader=None, **eye)
    assert caught.value.reason is Reason.UNCHECKED
