import pytest

from deid.identity.index import index, pieces
from deid.identity.spelling import Edge, Needle, Reach, stands_in

HAYS = [
    "av asa_2.dcm 470802-2980 ostra sjukhuset, lundberga (lbg77) sj?str?m 2 augusti 1947",
    "sjostromska bo^ek",
    "",
]


def needle(text: str, edge: Edge) -> Needle:
    return Needle(text, "name", edge, Reach.TEXT)


NEEDLES = tuple(
    needle(text, edge)
    for edge in Edge
    for text in (
        *("asa", "470802-2980", "470802", "ostra sjukhuset", "lbg77", "sj?str?m", "lundberg"),
        *("2 augusti 1947", "sjostrom", "bo^ek", "bo", "1947", "?", "-", "22980"),
    )
)


@pytest.mark.parametrize("hay", HAYS)
def test_no_needle_that_stands_in_a_hay_is_missed(hay: str) -> None:
    candidates = set(index(NEEDLES).candidates(hay, pieces(hay)))
    assert {one for one in NEEDLES if stands_in(one, hay)} <= candidates


def test_few_needles_are_asked_for() -> None:
    many = tuple(needle(f"name{letter}{other}", Edge.LETTER) for letter in "abc" for other in "xyz")
    words = tuple(Needle(f"w{n}x", "name", Edge.WORD, Reach.TEXT) for n in range(500))
    hay = "screening mammografi w7 w17x"
    found = list(index(many + words).candidates(hay, pieces(hay)))
    assert len(found) < 20
    assert Needle("w17x", "name", Edge.WORD, Reach.TEXT) in found


def test_long_numbers_are_known_in_any_spacing() -> None:
    numbers = index((Needle("194708022980", "identifier", Edge.DIGIT, Reach.ALL),)).numbers
    assert numbers == {"194708022980": "identifier"}
