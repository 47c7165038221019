from time import process_time

import numpy as np
import pytest
from pydicom.dataset import Dataset

from deid.deidentify import deidentify
from deid.findings import Finding
from deid.headers.made import made
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person, Subkeys
from deid.pixels.drawn.overlays import clean_overlays, overlays_left
from deid.pixels.staying import Flag
from deid.profiles.profile import load_profile
from tests.deid.pictures import Array, burn, glyphs, opened, text_reader
from tests.objects import mammogram, part10

NAME = "Sjostrom Asa 470802-2980"
CROSS = np.eye(60, dtype=bool) | np.eye(60, dtype=bool)[::-1]


def plane(rows: int = 400, columns: int = 500) -> Array:
    """A plane with what CAD draws: an outline and a cross."""
    bits = np.zeros((rows, columns), bool)
    bits[40:120, 60] = bits[40:120, 160] = bits[40, 60:160] = bits[120, 60:160] = True
    bits[300:360, 200:260] |= CROSS
    return bits


def overlaid(*planes: Array, group: int = 0x6000, **elements: bytes) -> Dataset:
    """A header with one overlay of one or more frames."""
    bits = np.concatenate([bits.reshape(-1) for bits in planes])
    values = {
        0x0010: ("US", planes[0].shape[0].to_bytes(2, "little")),
        0x0011: ("US", planes[0].shape[1].to_bytes(2, "little")),
        0x0040: ("CS", b"G "),
        0x0100: ("US", b"\1\0"),
        0x0102: ("US", b"\0\0"),
        0x3000: ("OW", np.packbits(bits, bitorder="little").tobytes()),
    }
    if len(planes) > 1:
        values[0x0015] = ("IS", str(len(planes)).encode())
    values |= {int(name[1:], 16): ("UN", value) for name, value in elements.items()}
    header = Dataset()
    for number, (vr, value) in values.items():
        tag = group << 16 | number
        header[tag] = made(tag, vr, value)
    return header


def bits_of(data: bytes, like: Array, frame: int = 0) -> Array:
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little").astype(bool)
    return bits[frame * like.size : (frame + 1) * like.size].reshape(like.shape)


def cleaned(header: Dataset) -> bytes:
    (data,) = clean_overlays(header, text_reader()).values()
    assert data is not None
    return data


def finished(header: Dataset, group: int = 0x6000) -> Dataset:
    tag = group << 16 | 0x3000
    header[tag] = made(tag, "OW", cleaned(header))
    return header


def test_a_plane_without_text_stays_byte_for_byte():
    header = overlaid(plane())
    assert clean_overlays(header, text_reader()) == {0x6000: header.get_item(0x60003000).value}
    assert overlays_left(header, text_reader()) == ()


def test_an_empty_plane_is_not_looked_at():
    header = overlaid(np.zeros((4000, 3000), bool))
    assert cleaned(header) == bytes(4000 * 3000 // 8)


@pytest.mark.parametrize("size", [10, 14, 30])
@pytest.mark.parametrize("columns", [500, 501])
def test_text_is_cleared_and_graphics_stay(size, columns):
    bits = plane(columns=columns)
    drawn = burn(bits, (200, 40), glyphs(NAME, size), True)
    header = overlaid(bits)
    assert overlays_left(header, text_reader()) == (Finding("(6000,3000)", "text"),)
    after = bits_of(cleaned(header), bits)
    assert not after[drawn].any()
    assert (after[~drawn & bits] == plane(columns=columns)[~drawn & bits]).mean() > 0.95
    assert overlays_left(finished(header), text_reader()) == ()


def test_text_left_out_of_a_filled_area_is_cleared_with_it():
    bits = np.zeros((400, 500), bool)
    bits[180:260, 20:480] = True
    drawn = burn(bits, (200, 40), glyphs(NAME, 24), False)
    after = bits_of(cleaned(overlaid(bits)), bits)
    around = np.zeros_like(drawn)
    around[200 : 200 + 20, 60:300] = True
    assert not after[around].any()  # neither letters nor what they were cut out of
    assert after[182:188, 20:480].any()


def test_small_text_on_a_plane_as_large_as_a_mammogram_is_found():
    bits = np.zeros((3328, 2560), bool)
    drawn = burn(bits, (2900, 1700), glyphs("SJOSTROM", 10), True)
    header = overlaid(bits)
    assert not bits_of(cleaned(header), bits)[drawn].any()
    assert overlays_left(finished(header), text_reader()) == ()


def test_a_marker_of_side_and_view_stays():
    bits = plane()
    burn(bits, (200, 300), glyphs("L MLO", 60), True)
    header = overlaid(bits)
    assert cleaned(header) == header.get_item(0x60003000).value


def test_every_frame_is_looked_at_and_frames_need_not_start_on_a_byte():
    planes = [plane(399, 501) for _ in range(3)]
    drawn = burn(planes[1], (200, 40), glyphs(NAME, 20), True)
    data = cleaned(overlaid(*planes))
    assert not bits_of(data, planes[1], 1)[drawn].any()
    assert (bits_of(data, planes[0], 0) == planes[0]).all()
    assert (bits_of(data, planes[2], 2) == planes[2]).all()


def test_every_group_is_looked_at():
    header = overlaid(plane())
    header.update(overlaid(plane(), group=0x601E))
    header.update(overlaid(plane(), group=0x60FE, x3000=b"\0\0"))
    answers = clean_overlays(header, text_reader())
    assert set(answers) == {0x6000, 0x601E, 0x60FE}
    assert answers[0x60FE] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"x3000": b"\0\0\0\0"},
        {"x3000": bytes(400 * 500 // 8 + 4)},
        {"x0010": b"\0\0"},
        {"x0010": b""},
        {"x0011": b"\xff\xff"},
        {"x0015": b"100000000"},
        {"x0015": b"0 "},
        {"x0100": b"\x10\0"},
        {"x0102": b"\x0c\0"},
    ],
)
def test_what_is_no_plane_of_bits_is_dropped_and_found_if_it_is_left(wrong):
    header = overlaid(plane(), **wrong)
    assert clean_overlays(header, text_reader()) == {0x6000: None}
    (finding,) = overlays_left(header, text_reader())
    assert finding == Finding("(6000,3000)", "an overlay that cannot be read")


def test_a_sequence_in_the_place_of_a_plane_is_dropped():
    header = overlaid(plane())
    header.add_new(0x60003000, "SQ", [Dataset()])
    assert clean_overlays(header, text_reader()) == {0x6000: None}


def test_a_header_without_overlays_has_none():
    assert clean_overlays(Dataset(), text_reader()) == {}
    assert overlays_left(Dataset(), text_reader()) == ()


def test_letters_far_apart_on_one_line_are_a_word():
    plane = np.zeros((700, 900), bool)
    for place, letter in enumerate("SJOSTROM"):
        burn(plane, (300, 20 + 105 * place), glyphs(letter, 40), 1)
    after = bits_of(cleaned(overlaid(plane)), plane)
    assert (after & plane).sum() < plane.sum() / 10


def letters_at(*places: tuple[str, tuple[int, int]], size: int = 60) -> Array:
    bits = np.zeros((700, 900), bool)
    for letter, at in places:
        burn(bits, at, glyphs(letter, size), True)
    return bits


def rest(header: Dataset) -> int:
    answers = clean_overlays(header, text_reader())
    assert None not in answers.values()
    for group, data in answers.items():
        header[group << 16 | 0x3000] = made(group << 16 | 0x3000, "OW", data or b"")
    assert overlays_left(header, text_reader()) == ()
    return sum(
        int(np.unpackbits(np.frombuffer(data or b"", np.uint8)).sum()) for data in answers.values()
    )


@pytest.mark.parametrize(
    "at",
    [
        lambda place: (30 + 75 * place, 100 + 75 * place),
        lambda place: (int(200 - 90 * np.sin(place * np.pi / 4)), 60 + 110 * place),
        lambda place: (30 + 60 * (place * 7 % 5), 40 + 170 * place),
    ],
)
def test_letters_in_stairs_or_arcs_are_a_word(at) -> None:
    header = overlaid(letters_at(*((letter, at(place)) for place, letter in enumerate("KARIN"))))
    assert overlays_left(header, text_reader())
    assert rest(header) == 0


@pytest.mark.parametrize("apart", [0, 60])
def test_a_letter_in_each_frame_or_group_is_a_word(apart: int) -> None:
    planes = [
        letters_at((letter, (100, 300 + apart * place))) for place, letter in enumerate("KARIN")
    ]
    frames = overlaid(*planes)
    groups = overlaid(planes[0])
    for place, bits in enumerate(planes[1:], 1):
        groups.update(overlaid(bits, group=0x6000 + 2 * place))
    for header in (frames, groups):
        before = sum(int(bits.sum()) for bits in planes)
        assert overlays_left(header, text_reader())
        assert rest(header) < before / 8  # an I alone is no letter


def test_planes_are_looked_at_where_they_are_laid() -> None:
    header = Dataset()
    for place, letter in enumerate("KARIN"):
        origin = np.array([20, 40 + 45 * place], "<i2").tobytes()
        bits = np.zeros((80, 60), bool)
        burn(bits, (10, 5), glyphs(letter, 50), True)
        header.update(overlaid(bits, group=0x6000 + 2 * place, x0050=origin))
    assert rest(header) == 0


def test_marks_that_are_alike_stay() -> None:
    bits = np.zeros((700, 900), bool)
    for place in range(4):
        bits[60 + 150 * place : 120 + 150 * place, 100 + 190 * place : 160 + 190 * place] |= CROSS
    header = overlaid(bits)
    assert cleaned(header) == header.get_item(0x60003000).value


def test_planes_too_far_apart_to_be_seen_together_are_dropped() -> None:
    header = overlaid(plane(), x0050=np.array([-32000, -32000], "<i2").tobytes())
    header.update(overlaid(plane(), group=0x6002, x0050=np.array([32000, 32000], "<i2").tobytes()))
    assert clean_overlays(header, text_reader()) == {0x6000: None, 0x6002: None}


def test_more_than_anybody_looks_at_is_dropped():
    words = [np.zeros((32, 64), bool) for _ in range(200)]
    for number, word in enumerate(words):
        drawn = glyphs(f"A{number:03}", 16)
        word[: drawn.shape[0], : drawn.shape[1]] = drawn[:32, :64]
    before = process_time()
    header = overlaid(*words)
    header.update(overlaid(words[0], group=0x6002))
    cleaned_planes = clean_overlays(header, text_reader())
    assert cleaned_planes[0x6000] is None
    assert process_time() - before < 2


def test_frames_that_are_alike_are_looked_at_once() -> None:
    bits = plane()
    burn(bits, (200, 40), glyphs("CAD", 20), True)
    many = overlaid(*[plane()] * 150, bits, *[plane()] * 150)
    data = cleaned(many)
    assert (bits_of(data, bits, 0) == plane()).all()
    assert (bits_of(data, bits, 300) == plane()).all()


def test_a_plane_that_nobody_could_look_at_is_said_to_be_dropped() -> None:
    words = [np.zeros((32, 64), bool) for _ in range(120)]
    for number, word in enumerate(words):
        word[number // 4, number % 4 : 40] = True
    for planes, flags in ((words[:2], ()), (words, (Flag.UNSEEN,))):
        made = mammogram()
        made.update(overlaid(*planes))
        source = part10(made)
        reader, parsed = opened(source)
        clean = deidentify(
            reader,
            parsed,
            profile=load_profile(),
            person=Person("PSEUDONYM"),
            subkeys=Subkeys(b"u" * 32, b"a" * 32, b"d" * 32, b"t" * 32),
            identifiers=harvest(parsed),
            text_reader=text_reader(),
        )
        assert clean.flags == flags
        assert (0x60003000 in clean.header) is not bool(flags)
