import pytest

from deid.dates import parse_date, shift
from deid.identity.pseudonym import Person, weeks
from tests.deid.headers import (
    PERSON,
    SUBKEYS,
    cleaned,
    dataset,
    mammogram,
    tomosynthesis,
    with_options,
    written,
)


def day_of(value: str) -> int:
    day = parse_date(value)
    assert day is not None
    return day.toordinal()


def test_all_dates_of_one_woman_move_together() -> None:
    moved = weeks(SUBKEYS, PERSON)
    assert moved != weeks(SUBKEYS, Person("another"))
    first = cleaned(mammogram()).dataset
    second = cleaned(mammogram(StudyDate="20250414")).dataset
    days = [day_of(header.StudyDate) for header in (first, second)]
    assert days[0] - day_of("20230417") == 7 * moved
    assert days[1] - days[0] == day_of("20250414") - day_of("20230417")
    assert first.AcquisitionDateTime == f"{first.StudyDate}101112.000000"


@pytest.mark.parametrize("keyword", ["PatientBirthDate", "SeriesDate", "ContentDate"])
def test_a_date_that_lands_on_another_of_hers_stays(keyword: str) -> None:
    by_chance = shift("20230417", weeks(SUBKEYS, PERSON))
    header = cleaned(mammogram(**{keyword: by_chance})).dataset
    assert header.StudyDate == by_chance


def test_a_time_of_day_that_is_one_of_her_dates_goes() -> None:
    header = cleaned(
        mammogram(PatientBirthDate="19570312", AcquisitionDateTime="20230417195703.12")
    ).dataset
    assert "AcquisitionDateTime" not in header


@pytest.mark.parametrize(
    ("age", "told"), [("089Y", "089Y"), ("090Y", "089Y"), ("104Y", "089Y"), ("500M", "500M")]
)
def test_high_ages_are_capped(age: str, told: str) -> None:
    assert cleaned(mammogram(PatientAge=age)).dataset.PatientAge == told


def test_an_age_that_is_none_goes() -> None:
    data = written(mammogram()).replace(b"075Y", b"Viol")
    assert "PatientAge" not in cleaned(data).dataset


def test_a_published_constant_is_not_shifted() -> None:
    coded = dataset(CodeValue="R-1", ContextGroupVersion="20020904000000")
    header = cleaned(mammogram(ViewCodeSequence=[coded])).dataset
    assert header.ViewCodeSequence[0].ContextGroupVersion == "19700101000000"


def test_a_date_that_is_none_is_emptied_or_replaced() -> None:
    data = written(mammogram(StudyDate="19000101", AcquisitionDate="18991230"))
    header = cleaned(data).dataset
    assert header.StudyDate == ""
    assert "AcquisitionDate" not in header
    tomo = tomosynthesis()
    tomo.ContentDate = "19000101"
    assert cleaned(tomo).dataset.ContentDate == "19700101"


@pytest.mark.parametrize(
    "keyword", ["DateOfLastDetectorCalibration", "TimeOfLastDetectorCalibration"]
)
def test_what_all_women_of_a_unit_share_does_not_give_the_shift_away(keyword: str) -> None:
    assert keyword not in cleaned(mammogram()).dataset


def test_full_dates_stay_as_they_are() -> None:
    made = mammogram()
    header = cleaned(made, profile=with_options("retain_longitudinal_full_dates")).dataset
    for keyword in (
        "StudyDate",
        "StudyTime",
        "AcquisitionDateTime",
        "TimezoneOffsetFromUTC",
        "DateOfLastDetectorCalibration",
    ):
        assert header[keyword].value == made[keyword].value
    assert header.PatientBirthDate == ""
    assert header.LongitudinalTemporalInformationModified == "UNMODIFIED"
    codes = [item.CodeValue for item in header.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113106"]


def test_without_a_dates_option_none_stays() -> None:
    header = cleaned(mammogram(), profile=with_options()).dataset
    assert header.StudyDate == header.StudyTime == ""
    assert "SeriesDate" not in header
    assert "AcquisitionDateTime" not in header
    assert "PatientAge" not in header
    assert header.LongitudinalTemporalInformationModified == "REMOVED"
