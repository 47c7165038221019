import pytest
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

from deid.errors import Reason, SuspectError
from deid.identifiers import harvest, plain_words
from deid.spelling import Edge, Needle, Reach, fold, number_writings, spellings, stands_in
from tests.deid.headers import ROOT, dataset, mammogram, parsed


def texts(what: str, **changes: object) -> set[str]:
    needles = harvest(parsed(mammogram(**changes))).needles
    return {needle.text for needle in needles if needle.what == what}


def test_names_are_harvested_from_every_depth() -> None:
    item = dataset(OtherPatientNames=["Ek^Bodil", "Ek^Bo"], PatientID="LBG-771")
    names = texts("name", OtherPatientIDsSequence=[item], PatientMotherBirthName="Ahlgren")
    assert {"sjostrom", "asa", "viola", "ljungkvist", "bergqvist", "bodil", "ahlgren"} <= names
    assert "ek" not in names
    assert {"ek bo", "bo^ek", "bo_ek", "asasjostrom", "aasasjoestroem"} <= names


def test_numbers_are_harvested_in_all_writings() -> None:
    numbers = texts("identifier")
    expected = {"194708022980", "4708022980", "470802-2980", "19470802-2980", "470802 2980"}
    assert expected | {"1947-08-02-2980", "lbg0099887", "rp5567123"} <= numbers
    assert texts("accession number") == {"se2300012345"}


def test_birth_and_study_dates_are_harvested() -> None:
    births = texts("birth date")
    assert {"19470802", "1947-08-02", "470802", "02.08.1947", "2/8 1947"} <= births
    assert {"20230417", "2023-04-17"} <= texts("study date")


@pytest.mark.parametrize("written", ["194708022980^^^SKV", "SE194708022980", "19470802-2980 A"])
def test_a_number_is_found_within_an_identifier(written: str) -> None:
    assert {"4708022980", "470802-2980", "19470802-2980"} <= texts(
        "identifier", PatientID=written, OtherPatientIDs=""
    )


def test_addresses_services_and_insurances_are_harvested() -> None:
    assert {"storgatan 12", "lundberga"} <= texts(
        "address", PatientAddress="Storgatan 12, Lundberga"
    )
    assert {"lbgmg77", "lundberga vc"} <= texts(
        "institution", StationAETitle="LBGMG77", RequestingService="Lundberga VC"
    )
    assert "fk-778812" in texts("identifier", InsurancePlanIdentification="FK-778812")


def test_long_names_are_looked_for_with_endings_and_titles() -> None:
    needles = harvest(parsed(mammogram())).needles
    assert any(n.text == "sjostrom" and n.edge is Edge.NONE for n in needles)
    assert not any(n.text == "viola" and n.edge is Edge.NONE for n in needles)
    assert {"violas", "fruviola"} <= texts("name")
    inside = texts("name", PatientName="Detecto^Screenin")
    assert not any(
        n.text == "detecto" and n.edge is Edge.NONE
        for n in harvest(parsed(mammogram(PatientName="Detecto^Anna"))).needles
    )
    assert "detectos" in inside


def test_dates_are_harvested_as_people_write_them() -> None:
    written = {"17-04-2023", "04/17/2023", "230417", "17 april 2023", "17/4-23"}
    assert written <= texts("study date")
    assert {"2 augusti 1947", "02 aug 1947", "2/8-47", "470802"} <= texts("birth date")


def test_too_many_identifiers_are_suspect() -> None:
    many = [f"19{i % 100:02d}0112-{i:04d}" for i in range(4000)]
    with pytest.raises(SuspectError) as caught:
        harvest(parsed(mammogram(OtherPatientIDs=many)))
    assert caught.value.reason is Reason.UNCHECKED
    assert harvest(parsed(mammogram(OtherPatientIDs=["470802-2980"] * 4000))).needles


def test_uids_are_harvested_but_for_the_standards_own() -> None:
    uids = harvest(parsed(mammogram())).uids
    assert uids - {PYDICOM_IMPLEMENTATION_UID} == {
        f"{ROOT}.{tail}" for tail in ("1", "2", "3.1", "3.2", "4", "9.1")
    }


def test_a_standard_root_is_no_licence_for_an_instance() -> None:
    odd = "1.2.840.10008.5.1.4.1.1.1.2.77"
    assert odd in harvest(parsed(mammogram(SOPInstanceUID=odd))).uids


def test_places_are_harvested_unless_they_are_the_maker() -> None:
    places = texts("institution")
    assert {"ostra sjukhuset lundberga", "lbgmg01"} <= places
    assert "mammografi" not in places
    assert "selenia" not in texts("institution", StationName="SELENIA")
    assert "lorad-x9" not in texts("institution", StationName="LORAD-X9", Manufacturer="Lorad-X9")


def test_ordinary_words_need_company() -> None:
    names = texts("name", PatientName="Frame^Sophie")
    assert "sophie" not in names
    assert {"sophie frame", "sophieframe"} <= names
    assert {"sophie", "left", "screening"} <= plain_words()


@pytest.mark.parametrize(
    "written",
    ["SJÖSTRÖM", "sjostrom", "Sjoestroem", "SJ?STR?M", "Sj|str|m", "SJ\\STR\\M", "SjÃ¶strÃ¶m"],
)
def test_spellings_survive_systems_without_umlauts(written: str) -> None:
    assert any(word in fold(written) for word in spellings("Sjöström"))


def test_bytes_of_old_code_pages_are_spelled() -> None:
    for codec in ("cp850", "mac_roman"):
        misread = "Sjöström".encode(codec).decode("latin-1")
        assert fold(misread) in spellings("Sjöström")


@pytest.mark.parametrize(
    ("needle", "hay", "stands"),
    [
        (("asa", Edge.LETTER), "av asa_2.dcm", True),
        (("asa", Edge.LETTER), "asa", True),
        (("asa", Edge.LETTER), "nasal fasa", False),
        (("asa", Edge.LETTER), "fasa asa", True),
        (("4708022980", Edge.DIGIT), "x4708022980y", True),
        (("4708022980", Edge.DIGIT), "14708022980", False),
        (("lbg77", Edge.WORD), "lbg778", False),
        (("lbg77", Edge.WORD), "(lbg77)", True),
    ],
)
def test_edges_keep_chance_out(needle: tuple[str, Edge], hay: str, stands: bool) -> None:
    text, edge = needle
    assert stands_in(Needle(text, "name", edge, Reach.ALL), hay) is stands


def test_what_is_no_number_has_no_writings() -> None:
    assert not [*number_writings("LBG77")]


def test_nothing_is_shown() -> None:
    assert "sjostrom" not in repr(harvest(parsed(mammogram())))
