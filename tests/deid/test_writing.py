import cv2
import numpy as np
import pytest

from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import look as look_once
from deid.pixels.detection.markers import Marker
from deid.pixels.detection.reading import Words
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing, run_on, unmask
from tests.deid.pictures import Array, burn, film, glyphs, text_reader

EYES = pytest.mark.parametrize("sight", [FIRST, SECOND])
# Where the lead marker lies on a film: top, bottom, left, right.
LCC = (300, 1100, 1750, 2600)


def air(shape: tuple[int, int] = (900, 1200)) -> Array:
    noise = np.random.default_rng(3).normal(300, 12, shape)
    return noise.astype(np.uint16)


def look(picture: Array, sight: Sight) -> tuple[Writing, ...]:
    return look_once(picture, text_reader(), sight)


def lead(turned: float = 0) -> Array:
    """Cut a real lead marker out, and turn it."""
    top, bottom, left, right = LCC
    cut = cv2.copyMakeBorder(
        film("1-130")[top:bottom, left:right], 200, 200, 200, 200, cv2.BORDER_CONSTANT
    )
    height, width = cut.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turned, 1)
    return cv2.warpAffine(cut, turn, (width, height))


@EYES
@pytest.mark.parametrize("turned", [0, 45, 90, 135, 180, -45, -90])
def test_a_lead_marker_is_read_at_any_angle(sight: Sight, turned: float) -> None:
    (writing,) = look(lead(turned), sight)
    assert writing.kind is Kind.MARKER
    assert writing.marker is not None
    assert (writing.marker.laterality, writing.marker.view) == ("L", "CC")


@EYES
@pytest.mark.parametrize("size", [40, 80])
@pytest.mark.parametrize("text", ["R MLO", "LCC", "RMLO", "L CC"])
def test_a_drawn_marker_is_read(sight: Sight, text: str, size: int) -> None:
    picture = air()
    burn(picture, (100, 150), glyphs(text, size), 4000)
    writings = look(picture, sight)
    assert [writing.kind for writing in writings] == [Kind.MARKER] * len(writings)
    sides = {writing.marker.laterality for writing in writings if writing.marker}
    assert text[0] in sides


@EYES
@pytest.mark.parametrize("text", ["LINDA L CC", "ANNA    R CC", "R MLO   620314-2387"])
def test_a_marker_in_a_longer_line_is_text(sight: Sight, text: str) -> None:
    picture = air()
    burn(picture, (100, 150), glyphs(text, 40), 4000)
    writings = look(picture, sight)
    assert writings
    assert {writing.kind for writing in writings} == {Kind.TEXT}


@EYES
def test_text_beside_a_marker_leaves_the_marker(sight: Sight) -> None:
    picture = lead()
    burn(picture, (20, 30), glyphs("ANDERSSON EVA", 48), 30000)
    kinds = {writing.kind for writing in look(picture, sight)}
    assert kinds == {Kind.TEXT, Kind.MARKER}


@EYES
@pytest.mark.parametrize("size", [100, 150])
def test_large_text_near_a_turned_marker_leaves_the_marker(sight: Sight, size: int) -> None:
    picture = lead()
    burn(picture, (960, 40), glyphs("LUND 2019", size), 30000)
    burn(picture, (300, 820), glyphs("EVA", size), 30000)
    writings = look(picture, sight)
    assert "LCC" in {w.marker.laterality + w.marker.view for w in writings if w.marker}
    assert Kind.TEXT in {w.kind for w in writings}


@EYES
@pytest.mark.parametrize("name", ["1-131", "1-133"])
def test_a_marker_upside_down_is_no_text(sight: Sight, name: str) -> None:
    top, bottom, left, right = (300, 1250, 1900, 2848) if name == "1-131" else (0, 950, 0, 950)
    cut = film(name)[top:bottom, left:right][::-1, ::-1].copy()
    (writing,) = [w for w in look(cut, sight) if w.line.height > 200]
    assert writing.kind is Kind.MARKER


@pytest.mark.parametrize("value", [0, 900])
def test_specks_and_scratches_are_not_text(value: int) -> None:
    picture = air()
    rng = np.random.default_rng(5)
    for x, y in rng.integers(20, 880, (60, 2)):
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(1, 9)), value, cv2.FILLED)
    for x, y, dx, dy in rng.integers(20, 880, (6, 4)):
        cv2.line(picture, (int(x), int(y)), (int(dx), int(dy)), value, 2)
    cv2.circle(picture, (1000, 300), 40, 3000, 3)
    cv2.rectangle(picture, (0, 0), (1199, 20), 4000, cv2.FILLED)
    assert [w for w in look(picture, FIRST) if w.kind is Kind.TEXT] == []


def test_what_was_read_is_not_shown() -> None:
    picture = air()
    burn(picture, (100, 150), glyphs("ANDERSSON EVA", 40), 4000)
    assert "EVA" not in repr(look(picture, FIRST))


def glyph_at(where: tuple[int, int]) -> Kind | None:
    """Give what a lone glyph is, on a breast that fills the left half of a picture."""
    picture = air((1400, 1400))
    picture[:, :700] += 3000
    burn(picture, where, glyphs("E", 70), 9000)
    kinds = {it.kind for it in look(picture, FIRST)}
    return kinds.pop() if len(kinds) == 1 else None


def test_a_lone_glyph_is_text_in_air_and_told_of_in_the_breast() -> None:
    assert glyph_at((600, 1000)) is Kind.TEXT
    assert glyph_at((600, 300)) is Kind.LONE


@pytest.mark.parametrize("at", [(2, 300), (2, 2)])
def test_a_name_at_the_border_is_no_marker(at: tuple[int, int]) -> None:
    picture = air()
    burn(picture, at, glyphs("Lund E", 60), 4000)
    assert {it.kind for it in look(picture, FIRST)} == {Kind.TEXT}


def line(centre: tuple[float, float], length: float, height: float, angle: float = 0) -> Line:
    return Line(centre, length, height, angle, 0.9)


def test_text_near_the_border_runs_on_to_it() -> None:
    shape = (1000, 2000)
    (ended,) = run_on((Writing(line((1800, 500), 300, 50), Kind.TEXT),), shape)
    assert ended.line.corners().max(axis=0)[0] == pytest.approx(2000)
    (beside,) = run_on((Writing(line((1000, 960), 300, 50), Kind.TEXT),), shape)
    assert beside.line.corners().max(axis=0)[1] == pytest.approx(1000)
    assert beside.line.corners().min(axis=0)[1] == pytest.approx(935)
    far = Writing(line((1000, 900), 300, 50), Kind.TEXT)
    assert run_on((far,), shape) == (far,)


def test_a_lone_glyph_at_the_end_of_a_text_is_text() -> None:
    text = Writing(line((300, 300), 400, 100), Kind.TEXT)
    near = Writing(line((580, 300), 90, 90), Kind.LONE)
    far = Writing(line((1200, 300), 90, 90), Kind.LONE)
    assert [it.kind for it in unmask((text, near, far))] == [Kind.TEXT, Kind.TEXT, Kind.LONE]


def test_a_large_marker_is_no_word_of_a_smaller_text_that_is_not_beside_it() -> None:
    marker = Writing(line((2183, 664), 595, 362, 52), Kind.MARKER, Marker("L", "CC"))
    text = Writing(line((2183, 1547), 595, 219, -90), Kind.TEXT)
    assert unmask((marker, text)) == (marker, text)


def line_of(x: float, length: float, height: float, angle: float = 0.0) -> Line:
    return Line((x, 500.0), length, height, angle, 0.9)


def test_a_marker_at_an_angle_is_no_word_of_a_level_text() -> None:
    marker = Writing(line_of(500, 400, 250, 42), Kind.MARKER, Marker("L", "CC"))
    assert unmask((marker, Writing(line_of(1200, 900, 240), Kind.TEXT)))[0] is marker
    assert unmask((marker, Writing(line_of(1100, 240, 220), Kind.TEXT)))[0] is marker


def test_a_narrow_letter_of_large_text_is_no_side() -> None:
    side = Writing(line_of(100, 208, 144, 89), Kind.MARKER, Marker("L", ""))
    told, _ = unmask((side, Writing(line_of(640, 760, 325), Kind.TEXT)))
    assert told.kind is Kind.TEXT


@EYES
def test_two_letters_seen_in_a_marker_at_the_border_are_of_it(sight: Sight) -> None:
    shown = np.ascontiguousarray(lead(20)[:, 420:])
    kinds = {it.kind for it in look(shown, sight)}
    assert Kind.TEXT not in kinds


def test_a_block_of_print_in_a_corner_is_not_its_own_noise() -> None:
    picture = air((1600, 1600))
    rows = [40 + 36 * number for number in range(6)]
    for row in rows:
        burn(picture, (row, 20), glyphs("28 kV 85 mAs ÖHRSTRÖM", 26), 4000)
    found = [it.line.centre[1] for it in look(picture, FIRST) if it.kind is Kind.TEXT]
    assert all(any(abs(centre - row - 13) < 14 for centre in found) for row in rows)


@pytest.mark.parametrize(("angle", "once"), [(-90.0, True), (83.0, False)])
def test_a_narrow_side_is_read_upright(angle: float, once: bool) -> None:
    picture = air()
    drawn = burn(picture, (300, 500), glyphs("L", 60), 4000)
    rows, columns = np.nonzero(drawn)
    centre = float(columns.mean()), (float(rows.min()) + float(rows.max())) / 2
    box = Line(centre, 79.0, 46.0, angle, 0.9)
    assert Words(Relief(picture), box, text_reader(), once=once).marker == Marker("L", "")
