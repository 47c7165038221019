import pytest
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from deid.errors import Reason, SuspectError
from deid.identity import identifiers
from deid.identity.identifiers import Identifiers, harvest, together
from deid.identity.identifying import Role
from deid.identity.named import plain_words
from deid.identity.spelling import Edge, Needle, Reach, fold, number_writings, spellings, stands_in
from tests.deid.headers import ROOT, code, dataset, mammogram, parsed, written


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


def test_a_value_that_is_longer_than_any_name_or_remark_is_suspect() -> None:
    with pytest.raises(SuspectError):
        identifiers._Harvest().trace(Role.COMMENT, "knöl " * 4000)


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
    assert {"ostra sjukhuset lundberga", "sjukvagen 1"} <= places
    assert "mammografi" not in places
    assert "lbgmg01" in texts("device")
    assert "selenia" not in texts("device", StationName="SELENIA")
    assert "kvistmed" in texts("device", StationName="KVISTMED")
    assert "kvistmed" not in texts("device", StationName="KVISTMED", Manufacturer="Kvistmed AB")


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


def test_words_and_numbers_are_for_the_first_eye() -> None:
    found = harvest(parsed(mammogram(PatientAddress="Storgatan 12, Lundberga")))
    assert {"sjostrom", "asa", "viola", "ljungkvist", "storgatan", "lundberga"} <= found.words
    assert {"194708022980", "4708022980", "2980", "2300012345", "77001", "0099887"} <= found.numbers
    assert "screening" not in found.words


def test_of_staff_what_they_do_is_no_name() -> None:
    found = harvest(parsed(mammogram(OperatorsName="Mammografi^Screening")))
    assert not found.words & {"mammografi", "screening"}
    assert not [n for n in found.needles if "mammografi" in n.text]
    hers = harvest(parsed(mammogram(PatientName="Mammografi^Screening")))
    assert "screening mammografi" in {n.text for n in hers.needles}


@pytest.mark.parametrize(
    ("changes", "what", "text"),
    [
        ({"PatientTelephoneNumbers": "070-123 45 67"}, "phone number", "0701234567"),
        ({"PatientTelephoneNumbers": "+46701234567"}, "phone number", "0701234567"),
        ({"PatientTelephoneNumbers": "070-1234567"}, "phone number", "46701234567"),
        ({"PatientComments": "nås på 070-765 43 21"}, "phone number", "0707654321"),
        ({"PatientComments": "skriv asa@example.se."}, "e-mail address", "asa@example.se"),
        ({"Occupation": "Fyrvaktare"}, "patient detail", "fyrvaktare"),
        ({"RegionOfResidence": "Lundbergabygden"}, "address", "lundbergabygden"),
        ({"CurrentPatientLocation": "Avd 12 Söder"}, "institution", "avd 12 soder"),
        ({"PatientInstitutionResidence": "Lundbergahemmet"}, "institution", "lundbergahemmet"),
        ({"DetectorID": "DET5511"}, "device", "det5511"),
        ({"DeviceSerialNumber": "SN778812"}, "device", "sn778812"),
        ({"TopicAuthor": "Kvistberg"}, "name", "kvistberg"),
        ({"OrderCallbackPhoneNumber": "031-7654321"}, "phone number", "0317654321"),
        ({"SpecimenAccessionNumber": "PAD77123"}, "identifier", "pad77123"),
        ({"ScheduledProcedureStepStartDate": "20230411"}, "study date", "2023-04-11"),
        ({"LastMenstrualDate": "20230402"}, "study date", "20230402"),
    ],
)
def test_less_known_attributes_tell_who_she_is(
    changes: dict[str, str], what: str, text: str
) -> None:
    assert text in texts(what, **changes)


def test_a_name_to_use_is_a_name() -> None:
    source = mammogram()
    source.add_new(0x00100012, "LT", "Vivi")
    assert "vivi" in {n.text for n in harvest(parsed(source)).needles}


def test_people_and_places_in_codes_are_harvested() -> None:
    named = dataset(LongCodeValue="SE2321000016-1XYZ", CodeMeaning="Kvistberg, Tove")
    person = dataset(PersonIdentificationCodeSequence=[named])
    source = mammogram(
        PhysiciansOfRecordIdentificationSequence=[person],
        InstitutionCodeSequence=[code("LBG77", "99LBG", "Lundberga lasarett")],
    )
    told = {(n.text, n.what) for n in harvest(parsed(source)).needles}
    assert ("kvistberg", "name") in told
    assert ("se2321000016-1xyz", "identifier") in told
    assert ("lundberga lasarett", "institution") in told
    assert ("cranio-caudal", "name") not in told


@pytest.mark.parametrize(
    ("concept", "value", "what", "text"),
    [
        ("121030", "LBG-5512", "identifier", "lbg-5512"),
        ("121022", "RA7788123", "accession number", "ra7788123"),
        ("121009", "Lundberga lasarett", "institution", "lundberga lasarett"),
        ("121016", "SN99127A", "device", "sn99127a"),
        ("128774", "kvistberg7", "name", "kvistberg"),
    ],
)
def test_content_items_tell_by_their_concept(
    concept: str, value: str, what: str, text: str
) -> None:
    item = dataset(ValueType="TEXT", TextValue=value)
    item.ConceptNameCodeSequence = [code(concept, "DCM", "concept")]
    assert text in texts(what, ContentSequence=[item])
    item.ConceptNameCodeSequence = [code("121071", "DCM", "Finding")]
    assert text not in texts(what, ContentSequence=[item])


def test_the_subject_of_a_document_is_looked_for_as_she_is() -> None:
    item = dataset(ValueType="PNAME", PersonName="Moa^Eva")
    item.ConceptNameCodeSequence = [code("121029", "DCM", "Subject Name")]
    assert {"moa", "eva"} <= texts("name", ContentSequence=[item])
    item.ConceptNameCodeSequence = [code("121008", "DCM", "Person Observer Name")]
    assert "moa" not in texts("name", ContentSequence=[item])


def test_names_in_private_elements_are_harvested_where_the_kind_is_known() -> None:
    source = mammogram()
    block = source.private_block(0x0033, "MITRA OBJECT UTF8 ATTRIBUTES 1.0", create=True)
    block.add_new(0x02, "PN", "Kvistberg^Tove")
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        needles = harvest(parsed(written(source, syntax))).needles
        assert "kvistberg" in {n.text for n in needles}


def test_published_dates_are_nobodys() -> None:
    source = mammogram(DateOfLastDetectorCalibration="20190612")
    source.ViewCodeSequence[0].ContextGroupVersion = "20020904"
    assert not {"20190612", "20020904"} & {n.text for n in harvest(parsed(source)).needles}


def test_identifiers_of_one_study_are_put_together() -> None:
    own, other = (harvest(parsed(mammogram(PatientName=name))) for name in ("Ab^Ebba", "Cd^Dagny"))
    both = together(own, [own, other])
    assert set(both.needles) == {*own.needles, *other.needles}
    assert both.words >= own.words | other.words
    assert both.numbers >= own.numbers
    assert both.uids >= own.uids
    assert both.dates is own.dates
    assert set(together(own, [other]).needles) == set(both.needles)
    assert together(own, (own, other)).needles == both.needles


def test_too_many_together_are_suspect() -> None:
    many = [
        Identifiers(
            tuple(Needle(f"{n}-{i}", "name", Edge.WORD, Reach.TEXT) for i in range(10_000)),
            frozenset(),
            {},
        )
        for n in range(7)
    ]
    with pytest.raises(SuspectError) as caught:
        together(many[0], many[1:] + many[:1])
    assert caught.value.reason is Reason.UNCHECKED
    with pytest.raises(SuspectError):
        together(many[0], many[1:])
    assert len(together(many[0], many[:6]).needles) == 60_000


def test_nothing_is_shown() -> None:
    assert "sjostrom" not in repr(harvest(parsed(mammogram())))
