import numpy as np
import pytest

from deid.pixels.detection.text_reader import TILE
from deid.pixels.detection.windows import PIXELS, fields, windows
from tests.deid.pictures import Array


def scattered(seed: int) -> Array:
    random = np.random.default_rng(seed)
    where = np.zeros((120, 150), np.uint8)
    for row, column in random.integers(0, (110, 140), (25, 2)):
        high, wide = random.integers(2, 30, 2)
        where[row : row + high, column : column + wide] = 1
    return where


@pytest.mark.parametrize("scale", [1, 4 / 5, 1 / 4, 1 / 8])
@pytest.mark.parametrize("seed", range(4))
def test_windows_show_every_cell_and_fit_the_network(scale: float, seed: int) -> None:
    where = scattered(seed)
    shown = np.zeros_like(where)
    for field in fields(where, scale):
        for left, top, right, bottom in windows(where, field, scale):
            shown[top:bottom, left:right] = 1
            assert max(right - left, bottom - top) * PIXELS * scale <= TILE
    assert (shown >= where).all()


def test_the_empty_corner_of_two_strokes_is_not_shown() -> None:
    where = np.zeros((40, 40), np.uint8)
    where[:, :4] = where[36:] = 1
    (field,) = fields(where, 1)
    area = sum((right - left) * (low - top) for left, top, right, low in windows(where, field, 1))
    assert area < 0.3 * where.size


def test_nothing_is_cut_into_no_windows() -> None:
    assert not list(windows(np.zeros((9, 9), np.uint8), (0, 0, 9, 9), 1))
