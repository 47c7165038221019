from functools import lru_cache

import cv2
import numpy as np
import pytest

from deid.pixels.detection.cells import LARGE_PRINT, LETTERING, SMALL_PRINT, Gate, survey
from deid.pixels.detection.gate import FIRST, SECOND
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.search import PIXELS
from tests.deid.pictures import Array, burn, film, glyphs


def noisy(shape: tuple[int, int] = (900, 1300), deviation: float = 20) -> Array:
    noise = np.random.default_rng(3).normal(3000, deviation, shape)
    return noise.astype(np.uint16)


@lru_cache(maxsize=1)
def passed_on_film() -> dict[str, float]:
    measured = survey(Relief(film("1-281")))
    gates = {"small": SMALL_PRINT, "large": LARGE_PRINT, "lettering": LETTERING}
    return {name: float(measured.passes(gate).mean()) for name, gate in gates.items()}


def passes(picture: Array, gate: Gate) -> Array:
    return survey(Relief(picture)).passes(gate)


def seen(picture: Array, drawn: Array, gate: Gate) -> float:
    """Give the share of strokes in cells that pass."""
    rows, columns = np.nonzero(drawn)
    return float(passes(picture, gate)[rows // PIXELS, columns // PIXELS].mean())


def test_the_two_eyes_look_differently() -> None:
    assert FIRST.small.scale != SECOND.small.scale
    assert FIRST.large.scale != SECOND.large.scale
    assert FIRST.ahead.scale != SECOND.ahead.scale
    assert FIRST.lettering.scale != SECOND.lettering.scale
    assert FIRST.threshold != SECOND.threshold


@pytest.mark.parametrize("gate", [SMALL_PRINT, LARGE_PRINT, LETTERING])
def test_noise_needs_no_look(gate: Gate) -> None:
    assert passes(noisy(), gate).mean() < 0.01


@pytest.mark.parametrize(("name", "most"), [("small", 0.02), ("large", 0.04), ("lettering", 0.05)])
def test_little_of_a_film_needs_a_look(name: str, most: float) -> None:
    assert passed_on_film()[name] < most


@pytest.mark.parametrize("contrast", [4, 8, 200])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("upright", [True, False])
def test_print_passes_at_any_contrast_polarity_and_turn(
    contrast: int, sign: int, upright: bool
) -> None:
    for size, gate in ((18, SMALL_PRINT), (40, SMALL_PRINT), (120, LARGE_PRINT)):
        picture = noisy((1300, 1300))
        letters = glyphs("SJO ASA 57", size, upright=upright)
        drawn = burn(picture.copy(), (300, 300), letters, 0)
        picture[drawn] = (picture[drawn] + 20.0 * contrast * sign).clip(0, 65535)
        assert seen(picture, drawn, gate) > 0.95


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_the_level_of_grey_does_not_matter(kind: type) -> None:
    low = noisy(deviation=3) - 2980
    burn(low, (300, 300), glyphs("SJO ASA 57", 40), 60)
    same = passes(low.astype(kind), SMALL_PRINT)
    other = passes((low + 60).astype(kind), SMALL_PRINT)
    assert same.any()
    assert np.array_equal(same, other)


def test_a_rim_and_a_line_are_no_print() -> None:
    picture = noisy()
    cv2.circle(picture, (0, 450), 700, 9000, cv2.FILLED)
    cv2.line(picture, (750, 20), (1290, 880), 12000, 5)
    inner = passes(picture, SMALL_PRINT)[6:-6, 6:-6]
    assert inner.mean() < 0.02


def test_a_picture_of_bands_is_measured_as_one() -> None:
    picture = noisy((2600, 700))
    for row in (1000, 1012, 1024, 1036, 2040):  # across the seams of the bands
        part = picture.copy()
        drawn = burn(part, (row, 200), glyphs("SJO ASA 57", 24), 4000)
        assert seen(part, drawn, SMALL_PRINT) > 0.95


def test_views_are_as_large_as_their_window() -> None:
    relief = Relief(noisy((300, 500)))
    assert relief.filled((0, 0, 500, 300), 1 / 2, neighbourhood=40).shape == (150, 250)
    assert relief.outlined((0, 0, 500, 300), 1 / 4).shape == (75, 125)
    assert Relief(np.ones((1, 1), np.uint16)).filled((0, 0, 1, 1), 1, neighbourhood=9).size == 1


def test_outlines_show_faint_print_and_no_shading() -> None:
    picture = noisy(deviation=10)
    shade = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, picture.shape), (0, 0), 25)
    picture = (picture + 9000 * shade).clip(0, 65535).astype(np.uint16)
    drawn = burn(picture.copy(), (300, 200), glyphs("ASA", 200), 0)
    picture[drawn] += 60
    shown = Relief(picture).outlined((0, 0, 1300, 900), 1 / 2)
    rim = cv2.morphologyEx(drawn.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edge = rim[::2, ::2].astype(bool)
    assert shown[edge].mean() > 5 * shown[~edge].mean()
