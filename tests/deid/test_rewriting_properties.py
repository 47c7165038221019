"""Any picture in any syntax: what is not blanked stays, pixel by pixel and byte by byte."""

from dataclasses import dataclass
from struct import pack

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.pixels.coding.planes import load_frame, native_bytes
from deid.pixels.coding.streams import check_finished
from deid.pixels.rewriting.blanking import Blank
from deid.pixels.rewriting.encapsulated import HELD, Rewriting
from tests.deid.pictures import Array, described, joined, opened, written

GREYS = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"]
COLOURS = ["RGB", "YBR_FULL"]
SYNTAXES = [RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless]
SYNTAXES += [JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K]
# Where the precision stands behind the marker that opens a frame
PRECISION = {
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), (b"\xff\xc3", 4)),
    JPEGLSLossless: (b"\xff\xf7", 4),
    **dict.fromkeys(SYNTAXES[4:], (b"\xff\x51", 40)),
}
PALETTE = {
    f"{colour}PaletteColorLookupTable{part}": value
    for colour in ("Red", "Green", "Blue")
    for part, value in (
        ("Descriptor", [256, 0, 16]),
        ("Data", pack("<256H", *range(0, 65536, 256))),
    )
}


@dataclass(repr=False)
class Case:
    """An object, its frames as arrays, and what to blank in which."""

    source: bytes
    pictures: Array
    blanks: dict[int, Blank]
    syntax: UID
    bits: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    syntax = draw(st.just(ExplicitVRLittleEndian) | st.sampled_from(SYNTAXES))
    native = syntax == ExplicitVRLittleEndian
    photometric = draw(st.sampled_from(GREYS + COLOURS + ["YBR_FULL_422"] * native))
    grey = photometric in GREYS
    wide = grey and photometric != "PALETTE COLOR" and draw(st.booleans())
    bits = draw(st.integers(9, 16) if wide else st.integers(2, 8)) if grey else 8
    signed = grey and photometric != "PALETTE COLOR" and draw(st.booleans())
    if native and photometric == "MONOCHROME2" and not wide and draw(st.booleans()):
        bits, signed = 1, False
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 20)) * 2
    columns -= photometric != "YBR_FULL_422" and draw(st.booleans())
    frames = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = (frames, rows, columns) + (3,) * (not grey)
    if photometric == "YBR_FULL_422":
        shape = (*shape[:3], 2)
    kind = np.dtype(f"<{'i' if signed else 'u'}{1 + wide}")
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    pictures = rng.integers(low, high, shape).astype(kind)
    samples = shape if grey else (*shape[:3], 3)
    header = described(
        np.zeros(samples if frames > 1 else samples[1:], kind),
        frames=frames,
        PhotometricInterpretation="MONOCHROME2" if photometric == GREYS[2] else photometric,
        BitsAllocated=1 if bits == 1 else 8 * kind.itemsize,
        BitsStored=bits,
    )
    if not grey and native and photometric != "YBR_FULL_422":
        header.PlanarConfiguration = draw(st.integers(0, 1))
    layout = read_layout(header)
    if photometric == GREYS[2]:
        header.PhotometricInterpretation = photometric
        for keyword, value in PALETTE.items():
            setattr(header, keyword, value)
    if native:
        data = (
            np.packbits(pictures, bitorder="little").tobytes()
            if bits == 1
            else b"".join(native_bytes(picture, layout) for picture in pictures)
        )
        header.PixelData = data + b"\0" * (len(data) % 2)
    else:
        streams = [encode(picture.copy(), layout, syntax) for picture in pictures]
        table = draw(st.sampled_from(["none", "basic", "extended"]))
        parts = 1 if syntax == RLELossless or table == "extended" else draw(st.integers(1, 3))
        if table == "extended":
            value, offsets, lengths = encapsulate_extended(streams)
            header.PixelData = value
            header.ExtendedOffsetTable = offsets
            header.ExtendedOffsetTableLengths = lengths
        else:
            header.PixelData = encapsulate(
                streams, fragments_per_frame=parts, has_bot=table == "basic"
            )
    header["PixelData"].VR = "OB" if not wide or not native else "OW"
    chosen = draw(st.sets(st.integers(0, frames - 1), min_size=1))
    blanks = {
        index: draw(blank_of(rows, columns, paired=photometric == "YBR_FULL_422"))
        for index in chosen
    }
    return Case(written(header, syntax), pictures, blanks, syntax, bits)


@st.composite
def blank_of(draw: st.DrawFn, rows: int, columns: int, *, paired: bool) -> Blank:
    strokes = []
    for _ in range(draw(st.integers(1, 3))):
        left, top = draw(st.integers(-3, columns - 1)), draw(st.integers(0, rows - 1))
        right = max(left, 0) + draw(st.integers(0, 9))
        bottom = top + draw(st.integers(0, 9))
        box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.int32)
        strokes.append((box, 1))
    return Blank((rows, columns), tuple(strokes), (), paired=paired)


def frames_in(source: bytes) -> tuple[list[bytes], list[Array]]:
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    return (
        [read_frame(reader, place) for place in frames.places],
        [load_frame(reader, place, parsed, frames.layout) for place in frames.places],
    )


@given(cases(), st.sampled_from([0, HELD]))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_but_the_boxes_changes(case: Case, held: int) -> None:
    reader, parsed = opened(case.source)
    frames = locate_frames(reader, parsed)
    anew = Rewriting(reader, parsed, frames, held=held)
    before_bytes, before = frames_in(case.source)
    for index, blank in case.blanks.items():
        anew.blank(index, before[index].copy(), blank)
    done = anew.rewritten()
    finished = joined(case.source, done.pieces)
    for keyword, value in done.header_changes.items():
        finished = finished.replace(parsed.header[keyword].value, value, 1)
    after_bytes, after = frames_in(finished)
    for index, picture in enumerate(before):
        inside = np.zeros(picture.shape[:2], bool)
        if index in case.blanks:
            inside = case.blanks[index].mask().astype(bool)
            assert len(np.unique(after[index][inside].reshape(inside.sum(), -1), axis=0)) == 1
            check_precision(case, after_bytes[index])
        elif case.bits > 1:
            assert after_bytes[index] == before_bytes[index]
        assert np.array_equal(after[index][~inside], picture[~inside])
        was = case.pictures[index].astype(np.int32)
        assert not ((was ^ picture.astype(np.int32)) & (1 << case.bits) - 1).any()
    check_finished(*opened(finished))


def check_precision(case: Case, stream: bytes) -> None:
    if case.syntax in PRECISION:
        marker, at = PRECISION[case.syntax]
        precision = stream[stream.index(marker) + at] & 0x7F
        assert precision + (marker == b"\xff\x51") == case.bits
