import pytest

from deid.profiles.explain import explain, lines, places
from deid.profiles.profile import load_profile, read_profile
from deid.profiles.tags import read_tag, table_rows


@pytest.fixture(scope="module")
def profile():
    return load_profile()


def told(profile, tag: str) -> str:
    return "\n".join(lines(profile, read_tag(tag)))


@pytest.mark.parametrize(
    ("tag", "action", "origin"),
    [
        ("PatientName", "P", "own rule of the profile"),
        ("StationAETitle", "X", "Table E.1-1"),
        ("StudyDescription", "C", "option: Clean Descriptors Option"),
        ("PatientSex", "K", "option: Retain Patient Characteristics Option"),
        (
            "StudyDate",
            "S",
            "option: Retain Longitudinal Temporal Information Modified Dates Option",
        ),
        ("CodeValue", "K", "list of texts and bytes"),
        ("KVP", "K", "default: no line names the attribute"),
        ("MediaStorageSOPInstanceUID", "X", "general rule: not of the object itself"),
        ("(0018,9999)", "X", "default: no line names the attribute"),
    ],
)
def test_an_attribute_is_explained_with_the_line_that_decides(profile, tag, action, origin):
    found = explain(profile, read_tag(tag))
    assert {one.rule.action.value for one in found} == {action}
    assert {one.origin for one in found} == {origin}


def test_every_iod_is_explained_at_both_depths(profile):
    for row in table_rows():
        if row["tag"] != "PRIVATE":
            found = explain(profile, int(row["tag"].replace("X", "0"), 16))
            at = [place for one in found for place in one.places]
            assert sorted(at) == sorted(
                (iod, depth) for iod in profile.rules for depth in ("top", "nested")
            )


def test_what_is_shown_says_why_by_which_clause_and_where(profile):
    assert told(profile, "StationName").splitlines()[:2] == [
        "(0008,1010) StationName, VR SH",
        f"profile mammography {profile.version}, PS3.15 edition {profile.edition}",
    ]
    text = told(profile, "StudyDescription")
    assert "C  cleaned: harmless words and numbers stay" in text
    assert "if it is not what it should be: removed" in text
    assert "by:    PS3.15 E.3.5; option: Clean Descriptors Option" in text
    assert "where: every IOD" in text


def test_a_sequence_is_not_said_to_be_text(profile):
    assert "entered: every attribute in it by its own rule" in told(
        profile, "AnatomicRegionSequence"
    )


def test_a_private_tag_is_explained_by_creator(profile):
    text = told(profile, "(0019,1030)")
    assert "LORAD Selenia: AEC User Density Scale Factor (US): kept as it is (TCIA)" in text
    assert "always removed" in told(profile, "(0009,1001)")


def test_without_the_option_no_private_attribute_is_said_to_stay():
    source = 'extends = "mammography"\nname = "x"\nversion = "1"\noptions = ["retain_uids"]\n'
    text = told(read_profile(source, file="x.toml"), "(0019,1030)")
    assert "no private attribute stays" in text
    assert "LORAD" not in text


def test_a_content_items_value_says_that_its_concept_decides(profile):
    assert "concept name decides first (PS3.15 E.3.4)" in told(profile, "TextValue")


def test_places_are_told_shortly():
    both = [("mg", "top"), ("mg", "nested"), ("sr", "top"), ("ko", "nested")]
    assert places(both, 3) == "mg; only at the top of sr; only inside sequences of ko"
    assert places([("mg", "top"), ("sr", "top")], 2) == "only at the top of every IOD"


def test_what_reads_alike_at_both_depths_is_said_once(profile):
    text = told(profile, "PatientID")
    assert text.count("pseudonym") == 1
    assert text.endswith("where: every IOD")


def test_a_private_tag_is_shown_as_it_was_asked_for(profile):
    assert told(profile, "(0009,xx01)").startswith("(0009,xx01) private")
