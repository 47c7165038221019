"""The device gate: what may pass, what people look at, what is refused; and no way around it."""

from functools import lru_cache
from time import process_time
from typing import Any

import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.errors import ProfileError, Reason, RefusedError
from deid.passage import Passage
from deid.profiles.conformance_gate import device_lines, gate_rows
from deid.profiles.devices import UNKNOWN, alike
from deid.profiles.gate import Then
from deid.profiles.profile import Profile, load_profile, read_profile
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


OWN = (
    'devices = [{ is = "mammography unit", maker = "ACME( .*)?", model = "MAMMO 9", '
    'reason = "ours", clause = "decision 3" }]\n'
)


def test_a_region_adds_its_own_devices() -> None:
    made = of("Acme AB", "Mammo-9")
    assert passage(made).review == (UNKNOWN,)
    own = read_profile(HEAD + OWN, file="north.toml")
    assert passage(made, own) == Passage()
    assert passage(of("Acme AB", ""), own).review == (UNKNOWN,)
    assert own.digest != profile().digest


@pytest.mark.parametrize("wide", [".*", ".+", "[A-Z0-9 ]+", "( .*)?", "\\\\S.*"])
def test_a_line_of_ones_own_names_something(wide: str) -> None:
    for lines in (OWN.replace("ACME( .*)?", wide), OWN.replace("MAMMO 9", wide)):
        with pytest.raises(ProfileError, match="names nothing"):
            read_profile(HEAD + lines, file="north.toml")


def test_a_line_of_ones_own_takes_nothing_from_the_table() -> None:
    lines = OWN.replace("ACME( .*)?", "(EPSON|VIDAR|HOLOGIC)( .*)?").replace("MAMMO 9", "S.*")
    own = read_profile(HEAD + lines, file="north.toml")
    assert refused(of("EPSON", "Scanner"), own).endswith("page scanner")
    assert refused(of("Hologic", "SecurView"), own).endswith("workstation")
    assert passage(of("VIDAR", "Sierra"), own).review == ("digitised film",)
    assert passage(of("Epson", "S"), profile_of_general(lines)).review == ("scanned page",)


def profile_of_general(lines: str) -> Profile:
    return read_profile(HEAD.replace("mammography", "general") + lines, file="north.toml")


@pytest.mark.parametrize(
    "line",
    [
        'without_device = ["seg", "mg"]\n',
        'device_table = "private_safe.csv"\n',
        (
            f'accept = [{{ sop_class = "{documents.CLASSES}.1.2", iod = "seg", reason = "r", '
            'clause = "c" }]\n'
        ),
    ],
)
def test_a_profile_of_ones_own_takes_no_rule_away(line: str) -> None:
    with pytest.raises(ProfileError):
        read_profile(HEAD + line, file="north.toml")
    read_profile(HEAD + "without_device = []\n", file="north.toml")


@pytest.mark.parametrize(
    "model",
    [
        "Selenia Dimensions Secur View report",
        "Selenia Page Print",
        "Selenia Dimensions Review Station",
        "Senographe DS Report",
        "Amulet Print",
    ],
)
def test_more_than_the_name_of_a_unit_names_none(model: str) -> None:
    maker = {"Sel": "HOLOGIC", "Sen": "GE MEDICAL SYSTEMS", "Amu": "FUJIFILM"}[model[:3]]
    assert passage(of(maker, model)).review == (UNKNOWN,)


@pytest.mark.parametrize(
    "changes",
    [
        {"ImageType": ["DERIVED", "PRIMARY", "SCANNED"]},
        {"ImageType": ["DERIVED", "PRIMARY", "CAPTURE"]},
        {"ImageType": ["DERIVED", "SECOND ARY"]},
        {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PixelData": bytes(18432)},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"SamplesPerPixel": 3, "PixelData": bytes(18432)},
        {"VideoImageFormatAcquired": "NTSC"},
    ],
)
def test_what_no_unit_says_of_its_picture_is_refused(changes: dict[str, Any]) -> None:
    assert refused(mammogram(**changes)) == Reason.IMAGE_TYPE.value


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"SecondaryCaptureDeviceSoftwareVersions": "ScanWiz 1"}, "captured picture"),
        ({"DetectorType": "FILM SCREEN"}, FILM),
        ({"PixelAspectRatio": [6, 1]}, "pixels that are not square"),
    ],
)
@pytest.mark.parametrize("name", ["mammography", "general"])
def test_what_only_people_can_tell_is_reviewed(
    changes: dict[str, Any], kind: str, name: str
) -> None:
    assert kind in passage(mammogram(**changes), name).review


def test_pixels_are_square_or_looked_at() -> None:
    assert passage(mammogram(PixelAspectRatio=[1, 1])) == Passage()
    made = mammogram(PixelSpacing=["0.07", "0.42"])
    assert passage(made).review == ("pixels that are not square",)


@pytest.mark.parametrize("tag", [0x00280301, 0x00080008, 0x00280004])
@pytest.mark.parametrize("vr", ["SQ", "OB", "LT"])
def test_a_value_of_another_kind_is_no_way_around_a_rule(tag: int, vr: str) -> None:
    made = mammogram()
    value: Any = {"SQ": Sequence([dataset(PatientComments="NO")]), "OB": b"NO", "LT": "NO"}[vr]
    made[tag] = DataElement(tag, vr, value)
    assert refused(made)


def mask(**changes: Any) -> Dataset:
    made = documents.ALL["seg"]()
    made.PixelData = bytes(1 << 17)
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


def test_a_mask_is_no_way_around_the_gate() -> None:
    assert refused(mask(Manufacturer="EPSON", ManufacturerModelName="Scanner")).endswith("scanner")
    assert refused(mask(PhotometricInterpretation="RGB")) == Reason.IMAGE_TYPE.value
    assert refused(mask(BitsAllocated=32)) == Reason.IMAGE_TYPE.value
    assert passage(mask(BitsAllocated=16)).review == ("mask of 16 bits",)
    made = mask(Manufacturer="ScreenPoint Medical", ManufacturerModelName="Transpara")
    assert passage(made) == Passage(closely=True)


def test_a_region_adds_its_own_rules() -> None:
    more = (
        'review = [{ tag = "00081010", matches = "^OLD", kind = "old room", reason = "r", '
        'clause = "c" }]\n'
        'closely = [{ tag = "00081010", matches = "^NEW", reason = "r", clause = "c" }]\n'
    )
    own = read_profile(HEAD + more, file="north.toml")
    assert passage(mammogram(StationName="Old1"), own) == Passage(
        closely=True, review=("old room",)
    )
    assert passage(mammogram(StationName="NEW1"), own) == Passage(closely=True)
    assert passage(mammogram(), own) == Passage()


def test_a_stricter_rule_wins() -> None:
    more = 'review = [{ device = "mammography unit", kind = "all", reason = "r", clause = "c" }]\n'
    own = read_profile(HEAD + more, file="north.toml")
    assert passage(mammogram(), own) == Passage(closely=True, review=("all",))
    more = (
        'refuse = [{ device = "unknown device", error = "DEVICE", reason = "r", clause = "c" }]\n'
    )
    own = read_profile(HEAD + more, file="north.toml")
    assert refused(of("Okänd AB", "x"), own) == f"{Reason.DEVICE.value}: {UNKNOWN}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OWN.replace('"mammography unit"', '"toaster"'), "toaster: no rule says what becomes"),
        (OWN.replace("ACME", "Acme"), "compared in capitals"),
        (OWN.replace("MAMMO 9", "("), "line 4, devices[0]: (: missing"),
        (OWN.replace(', clause = "decision 3"', ""), "clause: is missing"),
        (
            'review = [{ device = "toaster", kind = "k", reason = "r", clause = "c" }]\n',
            "toaster: there is no such kind of device",
        ),
        ('review = [{ kind = "k", reason = "r", clause = "c" }]\n', "tag and matches, or device"),
        (
            'closely = [{ tag = "00081010", reason = "r", clause = "c" }]\n',
            "tag and matches, or device",
        ),
        (
            'closely = [{ tag = "X", matches = "Y", reason = "r", clause = "c" }]\n',
            "X: is no tag",
        ),
        ('device_table = "none.csv"\n', "device_table: is that of the profile it extends"),
        ('without_device = ["ct"]\n', "without_device: may only be fewer than seg"),
        (
            (
                'closely = [{ tag = "00080060", matches = "M", iods = ["ct"], reason = "r", '
                'clause = "c" }]\n'
            ),
            "iods: must be of mg",
        ),
    ],
)
def test_a_wrong_line_of_the_gate_is_named(text: str, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(HEAD + text, file="north.toml")
    assert str(caught.value).startswith("north.toml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("HOLOGIC, Inc.", "HOLOGIC INC"),
        (" I.M.S.  s.r.l. ", "I M S S R L"),
        ("MAMMOMAT B.brilliant®", "MAMMOMAT B BRILLIANT"),
        ("ＨＯＬＯＧＩＣ", "HOLOGIC"),  # noqa: RUF001 -- wide letters
        ("R_2\t9", "R 2 9"),
        ("", ""),
    ],
)
def test_names_are_made_alike(said: str, same: str) -> None:
    assert alike(said) == same


def test_the_gate_can_be_shown() -> None:
    told = list(gate_rows(profile()))
    assert ("device", "unknown device", "review: unknown device") in [row[:3] for row in told]
    assert all(row[3] and row[4] for row in told)
    assert any("review: unknown device" in line for line in device_lines(profile(), "Acme", ""))
    assert any("passed on" in line for line in device_lines(profile(), *UNITS[0]))


@pytest.mark.parametrize("part", ["kind", "is"])
def test_what_outcomes_say_is_short(part: str) -> None:
    """The ledger keeps 200 letters of why a file ended as it did, and on PostgreSQL no more."""
    fields = {
        "kind": f'[[review]]\ntag = "00080064"\nmatches = "^X$"\nkind = "{"k" * 61}"\n',
        "is": f'[[devices]]\nmaker = "ACME"\nmodel = "ONE"\nis = "{"k" * 61}"\n',
    }
    with pytest.raises(ProfileError, match=rf"{part}: must have 60 letters at most"):
        read_profile(HEAD + fields[part] + 'reason = "r"\nclause = "c"\n', file="own.toml")
