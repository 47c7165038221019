"""Pixels of unequal sides are for people to look at, wherever that is said."""

import pytest
from pydicom.dataset import Dataset

from deid.profiles.profile import load_profile
from deid.screen import screen
from deid.squeezed import SQUEEZED, is_squeezed
from tests.deid.pictures import opened
from tests.objects import part10, tomosynthesis


def nested(**said: object) -> Dataset:
    header, middle, level = Dataset(), Dataset(), Dataset()
    for keyword, value in said.items():
        setattr(level, keyword, value)
    middle.PixelMeasuresSequence = [level]
    header.SharedFunctionalGroupsSequence = [middle]
    return header


@pytest.mark.parametrize(
    ("said", "squeezed"),
    [
        ({"PixelSpacing": ["0.1", "0.10"]}, False),
        ({"PixelSpacing": ["0.1", "2"]}, True),
        ({"NominalScannedPixelSpacing": ["1", "1.5"]}, True),
        ({"PixelAspectRatio": ["1", "14"]}, True),
        ({"PresentationPixelAspectRatio": ["1", "1"]}, False),
        ({"PresentationPixelSpacing": ["1", "3"]}, True),
        ({"ImagerPixelSpacing": None}, False),
    ],
)
def test_unequal_sides_are_seen_at_any_depth(said: dict[str, object], *, squeezed: bool) -> None:
    assert is_squeezed(nested(**said)) is squeezed


@pytest.mark.parametrize("profile", ["mammography", "general"])
def test_a_squeezed_tomosynthesis_is_looked_at_by_people(profile: str) -> None:
    made = tomosynthesis()
    measures = Dataset()
    for spacing, held in (([0.1, 0.1], False), ([0.1, 2.0], True)):
        measures.PixelSpacing = spacing
        made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = [measures]
        _, parsed = opened(part10(made))
        assert (SQUEEZED in screen(parsed, load_profile(profile)).review) is held
