"""A reserve number that became a personnummer: two Subjects of the catalogue are one woman.

The numbers are read here, on the region's side, and go no further: the hub learns two pseudonyms
and that they are hers.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path

from catalog.errors import ConflictError, NotFoundError
from catalog.publishing.port import Publisher
from catalog.records import Merge
from deid.errors import RefusedError
from deid.identity.pseudonym import Person, Subkeys, canonical, weeks
from flows.errors import SourceError
from flows.keys.sides import RegionKeys
from flows.people.optouts import tell
from flows.people.protection import Protection

REASON = "a reserve number became a personnummer"
SHOWN = 6
_PERSONNUMMER = re.compile(r"(?:18|19|20)\d{2}[-./ ]?\d{2}[-./ ]?\d{2}[-+ ]?\d{4}")
_FIELDS = {"reserve", "personnummer"}


class Merging(StrEnum):
    """How one pair ended."""

    MERGED = "merged"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


@dataclass(frozen=True, repr=False)
class Pair:
    """A reserve or coordination number, as a PACS has it, and the personnummer it became.

    Attributes:
        reserve: In canonical form, with its issuer.
        personnummer: Twelve digits.
    """

    reserve: str
    personnummer: str


@dataclass(frozen=True)
class Merged:
    """What became of a pair; pseudonyms are shortened, so that none can be looked up with it."""

    old: str
    new: str
    merging: Merging


def pair(reserve: str, personnummer: str, issuer: str = "") -> Pair:
    """Check two numbers, and write them as they are pseudonymised.

    Raises:
        SourceError: They are no such pair; the message quotes neither.
    """
    try:
        old = canonical(reserve, issuer)
        new = canonical(personnummer)
    except RefusedError:
        message = "a number is empty"
        raise SourceError(message) from None
    if _PERSONNUMMER.fullmatch(personnummer.strip()) is None or not new.isdigit():
        message = "the personnummer is not one of twelve digits with a right check digit"
        raise SourceError(message)
    if old.isdigit() and _PERSONNUMMER.fullmatch(reserve.strip()) is None:
        message = "a coordination number must have twelve digits too"
        raise SourceError(message)
    if old == new:
        message = "the two numbers are the same"
        raise SourceError(message)
    return Pair(old, new)


def read_pairs(path: Path, *, issuer: str = "") -> tuple[Pair, ...]:
    """Read pairs from a CSV file with the columns reserve, personnummer and, if need be, issuer.

    Args:
        path: The file; commas or semicolons.
        issuer: Who issued the reserve numbers, for lines that do not say.

    Raises:
        SourceError: With the number of the line that is wrong, never what it says.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        message = "the list cannot be read as text in UTF-8"
        raise SourceError(message) from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(
        text.splitlines(), delimiter=";" if ";" in head else ",", skipinitialspace=True
    )
    if not _FIELDS.issubset(reader.fieldnames or ()):
        message = "the list's first line must name the columns reserve and personnummer"
        raise SourceError(message)
    pairs = []
    for number, line in enumerate(reader, 2):
        try:
            told = line.get("issuer") or issuer
            pairs.append(pair(line["reserve"] or "", line["personnummer"] or "", told))
        except SourceError as error:
            message = f"line {number} of the list: {error}"
            raise SourceError(message) from None
    return tuple(pairs)


def merge_pairs(
    pairs: Sequence[Pair],
    keys: RegionKeys,
    publisher: Publisher,
    protection: Protection,
    *,
    who: str,
    told: Callable[[Merged], None] = lambda _merged: None,
) -> tuple[Merged, ...]:
    """Make each pair's two Subjects one; merging them again changes nothing.

    A number of which nothing is published is UNKNOWN: run the list again once there is. What the
    side table flags under the old number is flagged under the new one, whether published or not.

    Args:
        pairs: Checked already.
        keys: The region's.
        publisher: Records the merge in the catalogue and in its audit log.
        protection: The region's side table.
        who: Who says so.
        told: Hears of each pair as it is done.
    """
    numbers = list(
        dict.fromkeys(number for one in pairs for number in (one.reserve, one.personnummer))
    )
    known = dict(zip(numbers, keys.pseudonyms.people(numbers), strict=True))
    subkeys, done = keys.subkeys(), []
    for one in pairs:
        old, new = known[one.reserve], known[one.personnummer]
        protection.table.carry(one.reserve, one.personnummer)
        merging = _merge(old, new, subkeys, publisher, who=who)
        protection.tell(publisher, one.personnummer, new, who=who)
        if protection.optouts is not None:
            protection.optouts.carry(one.reserve, one.personnummer)
            tell(publisher, protection.optouts, one.personnummer, new, who=who)
        merged = Merged(shortened(old.pseudonym), shortened(new.pseudonym), merging)
        told(merged)
        done.append(merged)
    return tuple(done)


def _merge(
    old: Person, new: Person, subkeys: Subkeys, publisher: Publisher, *, who: str
) -> Merging:
    """Merge under the pseudonyms the catalogue knows: either may be of an earlier key."""
    every = product((old.pseudonym, *old.previous), (new.pseudonym, *new.previous))
    merging = Merging.UNKNOWN
    for one, other in every:
        between = weeks(subkeys, Person(other)) - weeks(subkeys, Person(one))
        try:
            publisher.merge(Merge(one, other, between), reason=REASON, who=who)
        except NotFoundError:
            continue
        except ConflictError:
            return Merging.CONFLICT
        merging = Merging.MERGED
    return merging


def shortened(pseudonym: str) -> str:
    """Show enough of a pseudonym to tell two lines apart, and too little to look it up."""
    return f"{pseudonym[:SHOWN]}…"
