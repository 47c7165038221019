import numpy as np
import pytest

from deid.pixels.gate import FIRST, SECOND, Sight, normalise, windows
from tests.deid.pictures import Array, burn, film, glyphs


def share(picture: Array, sight: Sight) -> float:
    grey = normalise(picture, sight.fine, sight.window)
    seen = np.zeros(grey.shape, bool)
    for left, top, right, bottom in windows(grey, steepness=sight.steepness, crowd=sight.crowd):
        seen[top:bottom, left:right] = True
    return float(seen.mean())


def test_the_two_eyes_look_differently() -> None:
    assert FIRST.fine != SECOND.fine
    assert FIRST.coarse != SECOND.coarse
    assert FIRST.threshold != SECOND.threshold


def test_an_even_picture_needs_no_look() -> None:
    assert share(np.full((900, 700), 1000, np.uint16), FIRST) == 0


@pytest.mark.parametrize("sight", [FIRST, SECOND])
def test_half_of_a_film_needs_no_look(sight: Sight) -> None:
    assert share(film("1-131"), sight) < 0.5


@pytest.mark.parametrize("sight", [FIRST, SECOND])
@pytest.mark.parametrize("at", [(5, 5), (300, 250), (858, 540)])
def test_text_lies_in_one_window(sight: Sight, at: tuple[int, int]) -> None:
    picture = np.full((900, 700), 1000, np.uint16)
    drawn = burn(picture, at, glyphs("Anna 620314", 24), 3000)
    rows, columns = np.nonzero(drawn)
    grey = normalise(picture, sight.fine, sight.window)
    assert any(
        left <= columns.min() * sight.fine
        and columns.max() * sight.fine <= right
        and top <= rows.min() * sight.fine
        and rows.max() * sight.fine <= bottom + 1
        for left, top, right, bottom in windows(grey, steepness=sight.steepness, crowd=sight.crowd)
    )


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_brightness_and_contrast_do_not_matter(kind: type) -> None:
    picture = np.full((200, 200), 20, np.int32)
    picture[80:120, 80:120] = 60
    same = normalise(picture.astype(kind), 0.5, 48)
    other = normalise((picture + 40).astype(kind), 0.5, 48)
    assert same.dtype == np.uint8
    assert np.abs(same.astype(int) - other.astype(int)).max() <= 1


def test_one_pixel_is_a_picture() -> None:
    assert normalise(np.ones((1, 1), np.uint16), 1 / 9, 40).shape == (1, 1)
