import cv2
import numpy as np
import pytest

from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import Eye, look
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.writing import Kind, Writing
from tests.deid.pictures import Array, film, glyphs, text_reader

_TEXT = "KARIN 9808"


def written(picture: Array, ink: Array, level: float) -> tuple[Array, Array]:
    """Add writing to a picture, faintly; gives where it is as well."""
    area = np.zeros(picture.shape, np.float32)
    area[250 : 250 + ink.shape[0], 100 : 100 + ink.shape[1]] = ink
    top = np.iinfo(picture.dtype).max
    made = np.clip(np.rint(picture + level * area), 0, top).astype(picture.dtype)
    return made, area > np.float32(1 / 2) * ink.max()


def blurred(sigma: float) -> tuple[Array, Array]:
    ink = np.pad(glyphs(_TEXT, 90).astype(np.float32), 40)
    tissue = film("1-280")[1800:2500, 0:1100]
    return written(tissue, cv2.GaussianBlur(ink, (0, 0), sigma), 18000)


def below_the_noise() -> tuple[Array, Array]:
    air = np.random.default_rng(7).normal(400, 40, (700, 1100)).astype(np.uint16)
    return written(air, glyphs(_TEXT, 100).astype(np.float32), 30)


def covered(writings: tuple[Writing, ...], ink: Array) -> float:
    boxes = np.zeros(ink.shape, np.uint8)
    for it in writings:
        if it.kind is Kind.TEXT:
            cv2.fillConvexPoly(boxes, it.line.corners().astype(np.int32), 1)
    return float(boxes[ink].mean())


@pytest.mark.parametrize("sight", [FIRST, SECOND])
@pytest.mark.parametrize("sigma", [6, 7])
def test_blurred_print_in_tissue_is_found(sigma: float, sight: Sight) -> None:
    picture, ink = blurred(sigma)
    assert covered(look(picture, text_reader(), sight), ink) > 0.95


def test_large_print_below_the_noise_is_found() -> None:
    picture, ink = below_the_noise()
    assert covered(look(picture, text_reader(), FIRST), ink) > 0.95


def test_what_is_seen_from_nearby_is_not_found_twice() -> None:
    picture, _ = written(below_the_noise()[0], glyphs(_TEXT, 100).astype(np.float32), 3000)
    texts = [it for it in look(picture, text_reader(), FIRST) if it.kind is Kind.TEXT]
    assert len(texts) == 1


def test_blurred_print_is_found_in_each_slice() -> None:
    picture, ink = blurred(7)
    eye = Eye(text_reader(), FIRST)
    assert all(covered(eye.look(slice_), ink) > 0.95 for slice_ in (picture, picture))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1203, 997)])
def test_a_picture_of_any_size_has_a_view_from_afar(shape: tuple[int, int]) -> None:
    small = Relief(np.zeros(shape, np.uint16)).afar()
    assert all(side % 2 == 0 for side in small.plane.shape)
    assert all(abs(a - b / 4) <= 2 for a, b in zip(small.plane.shape, shape, strict=True))
