from typing import Any

import cv2
import numpy as np
import pytest

from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import Eye, look
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing
from tests.deid.pictures import Array, burn, film, glyphs, text_reader


class Counting:
    """A reader that counts what it is shown."""

    def __init__(self) -> None:
        self.pixels = 0

    def probability(self, tile: Array) -> Array:
        self.pixels += tile.size
        return text_reader().probability(tile)

    def read(self, line: Array) -> Any:
        return text_reader().read(line)


def screen(text: str, size: int) -> tuple[Array, Array]:
    """An ultrasound screen: speckle in the middle, words at its edge."""
    noise = np.random.default_rng(7)
    picture = np.zeros((480, 640), np.uint8)
    picture[100:400, 150:500] = noise.integers(20, 90, (300, 350))
    return picture, burn(picture, (30, 20), glyphs(text, size), 230)


def slices(count: int, *, written: int = 0) -> list[Array]:
    """A tomosynthesis: noise anew in each slice, a clip that fades, text from one slice on."""
    noise = np.random.default_rng(5)
    frames = []
    for number in range(count):
        frame = 3000 + noise.normal(0, 15, (1400, 1000))
        share = number / count
        cv2.line(frame, (700, 300), (730, 330), 3000 + 4000 * (1 - share), 5)
        frame = frame.astype(np.uint16)
        if number >= written:
            burn(frame, (900, 200), glyphs("SJOSTROM, ASA", 32), 3200)
        frames.append(frame)
    return frames


def texts(writings: tuple[Writing, ...]) -> list[Writing]:
    return [it for it in writings if it.kind is Kind.TEXT]


def reader(counting: Counting) -> TextReader:
    return counting  # type: ignore[return-value]


@pytest.mark.parametrize("sight", [FIRST, SECOND])
@pytest.mark.parametrize("text", ["SJOSTROM", "470802-2980"])
def test_small_print_on_a_screen_is_found(text: str, sight: Sight) -> None:
    picture, drawn = screen(text, 10)
    found = [writing.line for writing in look(picture, text_reader(), sight)]
    down, across = np.nonzero(drawn)
    assert any(
        abs(line.centre[0] - across.mean()) < line.length / 2
        and abs(line.centre[1] - down.mean()) < line.height / 2
        for line in found
    )


def test_what_is_large_enough_for_a_film_is_not_found_twice() -> None:
    picture, _ = screen("Sjostrom 2980", 60)
    assert len(texts(look(picture, text_reader(), FIRST))) == 1


def test_speckle_and_tissue_are_no_text() -> None:
    picture, _ = screen("", 10)
    tissue = (film("1-130")[1700:2340, 300:940] >> 4).astype(np.uint16)
    assert look(picture, text_reader(), FIRST) == ()
    assert texts(look(tissue, text_reader(), FIRST)) == []


def test_a_picture_of_one_value_is_not_looked_at() -> None:
    counting = Counting()
    assert look(np.full((4000, 3000), 7, np.uint16), reader(counting), FIRST) == ()
    assert counting.pixels == 0


def test_labels_of_few_values_are_seen_as_well_as_greys() -> None:
    from deid.pixels.coding.codecs import read_layout
    from deid.pixels.coding.planes import luminance
    from tests.deid.pictures import described

    labels = np.zeros((240, 400), np.uint8)
    burn(labels, (60, 40), glyphs("Sjostrom Asa 470802-2980", 20), 1)
    plane = luminance(labels, read_layout(described(labels)))
    assert any(it.kind is Kind.TEXT for it in look(plane, text_reader(), FIRST))


def test_what_stays_in_every_frame_is_sought_once() -> None:
    counting = Counting()
    eye = Eye(reader(counting), FIRST)
    shown = []
    for frame in slices(4):
        before = counting.pixels
        assert len(texts(eye.look(frame))) == 1
        shown.append(counting.pixels - before)
    assert shown[0] > 0
    assert sum(shown[1:]) < 0.1 * shown[0]


def test_what_is_written_into_a_later_frame_is_found_there() -> None:
    eye = Eye(text_reader(), FIRST)
    found = [len(texts(eye.look(frame))) for frame in slices(5, written=3)]
    assert found == [0, 0, 0, 1, 1]


def test_what_is_gone_is_not_remembered() -> None:
    eye = Eye(text_reader(), FIRST)
    frames = [slices(1)[0], slices(1, written=1)[0], slices(1)[0]]
    assert [len(texts(eye.look(frame))) for frame in frames] == [1, 0, 1]


def test_looking_closely_shows_the_network_everything() -> None:
    picture = np.random.default_rng(1).normal(3000, 15, (1100, 1000)).astype(np.uint16)
    gated, whole = Counting(), Counting()
    Eye(reader(gated), FIRST).look(picture)
    Eye(reader(whole), FIRST, closely=True).look(picture)
    assert gated.pixels < 0.2 * picture.size
    assert whole.pixels >= picture.size


@pytest.mark.parametrize("contrast", [4, 16])
@pytest.mark.parametrize(("size", "upright"), [(18, False), (28, True), (60, False), (170, True)])
def test_faint_text_is_found_whole(size: int, upright: bool, contrast: int) -> None:
    picture = np.random.default_rng(2).normal(3000, 15, (1300, 1200)).astype(np.uint16)
    drawn = burn(picture.copy(), (150, 150), glyphs("SJO ASA", size, upright=upright), 0)
    picture[drawn] += 15 * contrast
    blank = np.zeros(picture.shape, np.uint8)
    for it in texts(look(picture, text_reader(), FIRST)):
        corners = it.line.grown(it.line.height, 0.15 * it.line.height).corners()
        cv2.fillConvexPoly(blank, np.round(corners).astype(np.int32), 1)
    assert blank[drawn].mean() > 0.99


@pytest.mark.parametrize("text", ["TANG", "LISO", "RISE"])
def test_a_name_at_the_border_is_no_marker(text: str) -> None:
    picture = np.random.default_rng(3).normal(3000, 15, (1100, 1000)).astype(np.uint16)
    drawn = glyphs(text, 44)
    burn(picture, (300, 1000 - drawn.shape[1]), drawn, 4000)
    assert {it.kind for it in look(picture, text_reader(), FIRST)} == {Kind.TEXT}


def test_a_border_cuts_one_marker() -> None:
    picture = np.random.default_rng(3).normal(3000, 15, (1100, 1000)).astype(np.uint16)
    for row, size in ((200, 44), (700, 60)):
        drawn = glyphs("RML", size)
        burn(picture, (row, 1000 - drawn.shape[1]), drawn, 4000)
    found = look(picture, text_reader(), FIRST)
    assert {it.kind: round(it.line.centre[1], -2) for it in found} == {
        Kind.TEXT: 200,
        Kind.MARKER: 700,
    }


def afar(picture: Array) -> Array:
    """Show each four by four pixels as their mean."""
    small = cv2.resize(
        picture.astype(np.float32), None, fx=1 / 4, fy=1 / 4, interpolation=cv2.INTER_AREA
    )
    return np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)


def test_what_looks_alike_from_afar_is_looked_at_again() -> None:
    noise = np.random.default_rng(6)
    sharp = noise.normal(3000, 15, (1100, 1000)).astype(np.uint16)
    burn(sharp, (400, 200), glyphs("SJOSTROM, ASA 470802-2980", 16), 4000)
    hidden = afar(sharp)
    checks = noise.choice((-500, 500), (40, 300)).astype(np.float32)
    hidden[392:432, 192:492] += checks - afar(checks)
    eye = Eye(text_reader(), FIRST)
    found = [len(texts(eye.look(frame.astype(np.uint16)))) for frame in (hidden, sharp)]
    assert found[1] >= 1
    assert len(texts(look(sharp, text_reader(), FIRST))) >= 1


def test_what_grows_clear_is_looked_at_again() -> None:
    noise = np.random.default_rng(6)
    drawn = glyphs("SJOSTROM, ASA 470802-2980", 28)
    frames = []
    for value in (3032, 4000):
        frame = noise.normal(3000, 15, (1100, 1000)).astype(np.uint16)
        burn(frame, (400, 200), drawn, value)
        frames.append(frame)
    counting = Counting()
    eye = Eye(reader(counting), FIRST)
    eye.look(frames[0])
    before = counting.pixels
    assert texts(eye.look(frames[1]))
    assert counting.pixels > before
