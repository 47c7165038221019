"""Writing in colour alone: as bright as all around it, and legible to anybody."""

from typing import Any

import numpy as np
import pytest

from deid.pixels.coding.codecs import read_layout
from deid.pixels.detection.colours import planes
from deid.pixels.redact import read_again, redact
from deid.pixels.staying import ViewTag
from tests.deid.pictures import (
    Array,
    described,
    glyphs,
    joined,
    native,
    opened,
    pixels_of,
    text_reader,
)

WHERE = np.zeros((240, 400), bool)
DRAWN = glyphs("Sjostrom Asa 470802-2980", 20)
WHERE[30 : 30 + DRAWN.shape[0], 40 : 40 + DRAWN.shape[1]] = DRAWN


def coloured(ground: tuple[int, ...], ink: tuple[int, ...]) -> Array:
    picture = np.full((*WHERE.shape, 3), ground, np.uint8)
    picture[WHERE] = ink
    return picture


CASES: list[tuple[Array, dict[str, Any]]] = [
    (coloured((150, 60, 60), (60, 106, 60)), {}),
    (coloured((100, 128, 128), (100, 128, 200)), {"PhotometricInterpretation": "YBR_FULL"}),
    (
        coloured((100, 128, 128), (100, 60, 128)),
        {"PhotometricInterpretation": "YBR_FULL", "PlanarConfiguration": 1},
    ),
]


@pytest.mark.parametrize(("picture", "changes"), CASES)
def test_text_in_colour_alone_is_found_and_blanked(picture: Array, changes: dict[str, Any]) -> None:
    source = native(picture, **changes)
    reader, parsed = opened(source)
    assert read_again(reader, parsed, text_reader())
    redaction = redact(reader, parsed, text_reader(), view=ViewTag("", ""))
    finished = joined(source, redaction.pieces)
    assert redaction.changed_frames == (1,)
    assert read_again(*opened(finished), text_reader()) == ()
    before, after = pixels_of(source), pixels_of(finished)
    assert (after[100:] == before[100:]).all()
    assert (after[WHERE] != before[WHERE]).any(axis=1).all()


def palette(colours: list[tuple[int, int]]) -> dict[str, Any]:
    said: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, pair in zip(("Red", "Green", "Blue"), colours, strict=True):
        said[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        said[f"{name}PaletteColorLookupTableData"] = np.array(pair, "<u2").tobytes()
    return said


def test_text_in_the_colours_of_a_palette_alone_is_found() -> None:
    picture = WHERE.astype(np.uint8)
    source = native(picture, **palette([(58700, 0), (0, 29900), (0, 0)]))
    assert read_again(*opened(source), text_reader())


def test_grey_in_colours_is_looked_at_once() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert [which for which, _ in planes(grey, read_layout(described(grey)))] == [0]
    grey[..., 1:] = 128
    layout = read_layout(described(grey, PhotometricInterpretation="YBR_FULL"))
    assert [which for which, _ in planes(grey, layout)] == [0]
