"""Overlays, and anything else, in bits of the pixels beyond Bits Stored (PS3.5 §8.1.2, retired)."""

import dataclasses
import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from deid.deidentify import deidentify, inspect
from deid.errors import Reason, RefusedError, SuspectError
from deid.identity.identifiers import harvest
from deid.pixels.coding.codecs import Layout
from deid.pixels.coding.planes import stored_values
from deid.pixels.rewriting.high_bits import lift, settle
from deid.screen import screen
from tests.deid.headers import PERSON, SUBKEYS, joined, profile
from tests.deid.pictures import Array, burn, glyphs, opened, text_reader
from tests.deid.test_deidentify import walked
from tests.objects import mammogram, part10, phantom

NAME = "Sjostrom Asa 470802-2980"
ROWS, COLUMNS = 420, 520
CROSS = np.eye(60, dtype=bool) | np.eye(60, dtype=bool)[::-1]


def writing(text: str = NAME) -> Array:
    """What a console has drawn: a cross and a line of text."""
    bits = np.zeros((ROWS, COLUMNS), bool)
    bits[300:360, 200:260] |= CROSS
    if text:
        burn(bits, (100, 60), glyphs(text, 24), True)
    return bits


def tissue() -> Array:
    return phantom(ROWS, COLUMNS, bits=12)


def hidden(
    bits: Array, *, position: int = 13, described: bool = True, **changes: object
) -> Dataset:
    """A mammogram of twelve bits with a picture in one of the other four."""
    made = mammogram(pixels=tissue(), BitsStored=12)
    values = tissue() | bits.astype(np.uint16) << position
    made.PixelData = values.tobytes()
    if described:
        for number, vr, value in (
            (0x0010, "US", ROWS),
            (0x0011, "US", COLUMNS),
            (0x0040, "CS", "G"),
            (0x0050, "SS", [1, 1]),
            (0x0100, "US", 16),
            (0x0102, "US", position),
        ):
            made.add_new(0x60000000 | number, vr, value)
    return made


def plane_of(clean: Dataset) -> Array:
    bits = np.unpackbits(np.frombuffer(clean[0x60003000].value, np.uint8), bitorder="little")
    return bits[: ROWS * COLUMNS].reshape(ROWS, COLUMNS).astype(bool)


@pytest.mark.parametrize("position", [12, 15])
def test_a_hidden_overlay_becomes_one_of_its_own_without_its_text(position: int) -> None:
    bits = writing()
    finished, clean, known = walked(hidden(bits, position=position))
    out = dcmread(io.BytesIO(finished))
    assert np.array_equal(np.frombuffer(out.PixelData, np.uint16), tissue().reshape(-1))
    assert (out[0x60000100].value, out[0x60000102].value) == (1, 0)
    after = plane_of(out)
    assert not (after & ~bits).any()
    assert not after[100:130].any()
    assert after[300:360, 200:260].sum() > 0.9 * CROSS.sum()
    assert clean.changed_frames == (1,)
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)


@pytest.mark.parametrize("position", [12, 14])
def test_what_nothing_describes_is_cleared(position: int) -> None:
    finished, clean, known = walked(hidden(writing(), position=position, described=False))
    out = dcmread(io.BytesIO(finished))
    assert np.array_equal(np.frombuffer(out.PixelData, np.uint16), tissue().reshape(-1))
    assert 0x60003000 not in out
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)


def test_a_plane_of_another_size_goes_and_so_do_its_bits() -> None:
    made = hidden(writing())
    made[0x60000010].value = 64
    finished, _, _ = walked(made)
    out = dcmread(io.BytesIO(finished))
    assert np.array_equal(np.frombuffer(out.PixelData, np.uint16), tissue().reshape(-1))
    assert not [element.tag for element in out if element.tag.group == 0x6000]


def test_an_overlay_said_to_be_in_the_pixels_proper_goes_and_they_stay() -> None:
    made = hidden(np.zeros((ROWS, COLUMNS), bool))
    made[0x60000102].value = 5
    finished, clean, _ = walked(made)
    out = dcmread(io.BytesIO(finished))
    assert out.PixelData == tissue().tobytes()
    assert not [element.tag for element in out if element.tag.group == 0x6000]
    assert clean.changed_frames == ()


def test_every_frame_has_its_own() -> None:
    made = hidden(writing())
    second = np.zeros((ROWS, COLUMNS), bool)
    second[10:20, 30:40] = True
    made.PixelData += (tissue() | second.astype(np.uint16) << 13).tobytes()
    made.NumberOfFrames = 2
    reader, read = opened(part10(made))
    lifted = lift(reader, read).header
    bits = np.unpackbits(
        np.frombuffer(lifted.get_item(0x60003000).value, np.uint8), bitorder="little"
    )
    planes = bits[: 2 * ROWS * COLUMNS].reshape(2, ROWS, COLUMNS).astype(bool)
    assert np.array_equal(planes[0], writing())
    assert np.array_equal(planes[1], second)
    assert lifted[0x60000015].value == 2
    assert 0x60003000 not in read.header


@pytest.mark.parametrize("position", [0, 12])
def test_in_compressed_pixels_it_is_refused(position: int) -> None:
    made = mammogram(syntax=JPEGLSLossless)
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60000102, "US", position)
    _, read = opened(part10(made))
    with pytest.raises(RefusedError) as caught:
        screen(read, profile())
    assert caught.value.reason is Reason.OVERLAY


def test_left_in_a_finished_object_it_is_suspect() -> None:
    finished, clean, known = walked(mammogram(pixels=tissue(), BitsStored=12))
    whole = bytearray(finished)
    whole[clean.pixel_offset + 12 + 1] |= 0x40
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(whole), text_reader=text_reader(), applied=clean.applied, **known)
    assert caught.value.reason is Reason.UNCHECKED


def layout(*, signed: bool, stored: int = 12) -> Layout:
    return Layout(2, 2, 1, 1, 16, stored, signed, planar=False, photometric="MONOCHROME2")


@pytest.mark.parametrize(
    ("values", "signed", "after"),
    [
        ([0, 1, 2, 4095], False, None),
        ([0, 1, 2, 4096 + 7], False, [0, 1, 2, 7]),
        ([0, 5, -1, -2048], True, None),
        ([0, 5, 4095, 2048], True, None),  # the sign stops at Bits Stored
        ([0, 5, -1, 2048], True, [0, 5, -1, -2048]),  # a bit a pixel could hide in that choice
        ([4096 + 3, 5, 0, 0], True, [3, 5, 0, 0]),
    ],
)
def test_a_sign_is_nothing_hidden(values: list[int], signed: bool, after: list[int] | None) -> None:
    frame = np.array(values).astype(np.int16 if signed else np.uint16).reshape(2, 2)
    assert settle(frame, layout(signed=signed)) is (after is not None)
    assert frame.reshape(-1).tolist() == (values if after is None else after)


def test_without_the_option_no_overlay_is_kept() -> None:
    rules = profile()
    without = dataclasses.replace(rules, options=tuple(set(rules.options) - {"clean_graphics"}))
    data = part10(hidden(writing()))
    reader, original = opened(data)
    clean = deidentify(
        reader,
        original,
        profile=without,
        person=PERSON,
        subkeys=SUBKEYS,
        identifiers=harvest(original),
        text_reader=text_reader(),
    )
    out = dcmread(io.BytesIO(joined(clean.pieces, data)))
    assert np.array_equal(np.frombuffer(out.PixelData, np.uint16), tissue().reshape(-1))
    assert not [element.tag for element in out if element.tag.group == 0x6000]


def test_a_choice_of_sign_in_some_pixels_is_suspect() -> None:
    for values, fits in (
        ([0, 5, -1, -2048], True),
        ([0, 5, 4095, 2048], True),
        ([0, 5, -1, 2048], False),
    ):
        frame = np.array(values).astype(np.int16).reshape(2, 2)
        if fits:
            assert stored_values(frame, layout(signed=True))[1, 1] == -2048
            continue
        with pytest.raises(SuspectError) as caught:
            stored_values(frame, layout(signed=True))
        assert caught.value.reason is Reason.UNDECODABLE
