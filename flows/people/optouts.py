"""A woman opts out, or takes that back: entered here, and the hub learns a pseudonym (Art. 71).

Her number is read from a prompt or a file, and goes no further than the region: first the register
here is written, so that nothing of hers leaves any more, then the hub is told. What the hub was
not told is remembered, and told when the same is entered again.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.protections.optouts import OptOuts
from catalog.publishing.port import Publisher
from catalog.vocabulary import OptOut
from deid.errors import RefusedError
from deid.identity.pseudonym import Person, canonical
from flows.errors import SourceError
from flows.keys.sides import RegionKeys
from flows.moments import moment
from flows.people.protection import written
from flows.people.side_table import is_damaged

_BATCH = 200
_FIELDS = {"identifier"}
_KNOWN = {"identifier", "issuer", "from"}


@dataclass(frozen=True, repr=False)
class Statement:
    """What one woman says, from when on.

    Attributes:
        whom: Her identifier in canonical form.
    """

    whom: str
    valid_from: datetime


@dataclass(frozen=True)
class Entered:
    """What came of a list, in numbers.

    Attributes:
        new: Statements that changed something here.
        told: Words that the hub was told.
    """

    persons: int
    new: int
    told: int


def statement(identifier: str, issuer: str, valid_from: datetime) -> Statement:
    """Check a number, and write it as it is pseudonymised.

    Raises:
        SourceError: It is none; the message does not quote it.
    """
    try:
        whom = canonical(identifier, issuer, exam_date=f"{valid_from:%Y%m%d}")
    except RefusedError:
        message = "the identifier is empty"
        raise SourceError(message) from None
    if is_damaged(identifier, whom, issuer=issuer) or not (whom.isdigit() or issuer.strip()):
        message = "the identifier is no personal number, and no issuer says what else it is"
        raise SourceError(message)
    return Statement(whom, valid_from)


def read_list(path: Path, *, issuer: str, valid_from: datetime) -> tuple[Statement, ...]:
    """Read a CSV file with the columns identifier and, if need be, issuer and from.

    Raises:
        SourceError: With the number of the line that is wrong, never what it says.
    """
    return read_text(list_text(path), issuer=issuer, valid_from=valid_from)


def list_text(path: Path) -> str:
    """Give what a list's file says, unread.

    Raises:
        SourceError: It is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        message = "the list cannot be read as text in UTF-8"
        raise SourceError(message) from None


def read_text(text: str, *, issuer: str, valid_from: datetime) -> tuple[Statement, ...]:
    """Read a list as `read_list` does, from a text that lies in no file.

    Raises:
        SourceError: With the number of the line that is wrong, never what it says.
    """
    found = []
    for number, line in _lines(text):
        try:
            when = moment(line.get("from") or "", valid_from)
            found.append(statement(line["identifier"] or "", line.get("issuer") or issuer, when))
        except SourceError as error:
            message = f"line {number} of the list: {error}; nothing of the list was taken"
            raise SourceError(message) from None
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the lines that are not empty, with their numbers: each is one, and none has more in it.

    A quotation mark too many would have a cell go on over lines, and whoever is in them be lost.
    """
    separator = ";" if ";" in text.partition("\n")[0] else ","
    lines = text.splitlines(keepends=True)
    reader = csv.DictReader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        names = reader.fieldnames or ()
        if not _FIELDS <= set(names) <= _KNOWN or len(set(names)) != len(names):
            message = (
                "the list's first line must name the column identifier, and may issuer and from"
            )
            raise SourceError(message)
        for line in reader:
            _require_cells(line)
            yield reader.line_num, line
    except csv.Error:
        message = (
            f"line {reader.line_num} of the list: it has more cells than columns, or a quotation "
            "mark too many; nothing was entered"
        )
        raise SourceError(message) from None


def _require_cells(line: Mapping[str, str | None]) -> None:
    cells = [cell or "" for name, cell in line.items() if name in _KNOWN]
    if len(cells) < len(line) or any(len(cell.splitlines()) > 1 for cell in cells):
        raise csv.Error


def enter(
    said: Sequence[Statement],
    word: OptOut,
    keys: RegionKeys,
    publisher: Publisher,
    optouts: OptOuts,
    *,
    who: str,
    source: str | None = None,
) -> Entered:
    """Enter statements here, then tell the hub; entering them again changes nothing.

    Args:
        said: Checked already.
        word: What all of them say.
        keys: The region's.
        publisher: The hub's.
        optouts: The region's register.
        who: Who enters them; that stays in the region.
        source: The digest of the sealed list that they came with.

    Raises:
        RetriableError: A database, the hub or the third party did not answer; enter them again.
    """
    new = sum(optouts.enter(one.whom, word, one.valid_from, who=who, source=source) for one in said)
    whom, told = list(dict.fromkeys(one.whom for one in said)), 0
    for start in range(0, len(whom), _BATCH):
        batch = whom[start : start + _BATCH]
        forms = list(dict.fromkeys(form for one in batch for form in written(one)))
        known = dict(zip(forms, keys.pseudonyms.people(forms), strict=True))
        for one in batch:
            people = [known[form] for form in written(one)]
            told += tell(publisher, optouts, one, *people, who=who)
    return Entered(len(whom), new, told)


def tell(publisher: Publisher, optouts: OptOuts, whom: str, *people: Person, who: str) -> int:
    """Tell the hub what of a person it does not know yet, and count the words.

    Args:
        publisher: The hub's.
        optouts: The region's register.
        whom: Her identifier.
        people: Whom it may stand for in what is published.
        who: Who says so; on one machine the hub keeps it.
    """
    due = optouts.due(whom)
    for one in due:
        for person in people:
            for pseudonym in (person.pseudonym, *person.previous):
                publisher.opt_out(pseudonym, one.word, one.valid_from, who=who)
    optouts.told(due)
    return len(due)
