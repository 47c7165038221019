"""Shift dates by whole weeks at the precision they have (PS3.5 §6.2, PS3.15 E.3.6)."""

from datetime import date, timedelta
from re import compile as compile_pattern

# A date before mammography was digital is a placeholder. Everyone knows it, so that shifting it
# would give the shift away.
_EARLIEST = date(1970, 1, 2)
_SHIFTABLE = compile_pattern(
    r"(?P<year>\d{4})(?:(?P<month>\d{2})(?:(?P<day>\d{2})"
    r"(?P<time>(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?)?)?"
    r"(?:[+-]\d{4})?"
)
_DOTTED = compile_pattern(r"(\d{4})\.(\d{2})\.(\d{2})")  # ACR-NEMA 1.0 and 2.0
_MIDDLE_MONTH, _MIDDLE_DAY = 7, 15


def shift(value: str, weeks: int) -> str:
    """Shift a DA or DT value; precision and time of day stay, the UTC offset goes.

    A month or a year moves by its middle, so that its error is least.

    Returns:
        The shifted value; empty if the value is not a date that can be shifted.
    """
    match = _SHIFTABLE.fullmatch(_DOTTED.sub(r"\1\2\3", value.strip(" \0")))
    if match is None:
        return ""
    year, month, day = match["year"], match["month"], match["day"]
    try:
        start = date(int(year), int(month or _MIDDLE_MONTH), int(day or _MIDDLE_DAY))
        moved = start + timedelta(weeks=weeks)
    except (ValueError, OverflowError):
        return ""
    if start < _EARLIEST:
        return ""
    written = moved.strftime("%Y%m%d")
    size = 8 if day else 6 if month else 4
    return written[:size] + (match["time"] or "")


def parse_date(value: str) -> date | None:
    """Read the day of a DA or DT value; None if it has none."""
    match = _SHIFTABLE.fullmatch(_DOTTED.sub(r"\1\2\3", value.strip(" \0")))
    if match is None or not match["day"]:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def years_between(birth: date, day: date) -> int:
    """Give the age in whole years on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
