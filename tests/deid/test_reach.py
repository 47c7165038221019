import numpy as np
import pytest

from deid.pixels.detection.reach import follow
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing
from tests.deid.pictures import burn, glyphs

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
    (longer,) = follow((cut(columns),), made)
    left, right = ends(longer)
    assert columns.min() - 70 < left <= columns.min()
    assert columns.max() <= right < columns.max() + 70


def test_a_line_on_end_is_followed_too() -> None:
    made, columns = picture()
    line = cut(columns).line
    turned = Line((line.centre[1], line.centre[0]), line.length, line.height, 90.0, line.score)
    (longer,) = follow((Writing(turned, Kind.TEXT, letters=9),), np.ascontiguousarray(made.T))
    rows = longer.line.corners()[:, 1]
    assert rows.min() <= columns.min()
    assert rows.max() >= columns.max()


@pytest.mark.parametrize("changes", [{"letters": 2}, {"kind": Kind.LONE}])
def test_what_is_no_line_of_text_stays(changes) -> None:
    made, columns = picture()
    seen = cut(columns, **changes)
    assert follow((seen,), made) == (seen,)


def test_faint_print_is_left_to_margins() -> None:
    made, columns = picture(noise=600, contrast=900)
    seen = cut(columns)
    assert follow((seen,), made) == (seen,)


def test_no_line_runs_into_a_marker() -> None:
    made, columns = picture()
    marker = Writing(Line((columns.min() + 40.0, 430.0), 80, 80, 0, 0.9), Kind.MARKER)
    seen = cut(columns)
    assert follow((seen, marker), made) == (seen, marker)
