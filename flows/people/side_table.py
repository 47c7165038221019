"""Import a side table: a CSV file of who is protected and whose records are blocked.

What is said of it is numbers and places; nothing in the file is ever repeated.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from re import compile as compile_pattern

from catalog.protections.protection import Flags
from catalog.vocabulary import Flag
from deid.errors import RefusedError
from deid.identity.pseudonym import canonical
from flows.errors import PermanentError
from flows.people.protection import Protection, written
from flows.wiring import RegionParts

COLUMNS = ("identifier", "protected", "blocked")
OPTIONAL = ("issuer",)
SHOWN = 20
_FORMULA = ("=", "'", '"', "@", "+")
_ROUNDED = compile_pattern(r"\d+[.,]0+|\d+(?:[.,]\d+)?[eE][+-]?\d+")
_JOINING = " -+./"
_LIKE_PERSONAL = range(9, 13)
_BATCH = 200
_WORDS = {
    "yes": Flag.YES,
    "ja": Flag.YES,
    "no": Flag.NO,
    "nej": Flag.NO,
    "unknown": Flag.UNKNOWN,
    "okänt": Flag.UNKNOWN,
    "okänd": Flag.UNKNOWN,
    "": Flag.UNKNOWN,
}


class SideTableError(PermanentError):
    """A side table cannot be imported; the message tells lines and columns, never values."""


@dataclass(frozen=True)
class Imported:
    """What an import did, in numbers.

    Attributes:
        persons: Persons in the file.
        taken: Those whose flags were entered; the others were known by a newer word.
        holds: Holds placed on what is published already.
    """

    persons: int
    taken: int
    protected: int
    blocked: int
    unknown: int
    holds: int


def import_file(
    parts: RegionParts, protection: Protection, path: Path, *, as_of: date, today: date
) -> Imported:
    """Import a side table whole or not at all, and hold whom it flags and the hub has.

    If it is interrupted, the same file can be imported again: the table remembers which Holds are
    still due.

    Raises:
        SideTableError: With the lines that are wrong.
        RetriableError: A database, the hub or the third party did not answer; import it again.
    """
    if as_of > today:
        message = "a side table cannot be of a day that has not come"
        raise SideTableError(message)
    said = read(path, as_of=as_of)
    # First the table, then the Holds: whoever is being published meanwhile meets one or the other.
    taken = protection.table.enter(said)
    due = [whom for whom, _ in protection.table.due(said)]
    holds = 0
    for start in range(0, len(due), _BATCH):
        batch = due[start : start + _BATCH]
        forms = list(dict.fromkeys(form for whom in batch for form in written(whom)))
        known = dict(zip(forms, parts.keys.pseudonyms.people(forms), strict=True))
        for whom in batch:
            people = [known[form] for form in written(whom)]
            holds += protection.tell(parts.publisher, whom, *people, who="side table")
    every = list(said.values())
    return Imported(
        persons=len(said),
        taken=taken,
        protected=sum(flags.protected is Flag.YES for flags in every),
        blocked=sum(flags.blocked is Flag.YES for flags in every),
        unknown=sum(Flag.UNKNOWN in {flags.protected, flags.blocked} for flags in every),
        holds=holds,
    )


def read(path: Path, *, as_of: date) -> dict[str, Flags]:
    """Read a side table: flags by canonical identifier; of two lines the stricter counts.

    Raises:
        SideTableError: With the lines that are wrong, at most a page of them.
    """
    faults: list[str] = []
    said: dict[str, Flags] = {}
    for number, row in _lines(path):
        try:
            whom, flags = _line(row, as_of)
        except _FaultError as fault:
            faults.append(f"line {number}: {fault}")
            continue
        before = said.get(whom)
        said[whom] = flags if before is None else before.together(flags)
    if faults:
        more = f"\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        message = "nothing was imported:\n" + "\n".join(faults[:SHOWN]) + more
        raise SideTableError(message)
    if not said:
        message = "the side table names nobody; nothing was imported"
        raise SideTableError(message)
    return said


class _FaultError(Exception):
    """What is wrong with a line; it names a column and no value."""


def _line(row: dict[str, str], as_of: date) -> tuple[str, Flags]:
    try:
        whom = canonical(row["identifier"], row.get("issuer", ""), exam_date=f"{as_of:%Y%m%d}")
    except RefusedError:
        message = "identifier is empty"
        raise _FaultError(message) from None
    if is_damaged(row["identifier"], whom, issuer=row.get("issuer", "")):
        message = "identifier is no personal number; a spreadsheet must keep the column as text"
        raise _FaultError(message)
    return whom, Flags(_flag(row, "protected"), _flag(row, "blocked"), as_of)


def is_damaged(identifier: str, whom: str, *, issuer: str) -> bool:
    """Tell a personal number that a spreadsheet or a typing error made into somebody else's.

    A number of another kind needs an issuer, who says that it is one.
    """
    written = identifier.strip()
    if whom.isdigit():
        return not written.isascii()
    if written[:1] in _FORMULA or _ROUNDED.fullmatch(written):
        return True
    digits = "".join(c for c in written if c.isdigit())
    only = all(c.isdigit() or c in _JOINING for c in written)
    return only and len(digits) in _LIKE_PERSONAL and not issuer.strip()


def _flag(row: dict[str, str], column: str) -> Flag:
    word = row[column].strip().casefold()
    if word not in _WORDS:
        message = f"{column} is neither yes (ja), no (nej) nor unknown (okänt)"
        raise _FaultError(message)
    return _WORDS[word]


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the lines that are not empty, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=";" if ";" in first else ",", strict=True)
            names = _names(next(reader, []))
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(names):
                    message = (
                        f"nothing was imported:\nline {reader.line_num}: it has {len(cells)} "
                        f"columns and not {len(names)}"
                    )
                    raise SideTableError(message)
                yield reader.line_num, dict(zip(names, cells, strict=True))
    except OSError:
        message = "the side table cannot be read"
        raise SideTableError(message) from None
    except UnicodeDecodeError:
        message = "the side table is not UTF-8; save it as CSV UTF-8"
        raise SideTableError(message) from None
    except csv.Error:
        message = f"line {reader.line_num}: this is no CSV; a quotation mark may be missing"
        raise SideTableError(message) from None


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    known = set(COLUMNS) | set(OPTIONAL)
    if not set(COLUMNS) <= set(names) or not set(names) <= known or len(set(names)) != len(names):
        message = (
            f"the first line must name the columns {', '.join(COLUMNS)}, and may name "
            f"{', '.join(OPTIONAL)}; no others"
        )
        raise SideTableError(message)
    return names
