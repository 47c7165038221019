import numpy as np
import pytest
from pydicom.dataset import Dataset

from deid.derived.breast import Breast
from deid.derived.facts import Flag, PixelFacts, measure
from deid.derived.field import Field
from deid.derived.shown import load_shown
from deid.derived.side import Wall, find_side
from deid.derived.spacing import Spacing, find_spacing
from tests.deid.breasts import Array, outline, presented
from tests.deid.headers import dataset, parsed
from tests.deid.pictures import native, opened


def facts(picture: Array, **changes: object) -> PixelFacts:
    return measure(load_shown(*opened(native(picture, **({"BitsStored": 12} | changes))))).facts


def masked(mask: Array) -> Breast:
    whole = Field(0, 0, mask.shape[1], mask.shape[0])
    return Breast(mask.astype(np.uint8), whole, bright=True, air=True, doubtful=False)


LEFT, RIGHT = masked(outline()), masked(outline()[:, ::-1])


# ---- side --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("breast", "orientation", "presented", "laterality"),
    [
        (LEFT, "", True, "L"),
        (RIGHT, "", True, "R"),
        (LEFT, "A\\R", True, "L"),
        (RIGHT, "P\\L", True, "R"),
        (LEFT, "A\\FR", False, "L"),
        (RIGHT, "P\\FL", False, "R"),
        (LEFT, "AR\\FR", True, "L"),  # oblique in both directions
        (LEFT, "A\\F", True, "L"),  # medio-lateral: the columns go to the feet
        (LEFT, "", False, ""),  # nobody laid it out for a reader
        (RIGHT, "P\\R", True, ""),  # a mirror image of a left breast, or a right one on its head
        (RIGHT, "P\\FR", True, "L"),  # a mirror image of a left breast: feet are down
        (LEFT, "A\\FL", True, "R"),
        (LEFT, "A\\HL", True, ""),  # on its head
        (LEFT, "P\\L", True, ""),  # says the chest wall is on the right
        (LEFT, "CC", True, "L"),  # as on the films: no orientation at all
    ],
)
def test_laterality(breast: Breast, orientation: str, presented: bool, laterality: str) -> None:
    assert find_side(breast, orientation, presented=presented).laterality == laterality


def test_the_wall_is_seen_whatever_is_claimed() -> None:
    side = find_side(LEFT, "P\\L", presented=True)
    assert (side.wall, side.disoriented) == (Wall.LEFT, True)


@pytest.mark.parametrize("turns", [1, 3])
def test_of_a_picture_on_its_side_nothing_is_claimed(turns: int) -> None:
    assert find_side(masked(np.rot90(outline(), turns)), "", presented=True).wall is Wall.UNKNOWN


def test_a_breast_that_goes_on_is_cut() -> None:
    assert not find_side(LEFT, "", presented=True).cut
    side = find_side(masked(outline()[:, :460]), "", presented=True)
    assert side.cut
    assert side.wall is Wall.LEFT


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({"ImageLaterality": "L"}, True),
        ({"ImageLaterality": "R"}, False),
        ({"ImageLaterality": "B"}, None),
        ({"Laterality": "R"}, False),
        ({"ImageLaterality": "L", "Laterality": "R"}, True),
        ({"FrameAnatomySequence": [dataset(FrameLaterality="R")]}, False),
        ({}, None),
    ],
)
def test_laterality_is_checked_against_the_header(changes: dict, agrees: bool | None) -> None:
    found = facts(presented(outline()), **changes)
    assert found.laterality_agrees is agrees
    assert (Flag.LATERALITY in found.flags) == (agrees is False)


# ---- spacing and area --------------------------------------------------------------------


def header(**elements: object) -> Dataset:
    made = native(np.zeros((4, 4), np.uint16), **elements)
    return parsed(made).header


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"ImagerPixelSpacing": ["0.07", "0.08"]}, Spacing(0.07, 0.08, "detector")),
        (
            {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": "1.25"},
            Spacing(0.08, 0.08, "breast"),
        ),
        (
            {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": "0"},
            Spacing(0.1, 0.1, "detector"),
        ),
        ({"NominalScannedPixelSpacing": [0.05, 0.05]}, Spacing(0.05, 0.05, "detector")),
        ({"PixelSpacing": [0.05, 0.05]}, Spacing(0.05, 0.05, "detector")),
        (
            {
                "PixelSpacing": [0.09, 0.09],
                "PixelSpacingCalibrationType": "GEOMETRY",
                "ImagerPixelSpacing": [0.1, 0.1],
            },
            Spacing(0.09, 0.09, "breast"),
        ),
        (
            {
                "ImagerPixelSpacing": [0.1, 0.1],
                "SharedFunctionalGroupsSequence": [
                    dataset(PixelMeasuresSequence=[dataset(PixelSpacing=[0.09, 0.09])])
                ],
            },
            Spacing(0.09, 0.09, "breast"),
        ),
        ({"ImagerPixelSpacing": [0.07]}, None),
        ({"ImagerPixelSpacing": [70, 70]}, None),  # micrometres
        ({"ImagerPixelSpacing": [0, 0]}, None),
        ({}, None),
    ],
)
def test_spacing(elements: dict, spacing: Spacing | None) -> None:
    assert find_spacing(header(**elements), 0) == spacing


def test_area_is_in_square_millimetres() -> None:
    mask = outline()
    found = facts(presented(mask), ImagerPixelSpacing=[0.3, 0.2])
    assert found.breast_area_mm2 == pytest.approx(mask.sum() * 0.06, rel=0.01)
    assert found.breast_share == pytest.approx(mask.mean(), rel=0.01)
    assert found.flags == ()


def test_without_a_spacing_there_is_no_area() -> None:
    found = facts(presented(outline()))
    assert found.breast_area_mm2 is None
    assert found.flags == (Flag.NO_SPACING,)


# ---- tones -------------------------------------------------------------------------------


def spotted(share: float, level: int) -> Array:
    """A breast, of which this share has one value."""
    picture, mask = presented(outline()), outline()
    inner = np.argwhere(mask[100:-100, :400])
    chosen = inner[np.random.default_rng(0).permutation(len(inner))[: int(share * mask.sum())]]
    picture[chosen[:, 0] + 100, chosen[:, 1]] = level
    return picture


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_saturation_is_counted(share: float) -> None:
    found = facts(spotted(share, 4095))
    assert found.saturated_share == pytest.approx(share, rel=0.15)
    assert (Flag.SATURATED in found.flags) == (share > 0.005)


def test_saturation_of_a_negative_is_at_its_other_end() -> None:
    found = facts(4095 - spotted(0.02, 4095), PhotometricInterpretation="MONOCHROME1")
    assert found.saturated_share == pytest.approx(0.02, rel=0.15)


def test_black_within_the_breast_is_flagged() -> None:
    assert Flag.CLIPPED in facts(spotted(0.02, 0)).flags
    assert Flag.CLIPPED not in facts(spotted(0.02, 2000)).flags


def test_a_breast_of_one_grey_is_flagged() -> None:
    picture = np.where(outline(), 1000, 0).astype(np.uint16)
    picture[20:60, 700:760] = 4000  # a marker
    assert Flag.LOW_CONTRAST in facts(picture).flags


def test_a_crumb_is_nearly_nothing() -> None:
    mask = outline(height=0.05, depth=0.06)
    picture = presented(mask)
    assert Flag.NEARLY_EMPTY in facts(picture).flags


@pytest.mark.parametrize(("content", "flagged"), [("20230417", False), ("20160426", True)])
def test_dates_that_lie_years_apart_are_flagged(content: str, *, flagged: bool) -> None:
    found = facts(presented(outline()), StudyDate="20230417", ContentDate=content)
    assert (Flag.DATES in found.flags) is flagged
