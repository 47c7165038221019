import pytest
from pydicom.dataset import Dataset

from deid.headers.made import made
from deid.profiles.rules import Action
from deid.profiles.structured import Overrides, StructuredRules, load_structured
from tests.deid.headers import code, dataset

TEXT, PERSON, DATE, TIME, WHEN, UID = (
    0x0040A160,
    0x0040A123,
    0x0040A121,
    0x0040A122,
    0x0040A120,
    0x0040A124,
)
CODE, NUMBER, REFERENCE = 0x0040A168, 0x0040A300, 0x00081199
SHIPPED = frozenset(
    {"clean_structured_content", "clean_descriptors", "retain_patient_characteristics"}
    | {"retain_longitudinal_modified_dates"}
)
NONE: frozenset[str] = frozenset()


def item(value_type: str, concept: str = "", scheme: str = "DCM", **values: object) -> Dataset:
    content = dataset(ValueType=value_type, **values)
    if concept:
        content.ConceptNameCodeSequence = [code(concept, scheme, "whatever it means")]
    return content


def aged(number: str, unit: str, concept: str = "121033") -> Dataset:
    measured = dataset(MeasurementUnitsCodeSequence=[code(unit, "UCUM", "unit")])
    measured[0x0040A30A] = made(0x0040A30A, "DS", number)
    return item("NUM", concept, MeasuredValueSequence=[measured])


def of(
    content: Dataset, options: frozenset[str] = SHIPPED, *, by_reference: bool = False
) -> Overrides | None:
    return load_structured(options).overrides(content, by_reference=by_reference)


def action(content: Dataset, tag: int, options: frozenset[str] = SHIPPED) -> Action:
    rules = of(content, options)
    assert rules is not None
    return rules[tag].action


def test_an_identifier_goes_with_its_item():
    assert of(item("TEXT", "121022", TextValue="SE2300012345")) is None  # Accession Number
    assert of(item("TEXT", "121030"), SHIPPED) is not None  # Subject ID: X/D, so a dummy
    assert action(item("TEXT", "121030"), TEXT) is Action.DUMMY


def test_words_about_a_finding_are_cleaned_and_never_leave_the_item_without_a_value():
    rules = of(item("TEXT", "121071", TextValue="Förtätning, Åsa"))  # Finding
    assert rules is not None
    assert rules[TEXT].action is Action.CLEAN
    assert rules[TEXT].otherwise is Action.DUMMY


def test_without_the_option_words_about_a_finding_do_not_stay():
    assert of(item("TEXT", "121106"), NONE) is None  # Comment: X
    assert action(item("TEXT", "121071"), TEXT, NONE) is Action.DUMMY  # Finding: X/D


def test_a_person_is_a_dummy_and_other_persons_are_too():
    assert action(item("PNAME", "121008"), PERSON) is Action.DUMMY  # Person Observer Name
    assert of(item("PNAME", "121088")) is None  # Fellow
    assert action(item("PNAME", "99001", "99LBG"), PERSON) is Action.DUMMY


def test_dates_are_shifted_with_the_option_and_dummies_without():
    started = item("DATETIME", "111526")  # DateTime Started
    assert action(started, WHEN) is Action.SHIFT
    assert action(started, WHEN, NONE) is Action.DUMMY
    assert action(started, WHEN, frozenset({"retain_longitudinal_full_dates"})) is Action.KEEP
    assert action(item("DATE", "1", "99LBG"), DATE) is Action.SHIFT
    assert action(item("DATE", "1", "99LBG"), DATE, NONE) is Action.DUMMY
    assert action(item("TIME", "111061"), TIME) is Action.KEEP  # Study Time
    assert action(item("TIME", "1", "99LBG"), TIME) is Action.KEEP
    assert action(item("TIME", "1", "99LBG"), TIME, NONE) is Action.DUMMY


def test_a_birth_date_goes_whatever_dates_may_stay():
    both = frozenset({"retain_longitudinal_full_dates", "retain_longitudinal_modified_dates"})
    assert of(item("DATE", "121031"), both) is None


def test_references_and_uids_are_replaced_or_go():
    assert action(item("IMAGE"), REFERENCE) is Action.REFERENCE  # an image library has no names
    assert action(item("IMAGE", "121112"), REFERENCE) is Action.REFERENCE  # Source of Measurement
    assert of(item("IMAGE", "121080")) is None  # Best illustration of finding: X
    assert action(item("UIDREF", "112040"), UID) is Action.UID  # Tracking Unique Identifier
    assert of(item("UIDREF", "121028")) is None  # Subject UID
    kept = frozenset({"retain_uids"})
    assert action(item("UIDREF", "121028"), UID, kept) is Action.KEEP
    assert action(item("IMAGE"), REFERENCE, kept) is Action.KEEP
    assert action(item("UIDREF", "1", "99LBG"), UID, kept) is Action.KEEP


def test_findings_and_geometry_stay():
    assert action(item("CODE", "121071"), CODE) is Action.KEEP  # Finding, as a code
    assert action(item("NUM", "111071"), NUMBER) is Action.KEEP  # CAD Operating Point
    assert of(item("SCOORD", "111010")) == {}  # Center
    assert of(item("TCOORD")) == {}
    assert of(item("CONTAINER", "111017")) == {}  # CAD Processing and Findings Summary


def test_what_a_machine_calls_itself_stays_if_it_is_harmless():
    rules = of(item("TEXT", "111001", TextValue="ImageChecker"))  # Algorithm Name
    assert rules is not None
    assert rules[TEXT].action is Action.KEEP
    assert rules[TEXT].form is not None  # text kept by form is held against the words of hers
    assert rules[TEXT].otherwise is Action.DUMMY


def test_characteristics_and_devices_stay_by_their_options_alone():
    assert of(item("CODE", "121032")) is not None  # Subject Sex
    assert of(item("CODE", "121032"), NONE) is None
    assert of(item("TEXT", "121016")) is None  # Device Observer Serial Number
    device = of(item("TEXT", "121016"), frozenset({"retain_device_identity"}))
    assert device is not None
    assert device[TEXT].action is Action.KEEP
    assert of(item("CONTAINER", "121000")) is None  # Unique Device Identifiers
    assert of(item("CONTAINER", "121000"), frozenset({"retain_device_identity"})) == {}


@pytest.mark.parametrize(
    ("number", "unit", "told"),
    [
        ("61", "a", True),
        ("89", "a", True),
        ("90", "a", False),
        ("1104", "mo", False),
        ("600", "mo", True),
        ("33000", "d", False),
        ("sixty", "a", False),
        ("61", "furlongs", False),
        ("61", "yr", True),
        ("93", "yr", False),
        ("93", "a_j", False),
        ("1104", "mo_j", False),
        ("93", "1", False),
    ],
)
def test_an_age_is_told_up_to_the_cap(number, unit, told):
    assert (of(aged(number, unit)) is not None) is told


def test_an_old_age_is_found_under_any_concept_and_other_numbers_are_not_read():
    assert of(aged("93", "a", "30525-0")) is None
    assert of(aged("93", "mm", "111071")) is not None
    assert of(aged("93", "1", "111071")) is not None


@pytest.mark.parametrize("unit", ["a", "yr", "a_j", "a_g", "a_t", "1", "{age}"])
@pytest.mark.parametrize(
    ("concept", "scheme"),
    [("397669002", "SCT"), ("424144002", "SCT"), ("30525-0", "LN"), ("C25150", "NCIt")],
)
def test_an_old_age_is_found_by_every_vocabularys_concept(unit, concept, scheme):
    made = aged("93", unit, concept)
    made.ConceptNameCodeSequence[0].CodingSchemeDesignator = scheme
    assert of(made) is None


def test_text_under_a_concept_that_is_no_text_is_a_dummy():
    assert action(item("TEXT", "121029"), TEXT) is Action.DUMMY  # Subject Name, a PNAME
    assert action(item("TEXT", "121032"), TEXT) is Action.DUMMY  # Subject Sex, a CODE


def test_text_of_unknown_concepts_is_cleaned():
    assert action(item("TEXT"), TEXT) is Action.CLEAN
    assert action(item("TEXT", "X1", "99LBG"), TEXT) is Action.CLEAN
    assert action(item("TEXT", "121022", "99LBG"), TEXT) is Action.CLEAN  # another's code


def test_a_concept_is_known_by_long_codes_and_any_case_of_its_scheme():
    long = item("TEXT")
    name = dataset(LongCodeValue="121022", CodingSchemeDesignator="dcm ", CodeMeaning="x")
    long.ConceptNameCodeSequence = [name]
    assert of(long) is None


@pytest.mark.parametrize(
    ("content", "tag", "least"),
    [
        (item("TEXT", "121022"), TEXT, Action.DUMMY),
        (item("PNAME", "121088"), PERSON, Action.DUMMY),
        (item("DATE", "121031"), DATE, Action.DUMMY),
        (item("UIDREF", "121028"), UID, Action.UID),
        (item("IMAGE", "121080"), REFERENCE, Action.REFERENCE),
        (item("NUM", "C54627", "NCIt"), NUMBER, Action.EMPTY),
        (aged("93", "a"), NUMBER, Action.EMPTY),
    ],
)
def test_where_items_are_counted_none_is_removed(content, tag, least):
    assert of(content) is None
    rules = of(content, by_reference=True)
    assert rules is not None
    assert rules[tag].action is least


def test_a_container_that_is_counted_stays_and_is_entered():
    assert of(item("CONTAINER", "121000"), by_reference=True) == {}


def test_an_item_without_a_value_type_falls_to_the_rules_of_its_iod():
    assert of(Dataset()) == {}
    assert of(item("HEARSAY", "121022")) == {}


def test_every_row_of_the_table_has_an_answer():
    rules: StructuredRules = load_structured(NONE)
    assert len(rules.listed) == 214 + 9
    removed = sum(answer.rules is None for answer in rules.listed.values())
    assert removed == 135  # as many as are X in the column of the Basic Profile
    for kind, answer in rules.listed.items():
        assert (kind.value_type == "CONTAINER") is (answer.kept_place == {})
