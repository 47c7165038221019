"""What only de-identification saw, and the catalogue may know."""

from dataclasses import dataclass
from datetime import date
from re import compile as compile_pattern

from pydicom.dataset import Dataset

from deid.dates import parse_date, years_between
from deid.values import value_of

# Acquisition, study, series and content: the first that says when the image was made. Content comes
# last, since processing anew and conversion write its date.
_WHEN = (0x00080022, 0x0008002A, 0x00080020, 0x00080021, 0x00080023)
_BIRTH_DATE = 0x00100030
_AGE = 0x00101010
_AGE_STRING = compile_pattern(r"(\d{3})([DWMY])")
_PER_YEAR = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
_OLDEST = 150
_DAYS_OF_A_YEAR = 365


@dataclass(frozen=True)
class Facts:
    """The true year of the examination, and the age in whole years at it, capped."""

    exam_year: int | None
    age: int | None


def dates_disagree(header: Dataset) -> bool:
    """Tell whether the dates of an image lie a year or more apart; shifted dates tell the same."""
    days = [parse_date(value_of(header, tag)) for tag in _WHEN]
    found = sorted(day for day in days if day is not None)
    return bool(found) and (found[-1] - found[0]).days >= _DAYS_OF_A_YEAR


def observe(header: Dataset, *, age_cap: int) -> Facts:
    """Take the facts from an original header, before dates are shifted."""
    days = (parse_date(value_of(header, tag)) for tag in _WHEN)
    day = next((day for day in days if day is not None), None)
    birth = parse_date(value_of(header, _BIRTH_DATE))
    age = _age(value_of(header, _AGE), birth, day)
    return Facts(day.year if day else None, None if age is None else min(age, age_cap))


def _age(written: str, birth: date | None, day: date | None) -> int | None:
    if birth is not None and day is not None and 0 <= years_between(birth, day) <= _OLDEST:
        return years_between(birth, day)
    match = _AGE_STRING.fullmatch(written)
    return int(int(match[1]) / _PER_YEAR[match[2]]) if match else None


def cap_age(written: str, cap: int) -> str:
    """Cap an AS value; empty if it is none (PS3.5 §6.2)."""
    match = _AGE_STRING.fullmatch(written.strip(" \0"))
    if match is None:
        return ""
    years = int(match[1]) / _PER_YEAR[match[2]]
    return f"{cap:03d}Y" if years > cap else match[0]
