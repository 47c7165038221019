import numpy as np
import pytest

from deid.pixels.detection.evening import evened
from tests.deid.pictures import Array

BOX = ((400, 200), (700, 200), (700, 300), (400, 300))


def picture(dtype: str = "uint16") -> Array:
    """A slope from left to right with a blanked box in it."""
    made = np.tile(np.linspace(1000, 3000, 1003), (601, 1)).astype(dtype)
    made[200:301, 400:701] = 0
    return made


@pytest.mark.parametrize("dtype", ["uint16", "int16"])
def test_a_blanked_box_is_as_what_is_around_it(dtype: str) -> None:
    made = picture(dtype)
    after = evened(made, (BOX,))
    whole = np.tile(np.linspace(1000, 3000, 1003), (601, 1))
    assert after.dtype == made.dtype
    assert np.abs(after - whole).max() < 350
    assert np.abs(after[200:301, 400] - whole[200:301, 399]).max() < 40
    assert (made[250, 500], after[100, 100]) == (0, made[100, 100])


def test_what_is_left_in_a_box_stays() -> None:
    made = picture()
    made[240:260, 500:520] = 4000
    after = evened(made, (BOX,))
    assert (after[240:260, 500:520] == 4000).all()
    assert (after[200:230, 400:701] > 1000).all()


def test_a_box_that_reaches_past_the_border_is_filled_to_it() -> None:
    made = picture()
    made[500:, 900:] = 0
    after = evened(made, (((900, 500), (1100, 500), (1100, 700), (900, 700)),))
    assert (after[500:, 900:] > 1000).all()


@pytest.mark.parametrize("made", [np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.int32)])
def test_other_frames_stay(made: Array) -> None:
    assert evened(made, (BOX,)) is made


def test_a_frame_that_is_blanked_all_over_stays_even() -> None:
    made = np.full((64, 64), 7, np.uint16)
    after = evened(made, (((0, 0), (63, 0), (63, 63), (0, 63)),))
    assert len(np.unique(after)) == 1
