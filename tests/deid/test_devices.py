"""The device gate: what may pass, what people look at, what is refused; and no way around it."""

from functools import lru_cache
from time import process_time
from typing import Any

import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.errors import Reason, RefusedError
from deid.passage import Passage
from deid.profiles.devices import UNKNOWN
from deid.profiles.gate import Then
from deid.profiles.profile import Profile, load_profile
from deid.profiles.rules import WITHOUT_PIXELS
from deid.screen import screen
from tests.deid import documents
from tests.deid.headers import dataset, mammogram, parsed, profile, tomosynthesis

HEAD = 'extends = "mammography"\nname = "north"\nversion = "1"\n'
UNITS = [
    ("HOLOGIC, Inc.", "Selenia Dimensions"),
    ("Hologic", "3Dimensions"),
    ("LORAD, A Hologic Company", "Lorad Selenia"),
    ("GE MEDICAL SYSTEMS", "Senographe Essential VERSION ADS_55.40"),
    ("GE MEDICAL SYSTEMS", "Senograph 2000D ADS_17.4.5"),
    ("GE Healthcare", "Senographe Pristina"),
    ("SIEMENS", "Mammomat Novation DR"),
    ("Siemens Healthineers", "MAMMOMAT Revelation"),
    ("Siemens Healthineers", "MAMMOMAT B.brilliant"),
    ("FUJIFILM Corporation", "AMULET Innovality"),
    ("FUJIFILM Corporation", "FDR-3000AWS"),
    ("Philips Digital Mammography Sweden AB", "L30"),
    ("Sectra Imtec AB", "MicroDose SI"),
    ("I.M.S. S.r.l.", "Giotto Class"),
    ("Planmed Oy", "Planmed Clarity 3D"),
    ("Metaltronica S.p.A.", "Helianthus DBT"),
]
FILM, PLATE, STRANGE = "digitised film", "computed radiography", UNKNOWN
REVIEWED = [
    ("VIDAR Systems Corporation", "DiagnosticPRO Advantage", FILM),
    ("R2 Technology, Inc.", "DigitalNow", FILM),
    ("HOLOGIC, Inc.", "DigitalNow HD", FILM),
    ("iCAD, Inc.", "TotalLook MammoAdvantage", FILM),
    ("Howtek", "960", FILM),
    ("Lumisys", "Lumiscan 85", FILM),
    ("EASTMAN KODAK COMPANY", "LS85", FILM),
    ("Carestream Health", "LS-75", FILM),
    ("Array Corporation", "2905 HD", FILM),
    ("", "Film Digitizer", FILM),
    ("FUJIFILM Corporation", "FCR PROFECT CS", PLATE),
    ("KODAK", "CR 975", PLATE),
    ("Agfa-Gevaert", "CR 85-X", PLATE),
    ("KONICA MINOLTA", "REGIUS Model 190", PLATE),
    ("Röntgenbolaget AB", "Selenia Dimensions", STRANGE),
    ("HOLOGIC, Inc.", "Ny modell", STRANGE),
    ("HOLOGIC, Inc.", "", STRANGE),
    ("", "Mammomat Inspiration", STRANGE),
    ("", "", STRANGE),
]
REFUSED = [
    ("Canon", "DR-2010C", "page scanner"),
    ("Lexmark", "X658de", "page scanner"),
    ("Acme", "DI document scanner", "page scanner"),
    ("Codonics", "Horizon", "hard copy"),
    ("Faxitron Bioptics LLC", "BioVision+", "specimen radiography"),
    ("Bioptics, Inc.", "piXarray", "specimen radiography"),
    ("KUBTEC", "XPERT 40", "specimen radiography"),
    ("HOLOGIC, Inc.", "Trident HD", "specimen radiography"),
    ("Matakina Technology", "VolparaDensity", "computer-aided detection"),
    ("iCAD, Inc.", "SecondLook", "computer-aided detection"),
    ("HOLOGIC, Inc.", "R2 Cenova", "computer-aided detection"),
    ("Confirma", "CADstream", "computer-aided detection"),
    ("HOLOGIC, Inc.", "SecurView DX", "workstation"),
    ("Siemens Healthcare", "syngo.via", "workstation"),
    ("Visage Imaging", "Visage 7", "workstation"),
    ("GE MEDICAL SYSTEMS", "Centricity PACS", "workstation"),
    ("GE MEDICAL SYSTEMS", "Senographe Review Workstation", "workstation"),
]


def test_many_names_are_no_device_s_and_cost_nothing() -> None:
    devices = shipped("mammography").gate.devices
    assert devices is not None
    known = ["HOLOGIC, Inc.", *(f"n{number}" for number in range(1000))]
    models = ["Selenia Dimensions", *known[1:]]
    before = process_time()
    assert devices.kind(known, models) == UNKNOWN
    assert process_time() - before < 0.1
    assert devices.kind(known[:1], models) == UNKNOWN
    assert devices.kind(known[:4], models[:4]) == "mammography unit"
    assert devices.kind(["Hologic"] * 9, ["3Dimensions"] * 9) == "mammography unit"


@lru_cache
def shipped(name: str) -> Profile:
    return load_profile(name)


def passage(made: Dataset, rules: str | Profile = "mammography") -> Passage:
    return screen(parsed(made), shipped(rules) if isinstance(rules, str) else rules)


def loosely(made: Dataset, tag: int, value: Any) -> Dataset:
    """Set a code as no standard allows it."""
    made[tag] = DataElement(tag, "CS", value, validation_mode=IGNORE)
    return made


def refused(made: Dataset, rules: Profile | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        screen(parsed(made), rules or profile())
    return caught.value.said


def of(maker: Any, model: Any, **changes: Any) -> Dataset:
    return mammogram(Manufacturer=maker, ManufacturerModelName=model, **changes)


@pytest.mark.parametrize(("maker", "model"), UNITS)
@pytest.mark.parametrize("name", ["mammography", "general"])
def test_a_mammography_unit_passes_to_detection(maker: str, model: str, name: str) -> None:
    assert passage(of(maker, model), name) == Passage()


@pytest.mark.parametrize(("maker", "model", "kind"), REVIEWED)
def test_what_people_have_to_look_at(maker: str, model: str, kind: str) -> None:
    assert passage(of(maker, model)) == Passage(closely=True, review=(kind,))


@pytest.mark.parametrize(("maker", "model", "kind"), REFUSED)
def test_what_is_refused_for_its_device(maker: str, model: str, kind: str) -> None:
    assert refused(of(maker, model)) == f"{Reason.DEVICE.value}: {kind}"


@pytest.mark.parametrize(("maker", "model", "_"), [*REVIEWED, *REFUSED])
def test_general_looks_closely_at_every_other_device(maker: str, model: str, _: str) -> None:
    assert passage(of(maker, model), "general").closely


@pytest.mark.parametrize(("maker", "model", "_"), REFUSED)
def test_general_releases_none_of_them_unreviewed(maker: str, model: str, _: str) -> None:
    assert passage(of(maker, model), "general").review


@pytest.mark.parametrize(
    "changes",
    [
        {"Manufacturer": "hologic, inc."},
        {"Manufacturer": "  HOLOGIC   Inc "},
        {"Manufacturer": "HOLOGIC,_INC."},
        {"ManufacturerModelName": "SELENIA DIMENSIONS\0"},
        {"ManufacturerModelName": "selenia-dimensions"},
    ],
)
def test_case_spaces_and_padding_do_not_matter(changes: dict[str, Any]) -> None:
    assert passage(mammogram(**changes)) == Passage()


@pytest.mark.parametrize(
    "changes",
    [
        {"Manufacturer": ["HOLOGIC, Inc.", "Annan AB"]},
        {"Manufacturer": ["HOLOGIC, Inc.", ""]},
        {"ManufacturerModelName": ["Selenia", "Dimensions"]},
        {"Manufacturer": "Not HOLOGIC"},
        {"Manufacturer": "HOLOGICAL AB"},
        {"Manufacturer": "HOLOGIC".replace("O", "О")},  # noqa: RUF001 -- a Cyrillic letter
        {"Manufacturer": "HOLO\u200bGIC"},
        {"ManufacturerModelName": "Pictures of a Selenia"},
        {"ManufacturerModelName": "Selenia2"},
        {"ManufacturerModelName": "."},
    ],
)
def test_what_only_looks_like_a_known_device_is_unknown(changes: dict[str, Any]) -> None:
    made = mammogram(SpecificCharacterSet="ISO_IR 192", **changes)
    assert passage(made) == Passage(closely=True, review=(UNKNOWN,))


def test_one_name_of_several_is_enough_to_be_held_back() -> None:
    assert refused(of(["HOLOGIC, Inc.", "Faxitron"], "Selenia Dimensions")).endswith(
        "specimen radiography"
    )
    found = passage(of(["HOLOGIC, Inc.", "VIDAR"], "Selenia Dimensions"))
    assert found.review == ("digitised film",)


@pytest.mark.parametrize(("vr", "value"), [("OB", b"HOLOGIC, Inc. "), ("CS", "HOLOGIC")])
def test_a_name_in_an_element_of_another_kind_is_no_name(vr: str, value: Any) -> None:
    made = mammogram()
    made[0x00080070] = DataElement(0x00080070, vr, value)
    assert passage(made).review == (UNKNOWN,)


def test_a_name_whose_kind_an_archive_forgot_is_one() -> None:
    made = mammogram()
    made[0x00080070] = DataElement(0x00080070, "UN", b"HOLOGIC, Inc. ")
    assert passage(made) == Passage()
    made[0x00080070] = DataElement(0x00080070, "UN", b"Faxitron")
    assert refused(made).endswith("specimen radiography")


def test_a_name_inside_a_sequence_is_no_name() -> None:
    made = mammogram()
    nested = dataset(Manufacturer="HOLOGIC, Inc.", ManufacturerModelName="Selenia Dimensions")
    made.ContributingEquipmentSequence = Sequence([nested])
    del made.Manufacturer
    assert passage(made).review == (UNKNOWN,)
    made[0x00080070] = DataElement(0x00080070, "SQ", Sequence([nested]))
    assert passage(made).review == (UNKNOWN,)


@pytest.mark.parametrize(("maker", "model", "kind"), REVIEWED[:10])
def test_who_captured_a_picture_counts_as_well(maker: str, model: str, kind: str) -> None:
    made = mammogram(
        SecondaryCaptureDeviceManufacturer=maker,
        SecondaryCaptureDeviceManufacturerModelName=model,
    )
    assert passage(made).review == (kind,)


def test_a_captured_picture_of_a_workstation_is_refused() -> None:
    made = mammogram(SecondaryCaptureDeviceManufacturerModelName="SecurView")
    assert refused(made).endswith("workstation")


@pytest.mark.parametrize(
    ("tag", "said"), [(0x00187004, "FILM"), (0x00187004, " film"), (0x00080064, "DF")]
)
def test_film_is_known_by_other_signs_too(tag: int, said: str) -> None:
    made = loosely(mammogram(), tag, said)
    assert passage(made) == Passage(closely=True, review=("digitised film",))


@pytest.mark.parametrize(
    "said", ["YES", "yes", " Yes ", "Y", "TRUE", "OTHER", ["NO", "YES"], ["YES", "NO"]]
)
def test_declared_text_is_a_veto_and_its_denial_says_nothing(said: Any) -> None:
    made = loosely(mammogram(), 0x00280301, said)
    assert refused(made) == Reason.BURNED_IN.value
    assert passage(made, "general").review == ("declared text",)
    made.BurnedInAnnotation = "NO"
    assert passage(made) == Passage()
    made.Manufacturer = "Okänd AB"
    assert passage(made).review == (UNKNOWN,)
    del made.BurnedInAnnotation
    assert passage(made).review == (UNKNOWN,)


def test_several_reasons_to_look_are_all_named_once() -> None:
    made = of("VIDAR", "x", DetectorType="FILM")
    assert passage(made).review == ("digitised film",)
    made.Manufacturer = "Okänd AB"
    assert passage(made).review == ("digitised film", UNKNOWN)


def test_tomosynthesis_goes_by_the_same_rules() -> None:
    made = tomosynthesis()
    assert passage(made) == Passage()
    made.Manufacturer = "Okänd AB"
    assert passage(made).review == (UNKNOWN,)


def test_reports_and_masks_are_made_by_anybody() -> None:
    for name in (*WITHOUT_PIXELS, "seg"):
        made = documents.ALL[name]()
        made.Manufacturer = "Okänd AB"
        assert passage(made) == Passage(closely=name == "seg"), name


@pytest.mark.parametrize(
    "changes", [{}, {"BurnedInAnnotation": "NO"}, {"Modality": "MG"}, {"ImageType": ""}]
)
@pytest.mark.parametrize("last", ["7", "7.1", "7.2", "7.3", "7.4"])
def test_a_captured_picture_is_never_released_unreviewed(
    changes: dict[str, Any], last: str
) -> None:
    made = documents.secondary_capture()
    made.SOPClassUID = f"{documents.CLASSES}.{last}"
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    assert refused(made).startswith(Reason.SECONDARY_CAPTURE.value)
    found = passage(made, "general")
    assert found.closely
    assert "secondary capture" in found.review


def test_no_line_of_the_table_lets_two_kinds_mean_the_same() -> None:
    devices = profile().gate.devices
    assert devices is not None
    for maker, model in UNITS:
        assert devices.kind((maker,), (model,)) == "mammography unit"
    passing = {rule.device for rule in profile().gate.of(Then.PASS)}
    assert passing == {"mammography unit"}
    for line in devices.lines:
        assert line.reason
        assert line.source
        if line.kind in passing:
            assert not line.maker.fullmatch("")
            assert not line.model.fullmatch("")
            assert not line.maker.fullmatch("OKÄND AB")
            assert not line.model.fullmatch("OKÄND")
