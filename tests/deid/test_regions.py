"""All but the regions of an ultrasound image is blanked (PS3.3 C.8.5.5)."""

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset

from deid.pixels.redact import redact
from deid.pixels.staying import ViewTag
from deid.profiles.profile import load_profile
from deid.regions import outside_regions
from deid.screen import screen
from tests.deid.headers import dataset, joined, mammogram, parsed, written
from tests.deid.pictures import text_reader

SHAPE = 64, 48
US = "1.2.840.10008.5.1.4.1.1.6.1"


def region(left: int, top: int, right: int, bottom: int) -> Dataset:
    return dataset(
        RegionLocationMinX0=left,
        RegionLocationMinY0=top,
        RegionLocationMaxX1=right,
        RegionLocationMaxY1=bottom,
    )


def ultrasound(*regions: Dataset, **changes: Any) -> Dataset:
    """An image of 64 rows and 48 columns."""
    made = mammogram(SOPClassUID=US, Modality="US", **changes)
    made.SequenceOfUltrasoundRegions = [*regions]
    return made


def drawn(made: Dataset, frame: int = 1) -> npt.NDArray[np.uint8]:
    """What is blanked in a frame, drawn as every box is."""
    mask = np.zeros(SHAPE, np.uint8)
    for box in outside_regions(parsed(made).header):
        if box.frame == frame:
            cv2.fillConvexPoly(mask, np.array(box.corners, np.int32), 1)
    return mask


@pytest.mark.parametrize(
    "regions",
    [
        [(4, 8, 40, 50)],
        [(0, 0, 47, 63)],
        [(0, 0, 0, 0)],
        [(47, 63, 47, 63)],
        [(4, 8, 20, 30), (25, 8, 40, 50)],
        [(4, 8, 30, 40), (20, 30, 44, 60)],
        [(4, 8, 40, 50), (10, 12, 20, 20)],
        [(0, 0, 47, 10), (0, 11, 47, 63)],
    ],
)
def test_what_no_region_covers_is_blanked_and_nothing_else(
    regions: list[tuple[int, int, int, int]],
) -> None:
    expected = np.ones(SHAPE, np.uint8)
    for left, top, right, bottom in regions:
        expected[top : bottom + 1, left : right + 1] = 0
    assert np.array_equal(drawn(ultrasound(*(region(*one) for one in regions))), expected)


@pytest.mark.parametrize(
    "wrong",
    [(40, 8, 4, 50), (4, 50, 40, 8), (4, 8, 48, 50), (4, 8, 40, 64), (4, 8, 2**32 - 1, 50)],
)
def test_a_region_that_cannot_be_keeps_nothing(wrong: tuple[int, int, int, int]) -> None:
    assert not drawn(ultrasound(region(*wrong))).any()
    right = drawn(ultrasound(region(*wrong), region(4, 8, 20, 30)))
    assert np.array_equal(right, drawn(ultrasound(region(4, 8, 20, 30))))


def test_every_frame_is_blanked() -> None:
    made = ultrasound(region(4, 8, 40, 50), NumberOfFrames="3", PixelData=bytes(64 * 48 * 6))
    boxes = outside_regions(parsed(made).header)
    assert {box.frame for box in boxes} == {1, 2, 3}
    assert np.array_equal(drawn(made, 3), drawn(made, 1))


def test_without_regions_nothing_is_blanked_but_people_look() -> None:
    general = load_profile("general")
    for made in (ultrasound(), ultrasound(dataset(RegionLocationMinX0=4))):
        passage = screen(parsed(made), general)
        assert (passage.closely, passage.review, passage.blank) == (True, ("ultrasound",), ())
    passage = screen(parsed(ultrasound(region(4, 8, 40, 50))), general)
    assert (passage.closely, passage.review) == (True, ("ultrasound",))
    assert passage.blank


def test_more_than_anybody_draws_is_left_to_people() -> None:
    many = [region(2 * n % 40, 3 * n % 60, 2 * n % 40, 3 * n % 60) for n in range(65)]
    assert outside_regions(parsed(ultrasound(*many)).header) == ()


def test_no_other_class_has_regions() -> None:
    made = ultrasound(region(4, 8, 40, 50))
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    assert screen(parsed(made), load_profile("general")).blank == ()


def test_it_is_blanked_in_what_leaves_and_the_region_stays_bit_for_bit() -> None:
    shown = np.full(SHAPE, 900, np.uint16)
    shown[::3, ::2] = 40
    made = ultrasound(region(4, 8, 40, 50), PixelData=shown.tobytes())
    data = written(made)
    source = parsed(data)
    passage = screen(source, load_profile("general"))
    view = ViewTag("", "")
    changed = redact(io.BytesIO(data), source, text_reader(), view=view, passage=passage)
    after = np.frombuffer(joined(changed.pieces, data)[-shown.nbytes :], np.uint16).reshape(SHAPE)
    assert np.array_equal(after[8:51, 4:41], shown[8:51, 4:41])
    assert (after[:8] == 40).all()
    assert (after[:, :4] == 40).all()
    assert (after[51:] == 40).all()
    assert (after[:, 41:] == 40).all()
