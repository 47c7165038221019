"""Periods in months, as the law counts them."""

from calendar import monthrange
from datetime import date


def months_later(day: date, months: int) -> date:
    """Give the day of the same number some months later, or the last of that month.

    So a period in months ends (Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c)). That it would end
    later where this is no working day (3(4)) is not counted: the clock rather warns too early.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
