from typing import Any

import pytest

from deid.errors import Reason, RefusedError
from deid.screen import screen
from tests.deid.headers import DBT, MG, mammogram, parsed, profile, tomosynthesis


def refusal(**changes: Any) -> Reason:
    with pytest.raises(RefusedError) as caught:
        screen(parsed(mammogram(**changes)), profile())
    return caught.value.reason


@pytest.mark.parametrize("sop_class", [MG, f"{MG}.1", DBT, f"{DBT[:-1]}4", f"{DBT[:-1]}5"])
def test_breast_images_pass(sop_class: str) -> None:
    screen(parsed(mammogram(SOPClassUID=sop_class)), profile())
    screen(parsed(tomosynthesis()), profile())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Reason.SOP_CLASS),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, Reason.SOP_CLASS),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, Reason.SOP_CLASS),
        ({"Modality": "CT"}, Reason.MODALITY),
        ({"Modality": ""}, Reason.MODALITY),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, Reason.IMAGE_TYPE),
        ({"ImageType": ["DERIVED", "PRIMARY", "SCREEN SAVE"]}, Reason.IMAGE_TYPE),
        ({"ConversionType": "WSD"}, Reason.IMAGE_TYPE),
        ({"ConversionType": "SD"}, Reason.IMAGE_TYPE),
        ({"BurnedInAnnotation": "YES"}, Reason.BURNED_IN),
    ],
)
def test_everything_else_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(**changes) is reason


def test_screening_is_no_screen_save_and_digitised_film_passes() -> None:
    made = mammogram(ImageType=["ORIGINAL", "PRIMARY", "", "SCREENING"], ConversionType="DF")
    screen(parsed(made), profile())


def test_no_pixel_data_is_refused() -> None:
    made = mammogram()
    del made.PixelData
    with pytest.raises(RefusedError) as caught:
        screen(parsed(made), profile())
    assert caught.value.reason is Reason.NO_PIXEL_DATA


@pytest.mark.parametrize("position", [0, 12])
def test_an_overlay_in_the_pixels_is_refused(position: int) -> None:
    made = mammogram()
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60000102, "US", position)
    with pytest.raises(RefusedError) as caught:
        screen(parsed(made), profile())
    assert caught.value.reason is Reason.OVERLAY


def test_an_overlay_of_its_own_passes_the_gate() -> None:
    made = mammogram()
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60000102, "US", 0)
    made.add_new(0x60003000, "OW", bytes(64 * 48 // 8))
    screen(parsed(made), profile())
