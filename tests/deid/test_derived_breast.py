from functools import lru_cache

import cv2
import numpy as np
import pytest

from deid.derived.breast import find_breast
from deid.derived.facts import Flag, Measured, measure
from deid.derived.field import find_field
from deid.derived.shown import load_shown
from tests.deid.breasts import PHANTOMS, Array, Phantom, dice, outline, presented, raw
from tests.deid.pictures import FILMS, film, film_bytes, native, opened

FILM_NAMES = [path.stem for path in FILMS]
# Of the outlines looked at on pictures: light along the chest wall of 1-130 is not in it
SHARES = {
    "1-130": 0.255,
    "1-131": 0.369,
    "1-132": 0.198,
    "1-133": 0.357,
    "1-280": 0.303,
    "1-281": 0.372,
    "1-282": 0.285,
    "1-283": 0.368,
}
LEFT = {"1-130", "1-131", "1-280", "1-281"}
# Light got onto the film beside the chest wall; noise hides the skin
HARDER = {"scanned film": 0.993, "very noisy": 0.985}


@lru_cache
def made(name: str) -> Phantom:
    return PHANTOMS[name]()


def measured(source: bytes) -> Measured:
    return measure(load_shown(*opened(source)))


def of(phantom: Phantom, *, mirrored: bool = False) -> Measured:
    values = phantom.values[:, ::-1].copy() if mirrored else phantom.values
    return measured(native(values, **({"BitsStored": 12} | phantom.header)))


@pytest.mark.parametrize("mirrored", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("name", PHANTOMS)
def test_the_mask_is_the_breast(name: str, mirrored: bool) -> None:
    phantom = made(name)
    found = of(phantom, mirrored=mirrored)
    true = phantom.mask[:, ::-1] if mirrored else phantom.mask
    assert found.mask.shape == true.shape
    assert dice(found.mask, true) > HARDER.get(name, 0.996)
    assert not found.breast.doubtful


def test_otsus_threshold_would_lose_the_skin() -> None:
    phantom = made("cranio-caudal")
    level, _ = cv2.threshold(phantom.values, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    found = of(phantom).mask > 0
    assert (phantom.mask & (phantom.values <= level)).sum() > 0.03 * phantom.mask.sum()
    assert (phantom.mask & ~found).sum() < 0.003 * phantom.mask.sum()


def test_a_mask_is_of_labels_and_one_piece() -> None:
    mask = of(made("scanned film")).mask
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 1}


@pytest.mark.parametrize("name", FILM_NAMES)
def test_real_films(name: str) -> None:
    found = measured(film_bytes(name))
    assert found.facts.laterality == ("L" if name in LEFT else "R")
    assert found.facts.laterality_agrees is True
    assert found.facts.flags == (Flag.NO_SPACING,)
    assert found.facts.breast_share == pytest.approx(SHARES[name], abs=0.01)


@pytest.mark.parametrize("name", FILM_NAMES[::3])
def test_an_inverted_film_has_the_same_mask(name: str) -> None:
    negative = native(65535 - film(name), PhotometricInterpretation="MONOCHROME1")
    assert dice(measured(negative).mask, measured(film_bytes(name)).mask > 0) > 0.999


@pytest.mark.parametrize("name", FILM_NAMES[::3])
def test_markers_of_a_film_are_not_breast(name: str) -> None:
    picture, mask = film(name), measured(film_bytes(name)).mask
    far = mask[:, mask.shape[1] // 2 :] if name in LEFT else mask[:, : mask.shape[1] // 2]
    beside = picture[:, mask.shape[1] // 2 :] if name in LEFT else picture[:, : mask.shape[1] // 2]
    upper = slice(60, picture.shape[0] // 5)
    assert (beside[upper] > 20000).any()
    assert not far[upper, 200:-200][beside[upper, 200:-200] > 45000].any()


def test_nothing_but_tissue() -> None:
    picture = presented(np.ones((1024, 832), bool))[100:700, 100:600]
    found = measured(native(picture, BitsStored=12))
    assert Flag.NO_AIR in found.facts.flags
    assert Flag.MASK_UNCERTAIN in found.facts.flags
    assert found.facts.laterality == ""


@pytest.mark.parametrize("level", [0, 4095])
def test_nothing_at_all(level: int) -> None:
    found = measured(native(np.full((300, 200), level, np.uint16), BitsStored=12))
    assert found.facts.laterality == ""
    assert {Flag.NO_AIR, Flag.MASK_UNCERTAIN, Flag.NEARLY_EMPTY} & set(found.facts.flags)


def test_noise_is_no_breast() -> None:
    noise = np.random.default_rng(0).normal(200, 20, (512, 400)).clip(0, 4095)
    found = measured(native(noise.astype(np.uint16), BitsStored=12))
    assert found.facts.breast_share < 0.03 or Flag.MASK_UNCERTAIN in found.facts.flags


def surrounded(picture: Array, *, white: bool, left: int = 60) -> Array:
    picture = picture.copy()
    around = np.ones(picture.shape, bool)
    around[80:-90, left:-70] = False
    picture[around] = 4095 if white else 0
    return picture


@pytest.mark.parametrize("white", [True, False])
def test_a_frame_around_the_picture_is_taken_off(white: bool) -> None:
    noisy = presented(outline(), air=700)
    field = find_field(surrounded(noisy, white=white), np.zeros(noisy.shape, np.uint8))
    assert (field.left, field.top) == (60, 80)
    assert (field.right, field.bottom) == (noisy.shape[1] - 70, noisy.shape[0] - 90)


def test_a_bright_line_across_is_no_frame() -> None:
    picture = presented(outline())
    picture[300:330] = 4095
    found = measured(native(picture, BitsStored=12))
    assert found.breast.field.area == found.breast.mask.size
    assert dice(found.mask, outline()) > 0.98


@pytest.mark.parametrize("heel", [0.05, 0.15])
def test_shading_of_the_air_is_taken_out(heel: float) -> None:
    mask = outline(oblique=True)
    small = cv2.resize(raw(mask, heel=heel), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = find_breast(small, np.zeros(small.shape, np.uint8), bright=True)
    assert dice(found.mask, mask[::2, ::2]) > 0.999


def test_shading_beyond_measure_is_doubtful() -> None:
    small = raw(outline(oblique=True), heel=0.3)[::2, ::2]
    assert find_breast(small, np.zeros(small.shape, np.uint8), bright=True).doubtful


def test_air_that_is_one_value_is_no_frame() -> None:
    picture = np.where(outline(), presented(outline(), noise=0), 0).astype(np.uint16)
    field = find_field(picture, np.zeros(picture.shape, np.uint8))
    assert field.area == picture.size


def test_polarity_comes_from_the_pixels() -> None:
    picture = presented(outline())[::2, ::2]
    nowhere = np.zeros(picture.shape, np.uint8)
    for bright in (True, False):
        assert find_breast(picture, nowhere, bright=bright).bright
        assert not find_breast(4095 - picture, nowhere, bright=bright).bright
