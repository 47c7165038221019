"""Coordinates are no text, although their bytes may look so; text in their place is."""

import numpy as np
import pytest

from deid.headers.grammar import is_written

FLOATS = frozenset({"FL"})


def test_whole_coordinates_are_no_text() -> None:
    random = np.random.default_rng(4)
    outlines = random.integers(0, 4096, (20_000, 16)).astype("<f4")
    assert any(is_written(outline.tobytes()) for outline in outlines)
    assert not any(is_written(outline.tobytes(), FLOATS) for outline in outlines)


@pytest.mark.parametrize(
    "text",
    [
        b"KARIN SJOSTROM A",
        b"KARDINDDSJODSTRD",
        "KARIN SJOSTR".encode("utf-16-le"),
        b"abcdefgh\0\0\x80D",
    ],
)
def test_text_among_coordinates_is_found(text: bytes) -> None:
    around = np.array([600.0, 700.0], "<f4").tobytes()
    assert is_written(around + text + around, FLOATS)
