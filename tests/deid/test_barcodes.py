import cv2
import numpy as np
import pytest

from deid.pixels.detection.barcodes import find_barcodes
from deid.pixels.detection.cells import survey
from deid.pixels.detection.gate import FIRST
from deid.pixels.detection.looking import look
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.writing import Kind, Writing
from tests.deid.pictures import Array, film, text_reader


def air() -> Array:
    return np.random.default_rng(3).normal(300, 12, (1100, 1200)).astype(np.uint16)


def code(module: int, high: int) -> Array:
    """Bars of one module and more, as a symbol of a name has them."""
    widths = np.random.default_rng(9).integers(1, 4, 50) * module
    bars = np.repeat(np.arange(len(widths)) % 2 == 0, widths)
    return np.repeat(bars[None], high, axis=0)


def found(picture: Array) -> tuple[Writing, ...]:
    relief = Relief(picture)
    return find_barcodes(relief, survey(relief))


@pytest.mark.parametrize(("module", "high"), [(3, 48), (4, 60), (6, 90)])
@pytest.mark.parametrize("upright", [False, True])
def test_a_bar_code_is_found_whole(module: int, high: int, upright: bool) -> None:
    picture, bars = air(), code(module, high)
    bars = bars.T if upright else bars
    picture[100 : 100 + bars.shape[0], 200 : 200 + bars.shape[1]][bars] = 3000
    (writing,) = found(picture)
    corners = writing.line.corners()
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    slack = 32
    assert left < 200 + slack
    assert top < 100 + slack
    assert right > 200 + bars.shape[1] - slack
    assert bottom > 100 + bars.shape[0] - slack


def test_an_eye_sees_it() -> None:
    picture, bars = air(), code(5, 80)
    picture[100:180, 200 : 200 + bars.shape[1]][bars] = 3000
    assert Kind.TEXT in {it.kind for it in look(picture, text_reader(), FIRST)}


def test_grids_scales_edges_and_films_are_none() -> None:
    grid, scale, edges = air(), air(), air()
    grid[:, ::6] += 400
    for tick in range(60):
        scale[100 : 140 if tick % 10 else 170, 200 + 12 * tick : 203 + 12 * tick] = 3000
    edges[100:110] = 3000
    edges[:, 900:910] = 3000
    cv2.rectangle(edges, (200, 300), (700, 900), 2500, 6)
    for picture in (grid, scale, edges, film("1-130"), film("1-282")):
        assert found(picture) == ()
