"""How much burned-in text is found on the real films: glyph pixels blanked, items missed."""

import io
from collections.abc import Iterator

import numpy as np

from deid.errors import SuspectError
from deid.pixels.redact import ViewTag, read_again, redact
from deid.source import parse
from tests.deid.pictures import (
    FILMS,
    Array,
    burn,
    film,
    glyphs,
    joined,
    native,
    pixels_of,
    text_reader,
)

TEXTS = ("ÖHRSTRÖM, Åsa", "19620314-2387", "2023-04-17", "Norrby sjukhus", "f. 62-03-14 kvinna")
SIZES = (20, 24, 32, 48, 72, 120)
SEED = 20261122


def run() -> Iterator[str]:
    """Burn one line of each size into every film, anywhere, white to grey, level or upright."""
    random = np.random.default_rng(SEED)
    covered: dict[int, list[float]] = {size: [] for size in SIZES}
    untouched, left = 0, 0
    for path in FILMS:
        clean = film(path.stem)
        untouched += not _blanked(native(clean)).any()
        picture = clean.copy()
        items = [(size, _draw(picture, size, random)) for size in SIZES]
        source = native(picture)
        blank = _blanked(source)
        for size, where in items:
            covered[size].append(float(blank[where].mean()))
        left += _second_eye(source)
    yield f"bench.text.films={len(FILMS)}"
    yield f"bench.text.films_untouched_without_text={untouched}"
    for size, shares in covered.items():
        missed = sum(share < 0.95 for share in shares)
        yield f"bench.text.size_{size}_glyph_pixels_percent={100 * np.mean(shares):.1f}"
        yield f"bench.text.size_{size}_items_not_wholly_covered={missed}"
    yield f"bench.text.second_eye_finds_more_in_films={left}"


def _draw(picture: Array, size: int, random: np.random.Generator) -> Array:
    """Draw one line where none is yet; give its strokes."""
    drawn = glyphs(str(random.choice(TEXTS)), size, upright=random.random() < 0.75)
    height, width = drawn.shape
    rows, columns = picture.shape
    low = int(picture.max() * 0.55)
    at = (
        int(random.integers(20, rows - height - 20)),
        int(random.integers(20, columns - width - 20)),
    )
    return burn(picture, at, drawn, int(random.integers(low, 65535)))


def _blanked(source: bytes) -> Array:
    """Give the pixels that redaction changed."""
    reader = io.BytesIO(source)
    done = redact(reader, parse(reader), text_reader(), view=ViewTag("", ""))
    changed: Array = pixels_of(joined(source, done.pieces)) != pixels_of(source)
    return changed


def _second_eye(source: bytes) -> bool:
    """Tell whether the second eye still finds text in what the first eye made."""
    reader = io.BytesIO(source)
    done = redact(reader, parse(reader), text_reader(), view=ViewTag("", ""))
    finished = io.BytesIO(joined(source, done.pieces))
    try:
        return bool(read_again(finished, parse(finished), text_reader()))
    except SuspectError:
        return True
