from dataclasses import replace

import cv2
import numpy as np
import pytest

from deid.pixels.detection.reach import follow
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing
from tests.deid.pictures import Array, burn, glyphs

TEXT = "19500822 Norrby sjukhus"


def picture(*, noise: float = 20, contrast: int = 3000):
    random = np.random.default_rng(7)
    made = np.clip(random.normal(500, noise, (900, 1600)), 0, None).astype(np.uint16)
    drawn = burn(made, (400, 200), glyphs(TEXT, 60), 500 + contrast)
    return made, np.nonzero(drawn)[1]


def cut(columns, *, kind=Kind.TEXT, letters=9) -> Writing:
    """The line as a network might give it that lost both ends."""
    left, right = columns.min() + 150, columns.max() - 120
    line = Line(((left + right) / 2, 430.0), float(right - left), 70.0, 0.0, 0.95)
    return Writing(line, kind, letters=letters)


def ends(writing: Writing):
    corners = writing.line.corners()
    return corners[:, 0].min(), corners[:, 0].max()


def test_clear_print_is_followed_to_both_ends() -> None:
    made, columns = picture()
    (longer,) = follow((cut(columns),), Relief(made))
    left, right = ends(longer)
    assert columns.min() - 70 < left <= columns.min()
    assert columns.max() <= right < columns.max() + 70


def test_a_line_on_end_is_followed_too() -> None:
    made, columns = picture()
    line = cut(columns).line
    turned = Line((line.centre[1], line.centre[0]), line.length, line.height, 90.0, line.score)
    (longer,) = follow(
        (Writing(turned, Kind.TEXT, letters=9),), Relief(np.ascontiguousarray(made.T))
    )
    rows = longer.line.corners()[:, 1]
    assert rows.min() <= columns.min()
    assert rows.max() >= columns.max()


@pytest.mark.parametrize("changes", [{"letters": 2}, {"kind": Kind.LONE}])
def test_what_is_no_line_of_text_stays(changes) -> None:
    made, columns = picture()
    seen = cut(columns, **changes)
    assert follow((seen,), Relief(made)) == (seen,)


def test_faint_print_is_left_to_margins() -> None:
    made, columns = picture(noise=600, contrast=900)
    seen = cut(columns)
    assert follow((seen,), Relief(made)) == (seen,)


def test_no_line_runs_into_a_marker() -> None:
    made, columns = picture()
    marker = Writing(Line((columns.min() + 40.0, 430.0), 80, 80, 0, 0.9), Kind.MARKER)
    seen = cut(columns)
    assert follow((seen, marker), Relief(made)) == (seen, marker)


def large() -> tuple[Array, Array]:
    """Faint letters of 180 pixels over tissue that is brighter here than there."""
    random = np.random.default_rng(9)
    tissue = cv2.GaussianBlur(random.normal(0, 1, (900, 1600)), (0, 0), 60)
    made = 3000 + 600 * tissue / tissue.std() + random.normal(0, 20, tissue.shape)
    made = made.clip(0).astype(np.uint16)
    letters = glyphs("ÖBERG", 240)
    ink = np.zeros(made.shape, bool)
    ink[300 : 300 + letters.shape[0], 200 : 200 + letters.shape[1]] = letters > 0
    made[ink] += 140
    return made, ink


@pytest.mark.parametrize("turned", [False, True])
def test_a_large_letter_shows_the_others(turned: bool) -> None:
    made, ink = large()
    rows, columns = np.nonzero(ink)
    middle, centre = float(np.mean((rows.min(), rows.max()))), float(np.median(columns))
    high = float(np.ptp(rows)) * 1.3
    line = Line((centre, middle), high, high * 0.9, -90.0, 0.9)
    if turned:
        made, line = np.ascontiguousarray(made.T), replace(line, centre=(middle, centre), angle=0.0)
    found = follow((Writing(line, Kind.TEXT, letters=1),), Relief(made))
    reached = [it.line.corners()[:, 1 if turned else 0] for it in found]
    assert any(one.min() <= columns.min() and one.max() >= columns.max() for one in reached)


def test_tissue_beside_a_letter_is_not_followed() -> None:
    made, ink = large()
    made[ink] -= 140
    seen = Writing(Line((600.0, 420.0), 240.0, 220.0, -90.0, 0.9), Kind.TEXT, letters=1)
    assert follow((seen,), Relief(made)) == (seen,)
