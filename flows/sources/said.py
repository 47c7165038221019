"""Single values as sources say them, over C-FIND and DICOMweb alike; a wrong one says nothing."""

import re
from datetime import date, datetime

from flows.sources.source import Availability

#: Longest value that is read: no key that is asked for holds more, and thousands are held at once.
LONGEST = 1024


def readable(value: str) -> str:
    """Give a text as it is; one that no key holds, or that cannot be written down, says nothing."""
    if len(value) > LONGEST:
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character, which JSON can say (RFC 8259 §8.2)
        return ""
    return value


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
