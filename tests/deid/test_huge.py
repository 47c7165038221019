import cv2
import numpy as np
import pytest

from deid.pixels.detection.glance import shrunk
from deid.pixels.detection.huge import Huge
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.writing import Writing
from tests.deid.pictures import Array, film, glyphs, text_reader


def breast() -> Array:
    noise = np.random.default_rng(3).normal(300, 12, (1600, 1300))
    cv2.ellipse(noise, (0, 800), (700, 600), 0, 0, 360, 1200, cv2.FILLED)
    return noise.astype(np.uint16)


def huge(picture: Array) -> Array:
    drawn = glyphs("EVA", 600)[:, :1250]
    picture[500 : 500 + drawn.shape[0], 30 : 30 + drawn.shape[1]][drawn] += 600
    return picture


def look(eye: Huge, picture: Array) -> tuple[Writing, ...]:
    relief = Relief(picture)
    return eye.look(relief, shrunk(relief), text_reader())


def test_letters_as_large_as_the_picture_are_found() -> None:
    (writing,) = look(Huge(), huge(breast()))
    assert writing.line.length > 1000
    assert writing.line.height > 400


def test_they_are_found_in_a_later_frame_and_forgotten_with_it() -> None:
    eye = Huge()
    found = [len(look(eye, it)) for it in (breast(), huge(breast()), huge(breast()), breast())]
    assert found == [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["1-130", "1-283"])
def test_a_film_and_its_marker_are_none(name: str) -> None:
    assert look(Huge(), film(name)) == ()
