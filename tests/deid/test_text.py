import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import cv2
import numpy as np
import pytest

from deid.pixels.detection.text_reader import TILE, Line, lines, load_text_reader, spans
from tests.deid.pictures import Array, burn, glyphs, text_reader


def page(text: str, size: int = 40, shape: tuple[int, int] = (200, 500)) -> Array:
    picture = np.full(shape, 128, np.uint8)
    burn(picture, (60, 40), glyphs(text, size), 250)
    return picture


def found(picture: Array) -> tuple[Line, ...]:
    return text_reader().find(picture, threshold=0.3, score=0.5)


def test_loading_says_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        load_text_reader()
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


def test_a_line_is_found_and_read() -> None:
    picture = page("1962-03-14 KAPELL")
    (line,) = found(picture)
    left, top = line.corners().min(axis=0)
    right, bottom = line.corners().max(axis=0)
    assert abs(line.angle) < 2
    assert left < 50
    assert right > 360
    crop = picture[int(top) : int(bottom), int(left) : int(right)]
    reading = text_reader().read(crop)
    assert reading.text.replace(" ", "") == "1962-03-14KAPELL"
    assert reading.confidence > 0.9
    assert "KAPELL" not in repr(reading)


def test_an_empty_page_holds_nothing() -> None:
    assert found(np.full((300, 300), 90, np.uint8)) == ()
    assert text_reader().read(np.full((40, 120), 90, np.uint8)).text == ""


def test_a_line_across_tiles_is_one() -> None:
    picture = np.full((120, TILE + 400), 128, np.uint8)
    burn(picture, (40, TILE - 250), glyphs("Mammografi Kapellgatan 14", 40), 250)
    (line,) = found(picture)
    assert line.length > 450


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (31, 200)])
def test_any_size_can_be_looked_at(shape: tuple[int, int]) -> None:
    assert found(np.zeros(shape, np.uint8)) == ()


def test_two_threads_find_what_one_does() -> None:
    pages = [page(text) for text in ("ANNA 1", "2019-11-07", "Kapell 3", "LUND")]
    alone = [found(picture) for picture in pages]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(found, pages)) == alone


@pytest.mark.parametrize("length", [1, 639, 640, 641, 1184, 1185, 4096])
def test_spans_cover_a_length(length: int) -> None:
    cut = spans(length)
    assert {start for start, _ in cut} >= {0}
    assert cut[-1][1] == length
    assert all(end - start <= TILE for start, end in cut)
    assert all(here[1] > there[0] for here, there in pairwise(cut))


def test_text_inside_a_blob_is_found() -> None:
    probability = np.zeros((400, 400), np.float32)
    cv2.circle(probability, (200, 200), 180, 0.4, cv2.FILLED)
    probability[190:210, 150:250] = 0.9
    (line,) = lines(probability, threshold=0.2, score=0.4, tallest=100)
    assert line.centre == pytest.approx((200, 200), abs=2)
    assert line.length < 140


def test_text_inside_a_ring_is_found() -> None:
    probability = np.zeros((400, 400), np.float32)
    cv2.circle(probability, (200, 200), 180, 0.4, 6)
    probability[190:210, 150:250] = 0.9
    found = lines(probability, threshold=0.2, score=0.4, tallest=100)
    assert found
    assert all(line.length < 140 for line in found)


def test_a_blob_without_text_is_nothing() -> None:
    probability = np.zeros((400, 400), np.float32)
    cv2.circle(probability, (200, 200), 180, 0.5, cv2.FILLED)
    assert lines(probability, threshold=0.2, score=0.4, tallest=100) == ()


@pytest.mark.parametrize("angle", [0, 30, 45, 60, 89, -45, -89])
def test_a_rectangle_keeps_its_direction(angle: int) -> None:
    probability = np.zeros((300, 300), np.float32)
    corners = cv2.boxPoints(((150, 150), (160, 30), angle))
    cv2.fillConvexPoly(probability, np.round(corners).astype(np.int32), 1.0)
    (line,) = lines(probability, threshold=0.3, score=0.5)
    assert line.angle == pytest.approx(angle, abs=2)
    assert line.length > line.height
    assert line.grown(10, 5).height == pytest.approx(line.height + 10)
    assert line.moved(2).centre == pytest.approx((300, 300), abs=2)
