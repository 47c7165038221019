from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID_dictionary

from deid.errors import ProfileError, Reason, RefusedError
from deid.passage import Passage
from deid.profiles.profile import load_profile, read_profile
from deid.screen import screen
from tests.deid import documents
from tests.deid.headers import DBT, MG, mammogram, parsed, profile, tomosynthesis, written
from tests.deid.test_deidentify import walked

CLASSES = "1.2.840.10008.5.1.4.1.1"


def refusal(made: Dataset | bytes, *, name: str = "mammography") -> Reason:
    with pytest.raises(RefusedError) as caught:
        screen(parsed(made), load_profile(name))
    return caught.value.reason


@pytest.mark.parametrize("sop_class", [MG, f"{MG}.1", DBT, f"{DBT[:-1]}4", f"{DBT[:-1]}5"])
def test_breast_images_pass(sop_class: str) -> None:
    screen(parsed(mammogram(SOPClassUID=sop_class)), profile())
    screen(parsed(tomosynthesis()), profile())


@pytest.mark.parametrize("name", sorted({*documents.ALL} - {"sc", "cr"}))
def test_what_belongs_to_breast_images_passes(name: str) -> None:
    screen(parsed(documents.ALL[name]()), profile())


@pytest.mark.parametrize("name", documents.ALL)
def test_general_takes_them_all(name: str) -> None:
    screen(parsed(documents.ALL[name]()), load_profile("general"))


def test_what_is_refused_for_its_class_is_named_as_the_standard_does() -> None:
    with pytest.raises(RefusedError) as caught:
        screen(parsed(mammogram(SOPClassUID=f"{CLASSES}.6.1")), profile())
    assert caught.value.said == (
        "an ultrasound image, not of this profile: Ultrasound Image Storage"
    )
    with pytest.raises(RefusedError) as caught:
        screen(parsed(mammogram(SOPClassUID="1.2.752.1947.8.2.2980")), profile())
    assert caught.value.said == "the SOP class is not accepted by the profile"


@pytest.mark.parametrize("name", ["mammography", "general"])
def test_a_class_that_no_rule_names_is_refused(name: str) -> None:
    rules = load_profile(name)
    made = parsed(mammogram())
    unnamed = [uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "SOP Class"]
    for uid in (*unnamed, f"{CLASSES}.999", "1.2.752.1947.8", ""):
        if uid not in rules.iods:
            made.header.SOPClassUID = made.meta.MediaStorageSOPClassUID = uid
            with pytest.raises(RefusedError):
                screen(made, rules)


@pytest.mark.parametrize(
    ("uid", "reason"),
    [(f"{CLASSES}.7", Reason.SECONDARY_CAPTURE), (f"{CLASSES}.128", Reason.SOP_CLASS)],
)
def test_file_meta_cannot_bring_in_another_class(uid: str, reason: Reason) -> None:
    made = parsed(mammogram())
    made.meta.MediaStorageSOPClassUID = uid
    with pytest.raises(RefusedError) as caught:
        screen(made, profile())
    assert caught.value.reason is reason


@pytest.mark.parametrize("modality", ["CT", "US", "", "XX"])
def test_general_takes_any_modality(modality: str) -> None:
    made = mammogram(SOPClassUID=f"{CLASSES}.2", Modality=modality)
    screen(parsed(made), load_profile("general"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": f"{CLASSES}.7"}, Reason.SECONDARY_CAPTURE),
        ({"SOPClassUID": f"{CLASSES}.7.4"}, Reason.SECONDARY_CAPTURE),
        ({"SOPClassUID": f"{CLASSES}.6.1"}, Reason.ULTRASOUND),
        ({"SOPClassUID": f"{CLASSES}.3.1"}, Reason.ULTRASOUND),
        ({"SOPClassUID": f"{CLASSES}.1"}, Reason.SOP_CLASS),
        ({"SOPClassUID": f"{CLASSES}.1.1"}, Reason.SOP_CLASS),
        ({"SOPClassUID": f"{CLASSES}.2"}, Reason.SOP_CLASS),
        ({"SOPClassUID": f"{CLASSES}.104.1"}, Reason.DOCUMENT),
        ({"SOPClassUID": f"{CLASSES}.104.2"}, Reason.DOCUMENT),
        ({"SOPClassUID": f"{CLASSES}.66"}, Reason.RAW_DATA),
        ({"SOPClassUID": "1.2.3.4"}, Reason.SOP_CLASS),
        ({"Modality": "CT"}, Reason.MODALITY),
        ({"Modality": ""}, Reason.MODALITY),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, Reason.IMAGE_TYPE),
        ({"ImageType": ["DERIVED", "PRIMARY", "SCREEN SAVE"]}, Reason.SCREEN_SAVE),
        ({"ConversionType": "WSD"}, Reason.IMAGE_TYPE),
        ({"ConversionType": "SD"}, Reason.IMAGE_TYPE),
        ({"ConversionType": "NEW"}, Reason.IMAGE_TYPE),
        ({"HardcopyCreationDeviceID": "7"}, Reason.IMAGE_TYPE),
        ({"BurnedInAnnotation": "YES"}, Reason.BURNED_IN),
    ],
)
def test_everything_else_is_refused_by_name(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(mammogram(**changes)) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": f"{CLASSES}.104.1"}, Reason.DOCUMENT),
        ({"SOPClassUID": f"{CLASSES}.66"}, Reason.RAW_DATA),
        ({"SOPClassUID": f"{CLASSES}.9.1.1"}, Reason.SOP_CLASS),
        ({"SOPClassUID": f"{CLASSES}.481.3"}, Reason.SOP_CLASS),
        ({"SOPClassUID": f"{CLASSES}.7", "ImageType": ["DERIVED", "SCREEN"]}, Reason.SCREEN_SAVE),
    ],
)
def test_general_refuses_what_is_no_image(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(mammogram(**changes), name="general") is reason


@pytest.mark.parametrize("name", ["mammography", "general"])
def test_a_media_directory_is_no_object(name: str) -> None:
    directory = b"1.2.840.10008.1.3.10".ljust(len(MG) + 1, b"\0")
    data = written(mammogram()).replace(MG.encode() + b"\0", directory, 1)
    assert refusal(data, name=name) is Reason.DIRECTORY


def test_screening_is_no_screen_save() -> None:
    made = mammogram(ImageType=["ORIGINAL", "PRIMARY", "", "SCREENING"], ConversionType="DI")
    assert screen(parsed(made), profile()) == Passage()


def test_an_image_without_pixels_is_refused() -> None:
    made = mammogram()
    del made.PixelData
    assert refusal(made) is Reason.NO_PIXEL_DATA


def test_a_report_with_pixels_is_refused() -> None:
    made = documents.report()
    image = mammogram()
    for keyword in ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel", "PixelData"):
        made[keyword] = image[keyword]
    assert refusal(made) is Reason.STRAY_PIXELS


def test_an_overlay_of_its_own_passes_the_gate() -> None:
    made = mammogram()
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60000102, "US", 0)
    made.add_new(0x60003000, "OW", bytes(64 * 48 // 8))
    screen(parsed(made), profile())


BARE = """name = "bare"
version = "1"
table = "ps3_15_e1_1.csv"
types = "attribute_types.csv"
texts = "text_attributes.csv"
groups = ["0008", "0010", "0018", "0020", "0028", "7FE0"]
age_cap = 89
options = []
accept = [
  { sop_class = "1.2.840.10008.5.1.4.1.1.1.2", iod = "mg", reason = "ours", clause = "ours" },
  { sop_class = "1.2.840.10008.5.1.4.1.1.88.11", iod = "sr", reason = "ours", clause = "ours" },
]
"""
UNITS = """device_table = "devices.csv"
pass = [{ device = "mammography unit", reason = "ours", clause = "ours" }]
"""


@pytest.mark.parametrize("head", ["", 'extends = "common"\n'])
def test_without_rules_of_devices_no_image_passes(head: str) -> None:
    own = read_profile(head + BARE, file="bare.toml")
    for made in (mammogram(SOPClassUID=MG), mammogram(SOPClassUID=MG, BurnedInAnnotation="YES")):
        with pytest.raises(RefusedError) as caught:
            screen(parsed(written(made)), own)
        assert caught.value.reason is Reason.DEVICE
    with pytest.raises(RefusedError) as caught:
        screen(parsed(written(tomosynthesis())), own)
    assert caught.value.reason is Reason.SOP_CLASS
    with pytest.raises(ProfileError):  # of the other kinds of the table nothing is said
        read_profile(head + UNITS + BARE, file="bare.toml")


@pytest.mark.parametrize(
    "said",
    [
        {"ContainerIdentifier": "K 1947"},
        {"SpecimenIdentifier": "K 1947"},
        {"SpecimenDescriptionSequence": [Dataset()]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "SPECIMEN"]},
        {"SeriesDescription": "Preparatbild hö"},
        {"ProtocolName": "Breast specimen"},
    ],
)
def test_a_specimen_on_a_known_unit_is_looked_at_by_people(said: dict[str, Any]) -> None:
    found = screen(parsed(written(mammogram(**said))), profile())
    assert found.review == ("specimen radiograph",)
    assert found.closely


def test_what_a_specimen_is_called_does_not_leave() -> None:
    item = Dataset()
    item.SpecimenIdentifier, item.SpecimenShortDescription = "K 1947", "Ronnby, Märta"
    item.SpecimenDetailedDescription = "Ronnby, Märta 19470802-2391"
    made = mammogram(ContainerIdentifier="K 1947", SpecimenDescriptionSequence=[item])
    made.ContainerDescription, made.SpecimenAccessionNumber = "Ronnby, Märta", "K 1947"
    finished, _, _ = walked(made, look=False)
    assert b"1947" not in finished
    assert b"Ronnby" not in finished
