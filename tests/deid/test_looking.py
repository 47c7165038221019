import numpy as np
import pytest

from deid.pixels.gate import FIRST, SECOND, Sight
from deid.pixels.looking import look
from deid.pixels.writing import Kind
from tests.deid.pictures import Array, burn, film, glyphs, text_reader


def screen(text: str, size: int) -> tuple[Array, Array]:
    """An ultrasound screen: speckle in the middle, words at its edge."""
    noise = np.random.default_rng(7)
    picture = np.zeros((480, 640), np.uint8)
    picture[100:400, 150:500] = noise.integers(20, 90, (300, 350))
    return picture, burn(picture, (30, 20), glyphs(text, size), 230)


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
    texts = [it for it in look(picture, text_reader(), FIRST) if it.kind is Kind.TEXT]
    assert len(texts) == 1


def test_speckle_and_tissue_are_no_text() -> None:
    picture, _ = screen("", 10)
    tissue = (film("1-130")[1700:2340, 300:940] >> 4).astype(np.uint16)
    assert look(picture, text_reader(), FIRST) == ()
    assert [it for it in look(tissue, text_reader(), FIRST) if it.kind is Kind.TEXT] == []


def test_a_picture_of_one_value_is_not_looked_at() -> None:
    class Blind:
        """A reader that must not be asked."""

    assert look(np.full((4000, 3000), 7, np.uint16), Blind(), FIRST) == ()  # type: ignore[arg-type]


def test_labels_of_few_values_are_seen_as_well_as_greys() -> None:
    from deid.pixels.codecs import read_layout
    from deid.pixels.planes import luminance
    from tests.deid.pictures import described

    labels = np.zeros((240, 400), np.uint8)
    burn(labels, (60, 40), glyphs("Sjostrom Asa 470802-2980", 20), 1)
    plane = luminance(labels, read_layout(described(labels)))
    assert any(it.kind is Kind.TEXT for it in look(plane, text_reader(), FIRST))
