"""Single values as sources say them, over C-FIND and DICOMweb alike; a wrong one says nothing."""

import re
from datetime import date, datetime

from flows.sources.source import Availability


def number(value: str) -> int | None:
    """Read a count, as an Integer String (PS3.5 §6.2)."""
    return int(value) if re.fullmatch(r"\d{1,9}", value, re.ASCII) else None


def day(value: str) -> date | None:
    """Read a date, also of the form before 1993 with dots (PS3.5 §6.2)."""
    try:
        return datetime.strptime(value.replace(".", ""), "%Y%m%d").date()  # noqa: DTZ007  # a day
    except ValueError:
        return None


def availability(value: str) -> Availability:
    """Read an Instance Availability (0008,0056)."""
    try:
        return Availability(value.upper())
    except ValueError:
        return Availability.UNKNOWN
