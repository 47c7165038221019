from struct import pack

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless, RLELossless

from deid.errors import Reason, SuspectError
from deid.headers.made import made
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.palette import luminance_of, read_colours
from deid.pixels.coding.planes import load_frame
from deid.pixels.redact import read_again, redact
from deid.pixels.rewriting.blanking import Blank
from deid.pixels.rewriting.encapsulated import Rewriting
from deid.pixels.staying import ViewTag
from tests.deid.pictures import (
    Array,
    burn,
    encapsulated,
    glyphs,
    joined,
    native,
    opened,
    pixels_of,
    text_reader,
)

RED, GREEN, BLUE = range(3)
# Grey turned round, so that the brightest stored value is black
TURNED = {
    "RedPaletteColorLookupTableDescriptor": [256, 0, 16],
    "GreenPaletteColorLookupTableDescriptor": [256, 0, 16],
    "BluePaletteColorLookupTableDescriptor": [256, 0, 16],
    "RedPaletteColorLookupTableData": pack("<256H", *range(65280, -1, -256)),
    "GreenPaletteColorLookupTableData": pack("<256H", *range(65280, -1, -256)),
    "BluePaletteColorLookupTableData": pack("<256H", *range(65280, -1, -256)),
}


def read_palette(header, *, bits, signed):
    return luminance_of(read_colours(header, bits=bits, signed=signed))


def header(descriptor: bytes, *tables: bytes) -> Dataset:
    elements = Dataset()
    for colour in (RED, GREEN, BLUE):
        elements[0x00281101 + colour] = made(0x00281101 + colour, "US", descriptor)
        if colour < len(tables):
            elements[0x00281201 + colour] = made(0x00281201 + colour, "OW", tables[colour])
    return elements


def test_a_palette_is_read_as_the_eye_sees_it():
    zero, full = pack("<2H", 0, 0), pack("<2H", 0, 1000)
    seen = read_palette(header(pack("<3H", 2, 0, 16), full, zero, zero), bits=8, signed=False)
    assert seen[0] == 0
    assert (seen[1:] == 299).all()  # what is beyond the table has its last colour
    seen = read_palette(header(pack("<3H", 2, 0, 16), zero, full, zero), bits=8, signed=False)
    assert seen[1] == 587


def test_a_palette_may_start_anywhere_and_hold_bytes():
    table = bytes((10, 20, 30))
    seen = read_palette(header(pack("<3H", 3, 100, 8), table, table, table), bits=8, signed=False)
    assert [int(seen[at]) for at in (0, 100, 101, 102, 255)] == [10, 10, 20, 30, 30]
    below = pack("<HhH", 3, -1, 8)
    seen = read_palette(header(below, table, table, table), bits=8, signed=True)
    assert [int(seen[at]) for at in (255, 0, 1, 127, 128)] == [10, 20, 30, 30, 10]


@pytest.mark.parametrize(
    "wrong",
    [
        header(pack("<3H", 2, 0, 16), bytes(4), bytes(4)),
        header(pack("<3H", 2, 0, 16), bytes(4), bytes(4), bytes(6)),
        header(pack("<3H", 2, 0, 12), bytes(4), bytes(4), bytes(4)),
        header(pack("<2H", 2, 0), bytes(4), bytes(4), bytes(4)),
        Dataset(),
    ],
)
def test_a_palette_that_is_none_is_suspect(wrong):
    with pytest.raises(SuspectError) as caught:
        read_palette(wrong, bits=8, signed=False)
    assert caught.value.reason is Reason.UNDECODABLE


def screen() -> tuple[Array, Array]:
    picture = np.full((240, 400), 200, np.uint8)
    picture[100:200, 100:300] = 180
    return picture, burn(picture, (30, 40), glyphs("Sjostrom Asa 470802-2980", 20), 5)


def test_text_in_a_palettes_colours_is_found_and_blanked_with_the_darkest():
    picture, drawn = screen()
    source = native(picture, PhotometricInterpretation="PALETTE COLOR", **TURNED)
    reader, parsed = opened(source)
    assert read_again(reader, parsed, text_reader())
    redaction = redact(reader, parsed, text_reader(), view=ViewTag("", ""))
    finished = joined(source, redaction.pieces)
    after = pixels_of(finished)
    assert (after[drawn] == 200).all()  # the stored value that looks darkest
    assert (after[100:] == picture[100:]).all()
    assert read_again(*opened(finished), text_reader()) == ()


def test_a_compressed_palette_image_is_written_back_losslessly():
    picture, drawn = screen()
    colours = {"PhotometricInterpretation": "PALETTE COLOR"} | TURNED
    layout = read_layout(opened(native(picture, **colours))[1].header)
    source = encapsulated(picture, [encode(picture, layout, RLELossless)], RLELossless, **colours)
    reader, parsed = opened(source)
    redaction = redact(reader, parsed, text_reader(), view=ViewTag("", ""))
    finished = joined(source, redaction.pieces)
    assert redaction.changed_frames == (1,)
    after = pixels_of(finished)
    assert (after[drawn] == 200).all()


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_a_palette_image_of_any_lossless_syntax_is_written_anew(syntax):
    picture, _ = screen()
    colours = {"PhotometricInterpretation": "PALETTE COLOR"} | TURNED
    layout = read_layout(opened(native(picture, **colours))[1].header)
    source = encapsulated(picture, [encode(picture, layout, syntax)], syntax, **colours)
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    anew = Rewriting(reader, parsed, frames)
    box = np.array([(10, 10), (90, 10), (90, 50), (10, 50)], np.int32)
    blank = Blank(picture.shape, ((box, 1),), ())
    anew.blank(0, load_frame(reader, frames.places[0], parsed, frames.layout), blank)
    after = pixels_of(joined(source, anew.rewritten().pieces))
    assert (after[10:51, 10:91] == 200).all()
    assert (after[51:] == picture[51:]).all()


def segmented(descriptor: bytes, segments: bytes) -> Dataset:
    elements = header(descriptor)
    for colour in (RED, GREEN, BLUE):
        elements[0x00281221 + colour] = made(0x00281221 + colour, "OW", segments)
    return elements


@pytest.mark.parametrize(
    ("words", "table"),
    [
        ([0, 3, 10, 20, 30], [10, 20, 30]),
        ([0, 1, 100, 1, 4, 300], [100, 150, 200, 250, 300]),
        ([0, 1, 0, 1, 2, 20, 2, 1, 6, 0], [0, 10, 20, 20, 20]),  # the line again: to 20 from 20
        ([0, 2, 7, 9, 2, 1, 0, 0], [7, 9, 7, 9]),
    ],
)
def test_a_segmented_palette_is_written_out(words, table):
    descriptor = pack("<3H", len(table), 0, 16)
    seen = read_palette(
        segmented(descriptor, pack(f"<{len(words)}H", *words)), bits=4, signed=False
    )
    assert seen[: len(table)].tolist() == table
    assert (seen[len(table) :] == table[-1]).all()


def test_a_segmented_palette_of_bytes_is_written_out():
    segments = bytes([0, 2, 7, 9, 1, 3, 12, 2, 1, 0, 0, 0, 0, 0])
    seen = read_palette(segmented(pack("<3H", 7, 0, 8), segments), bits=4, signed=False)
    assert seen[:7].tolist() == [7, 9, 10, 11, 12, 7, 9]


@pytest.mark.parametrize(
    "words",
    [
        [1, 4, 300],  # a line from nowhere
        [0, 9, 1],  # cut short
        [3, 1, 1],  # of no kind
        [0, 1, 5, 2, 1, 40, 0],  # repeats what is not there
        [0, 1, 5, 2, 1, 6, 0, 2, 1, 6, 0],  # repeats a repetition
        [0, 2, 5, 6],  # too short
        [0, 1, 5, 1, 60000, 9],  # too long
        [0, 1, 5, 1, 0, 9],
    ],
)
def test_a_segmented_palette_that_is_none_is_suspect(words):
    with pytest.raises(SuspectError) as caught:
        read_palette(
            segmented(pack("<3H", 4, 0, 16), pack(f"<{len(words)}H", *words)), bits=4, signed=False
        )
    assert caught.value.reason is Reason.UNDECODABLE
