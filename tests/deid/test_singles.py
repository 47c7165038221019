import cv2
import numpy as np
import pytest

from deid.errors import Reason, SuspectError
from deid.pixels.detection.gate import FIRST
from deid.pixels.detection.looking import Eye
from deid.pixels.detection.writing import Kind, Writing
from deid.pixels.redact import read_again, redact
from deid.pixels.staying import ViewTag
from tests.deid.pictures import Array, burn, glyphs, native, opened, text_reader

WORD = "KARIN"


def breast() -> Array:
    """A breast that fills the left of the picture, and air beside it."""
    noise = np.random.default_rng(3).normal(300, 12, (1100, 1000))
    noise[:, :800] += 1000
    return noise.astype(np.uint16)


def lettered(places: list[tuple[int, int]], size: int = 44) -> tuple[Array, Array]:
    picture, strokes = breast(), np.zeros((1100, 1000), bool)
    for letter, at in zip(WORD, places, strict=True):
        strokes |= burn(picture, at, glyphs(letter, size), 3000)
    return picture, strokes


def look(*frames: Array) -> list[Writing]:
    eye = Eye(text_reader(), FIRST, gathering=True)
    return [it for frame in frames for it in eye.look(frame)]


@pytest.mark.parametrize(
    "places",
    [[(600, 80 + 130 * number) for number in range(5)], [(200 + 130 * n, 400) for n in range(5)]],
)
def test_letters_far_apart_in_a_row_or_a_column_are_text(places: list[tuple[int, int]]) -> None:
    picture, strokes = lettered(places)
    covered = np.zeros(picture.shape, np.uint8)
    for it in look(picture):
        if it.kind is Kind.TEXT:
            cv2.fillConvexPoly(covered, np.round(it.line.corners()).astype(np.int32), 1)
    assert covered[strokes].mean() > 0.99


STAIRS = [(200 + 130 * number, 120 + 110 * number) for number in range(5)]


def test_scattered_letters_are_for_people() -> None:
    picture, _ = lettered(STAIRS)
    assert any(it.several for it in look(picture))
    reader, parsed = opened(native(picture))
    with pytest.raises(SuspectError) as caught:
        redact(reader, parsed, text_reader(), view=ViewTag("", ""))
    assert caught.value.reason is Reason.TEXT_LEFT
    assert read_again(reader, parsed, text_reader())


def test_a_letter_in_each_frame_is_for_people() -> None:
    frames = []
    for letter in WORD:
        frame = breast()
        burn(frame, (600, 400), glyphs(letter, 60), 3000)
        frames.append(frame)
    assert not any(it.several for it in look(frames[0]))
    assert any(it.several for it in look(*frames))


def test_the_same_letter_in_each_frame_is_one() -> None:
    noise = np.random.default_rng(8)
    frames = []
    for number in range(5):
        frame = breast() + noise.integers(0, 20, (1100, 1000)).astype(np.uint16)
        burn(frame, (600, 400 + number), glyphs("K", 60), 3000)
        frames.append(frame)
    assert not any(it.several for it in look(*frames))


def test_two_letters_and_clips_are_kept() -> None:
    picture = breast()
    burn(picture, (300, 200), glyphs("K", 44), 3000)
    burn(picture, (800, 600), glyphs("N", 44), 3000)
    for x, y in ((300, 700), (500, 250)):
        corner = np.array(((x, y), (x + 4, y + 30), (x + 22, y + 30)))
        cv2.polylines(picture, [corner], isClosed=False, color=3000, thickness=4)
    found = look(picture)
    assert not any(it.several or it.kind is Kind.TEXT for it in found)
