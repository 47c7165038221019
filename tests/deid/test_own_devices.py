"""Devices and rules of a region's own, and what no line of a gate may do."""

from typing import Any

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.errors import ProfileError, Reason
from deid.passage import Passage
from deid.profiles.conformance_gate import device_lines, gate_rows
from deid.profiles.devices import UNKNOWN, alike
from deid.profiles.profile import Profile, read_profile
from tests.deid import documents
from tests.deid.headers import dataset, mammogram, profile
from tests.deid.test_devices import FILM, HEAD, UNITS, of, passage, refused

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
