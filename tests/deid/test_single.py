"""Single letters, far apart or one to a frame, in masks; blobs and marks are none."""

import numpy as np
import pytest

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.redact import Redaction, redact
from deid.pixels.staying import ViewTag
from deid.ruling import NONE, Ruling
from tests.deid.pictures import Array, burn, glyphs, native, opened, text_reader

PLACES = {
    "far": lambda number: (100, 30 + 150 * number),
    "column": lambda number: (30 + 150 * number, 300),
    "stairs": lambda number: (30 + 150 * number, 30 + 150 * number),
}


def mask(*letters: tuple[str, tuple[int, int]], size: int = 60) -> Array:
    made = np.zeros((800, 800), np.uint8)
    for letter, at in letters:
        burn(made, at, glyphs(letter, size), 1)
    return made


def in_labels(*masks: Array) -> bytes:
    """An object of labels, eight bits each."""
    return native(np.stack(masks) if len(masks) > 1 else masks[0], frames=len(masks))


def in_bits(*masks: Array) -> bytes:
    """An object of frames of one bit."""
    packed = np.packbits(np.stack(masks).reshape(-1), bitorder="little").reshape(-1, 100)
    shape = {"Rows": masks[0].shape[0], "Columns": masks[0].shape[1], "NumberOfFrames": len(masks)}
    return native(packed, BitsAllocated=1, BitsStored=1, **shape)


def redacted(data: bytes, ruling: Ruling = NONE) -> Redaction:
    reader, parsed = opened(data)
    return redact(reader, parsed, text_reader(), view=ViewTag("", ""), ruling=ruling)


def blobs(radius: int, count: int) -> Array:
    rng = np.random.default_rng(radius)
    made = np.zeros((800, 800), np.uint8)
    rows, columns = np.mgrid[:800, :800]
    for x, y in rng.integers(100, 700, (count, 2)):
        turn = np.arctan2(rows - y, columns - x)
        wave = 1 + 0.2 * np.cos(2 * turn + x) + 0.1 * np.cos(3 * turn + y)
        made[np.hypot(rows - y, columns - x) < radius * wave] = 1
    return made


def spelling(data: bytes) -> frozenset[Finding]:
    with pytest.raises(SuspectError) as caught:
        redacted(data)
    assert caught.value.reason is Reason.TEXT_LEFT
    assert {finding.what for finding in caught.value.findings} == {"single letters"}
    return frozenset(caught.value.findings)


@pytest.mark.parametrize("name", ["KARIN", "ANNA"])
@pytest.mark.parametrize("how", list(PLACES))
@pytest.mark.parametrize("make", [in_bits, in_labels])
def test_letters_far_apart_in_a_mask_are_for_people_to_look_at(name: str, how: str, make) -> None:
    data = make(mask(*((letter, PLACES[how](number)) for number, letter in enumerate(name))))
    assert spelling(data) == {Finding("frame 1", "single letters")}


def test_a_letter_in_each_frame_of_a_mask_is_for_people_to_look_at() -> None:
    data = in_bits(*(mask((letter, (300, 300)), size=120) for letter in "KARIN"))
    found = spelling(data)
    assert Finding("frame 1", "single letters") in found
    assert not redacted(data, Ruling(waived=found)).changed_frames


def test_blobs_and_what_goes_on_from_frame_to_frame_stay() -> None:
    for radius, count in ((6, 30), (15, 10), (40, 4)):
        assert not redacted(in_bits(blobs(radius, count))).changed_frames
    ring = mask(("O", (300, 300)), size=120)
    assert not redacted(in_bits(*[ring] * 5)).changed_frames
