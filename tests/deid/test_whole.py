import cv2
import numpy as np
import pytest

from deid.pixels.detection.gate import FIRST
from deid.pixels.detection.looking import look
from deid.pixels.detection.markers import Marker
from tests.deid.pictures import Array, burn, glyphs, text_reader


def picture() -> Array:
    """A breast that fills the left half, and air beside it."""
    noise = np.random.default_rng(3).normal(300, 12, (1300, 1400))
    noise[:, :600] += 3000
    return noise.astype(np.uint16)


def markers(drawn: Array) -> list[Marker]:
    return [it.marker for it in look(drawn, text_reader(), FIRST) if it.marker is not None]


@pytest.mark.parametrize(("text", "view"), [("R", ""), ("R CC", "CC"), ("RMLO", "MLO")])
def test_a_marker_that_stands_alone_is_sure(text: str, view: str) -> None:
    shown = picture()
    burn(shown, (200, 800), glyphs(text, 60), 4000)
    assert markers(shown) == [Marker("R", view)]


@pytest.mark.parametrize("text", ["R", "R CC"])
def test_a_marker_with_a_line_through_what_is_around_it_is_not(text: str) -> None:
    shown = picture()
    drawn = burn(shown, (200, 800), glyphs(text, 60), 4000)
    row, column = (int(it.max()) for it in np.nonzero(drawn))
    cv2.line(shown, (column + 25, row - 500), (column + 25, row + 500), 4000, 4)
    found = markers(shown)
    assert found
    assert not any(it.sure and not it.cut for it in found)


def test_a_side_over_the_breast_is_not_sure() -> None:
    shown = picture()
    burn(shown, (600, 250), glyphs("R", 60), 9000)
    assert [it.sure for it in markers(shown)] in ([], [False])


def test_a_marker_at_the_border_is_cut_however_well_it_reads() -> None:
    shown = picture()
    drawn = burn(shown, (200, 900), glyphs("L MLO", 60), 4000)
    last = int(np.nonzero(drawn)[1].max())
    found = markers(np.ascontiguousarray(shown[:, : last + 3]))
    assert found
    assert all(it.cut for it in found)
