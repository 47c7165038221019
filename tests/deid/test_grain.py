import numpy as np
import pytest

from deid.pixels.detection.grain import is_grain
from deid.pixels.detection.relief import Relief
from tests.deid.pictures import Array, burn, glyphs

_WHOLE = (0, 0, 400, 200)


def shown(picture: Array) -> Array:
    return Relief(picture).filled(_WHOLE, 1, neighbourhood=48)


def grain(deviation: float = 40) -> Array:
    """Give noise of which the darker half is cut to black, as a scanner does."""
    noise = np.random.default_rng(7).normal(0, deviation, (200, 400))
    return np.clip(noise, 0, None).astype(np.uint16)


def test_grain_that_rises_out_of_black_is_grain() -> None:
    assert is_grain(shown(grain()))


@pytest.mark.parametrize("times", [4, 8])
@pytest.mark.parametrize("upright", [True, False])
def test_small_print_in_grain_is_not(times: int, upright: bool) -> None:
    picture = grain()
    burn(picture, (30, 60), glyphs("19570312-9808", 12, upright=upright), times * 40)
    assert not is_grain(shown(picture))


def test_what_is_too_small_to_tell_is_not_taken_for_grain() -> None:
    assert not is_grain(shown(grain())[:32])
