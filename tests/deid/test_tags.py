import pytest

from deid.errors import ProfileError
from deid.profiles import tags


@pytest.mark.parametrize(
    "said", ["PatientName", "(0010,0010)", "00100010", " ( 0010, 0010 ) ", "0010,0010"]
)
def test_a_tag_is_read_as_people_write_it(said):
    assert tags.read_tag(said) == 0x00100010


@pytest.mark.parametrize("said", ["", "PatientNam", "0010", "(0010,001)", "001000100"])
def test_what_is_no_tag_is_named(said):
    with pytest.raises(ProfileError, match="write a keyword such as PatientName"):
        tags.read_tag(said)


def test_all_rows_newer_than_pydicom_have_a_keyword_that_is_read_back():
    newer = tags._newer()
    assert len(newer) == 26
    assert newer[0x00081302] == "PrimaryDiagnosisCodeSequence"
    assert all(tags.read_tag(name) == tag for tag, name in newer.items())


def test_the_block_of_a_private_tag_is_not_told():
    assert tags.written(0x00451026) == tags.written(0x00453026) == "(0045,xx26)"
    assert tags.written(0x00450010) == "(0045,0010)"


def test_only_published_classes_are_named():
    assert tags.class_name("1.2.840.10008.5.1.4.1.1.7").startswith("Secondary Capture")
    assert tags.class_name("1.2.840.10008.5.1.4.1.1.66.7") == "Label Map Segmentation Storage"
    assert tags.class_name("1.2.840.10008.1.2") == ""
    assert tags.class_name("1.2.752.570312980800") == ""
