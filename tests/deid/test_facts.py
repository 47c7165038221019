import pytest

from deid.facts import Facts, dates_disagree, observe
from tests.deid.headers import mammogram, parsed


def facts(**changes: str) -> Facts:
    return observe(parsed(mammogram(**changes)).header, age_cap=89)


def test_year_and_age_are_seen_before_the_shift() -> None:
    assert facts() == Facts(exam_year=2023, age=75)
    assert facts(PatientBirthDate="19470417").age == 76
    assert facts(PatientBirthDate="19210101").age == 89


def test_the_content_date_of_a_later_processing_is_not_the_examination() -> None:
    made = mammogram(StudyDate="20210415", ContentDate="20160426")
    del made.AcquisitionDate
    del made.AcquisitionDateTime
    assert observe(parsed(made).header, age_cap=89).exam_year == 2021


@pytest.mark.parametrize(
    ("content", "disagree"), [("20210415", False), ("20200416", False), ("20200415", True)]
)
def test_dates_a_year_apart_disagree(content: str, disagree: bool) -> None:
    made = mammogram(StudyDate="20210415", SeriesDate="20210415", ContentDate=content)
    del made.AcquisitionDate
    del made.AcquisitionDateTime
    assert dates_disagree(parsed(made).header) is disagree


@pytest.mark.parametrize(("age", "years"), [("075Y", 75), ("099Y", 89), ("600M", 50), ("", None)])
def test_without_a_birth_date_the_written_age_counts(age: str, years: int | None) -> None:
    assert facts(PatientBirthDate="", PatientAge=age).age == years


def test_what_is_not_there_is_not_guessed() -> None:
    made = mammogram(PatientBirthDate="20300101", PatientAge="")
    for keyword in ("AcquisitionDate", "AcquisitionDateTime", "ContentDate", "SeriesDate"):
        del made[keyword]
    made.StudyDate = ""
    assert observe(parsed(made).header, age_cap=89) == Facts(None, None)
