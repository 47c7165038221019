"""Whose images may not come in: protected identity, blocked records, opt-out, or nobody can say.

A person is asked for by her identifier, and nothing else of an image is read before the answer.
What is known to be flagged is refused whatever the decision says; a decision that attests a
filtered export answers only what is unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from pydicom.dataset import Dataset

from catalog import database
from catalog.protections.optouts import OptOuts
from catalog.protections.protection import Flags, ProtectionTable, without_issuer
from catalog.publishing.port import Publisher
from catalog.vocabulary import Flag, HoldKind, ProtectionSource
from deid.errors import Reason
from deid.identity.pseudonym import Person
from deid.values import elements, items, raw
from flows import wiring
from flows.errors import SourceError
from flows.keys.sides import RegionKeys, subkey
from flows.settings import RegionSettings

PROTECTED = "the person has a protected identity"
BLOCKED = "the person's records are blocked"
OPTED_OUT = "the person opted out of secondary use (EHDS Article 71)"
CONFIDENTIAL = Reason.CONFIDENTIAL.value
UNKNOWN = "the protection flag is unknown, and the decision attests no filtered export"
UNLISTED = "the side table does not say whether the person is protected or blocked"
STALE = "what the side table says of the person is too old"
#: In this order one of several reasons is named for a whole study.
REASONS = (PROTECTED, BLOCKED, OPTED_OUT, CONFIDENTIAL, UNLISTED, STALE, UNKNOWN)

DAYS = 7
WHY = {
    HoldKind.PROTECTED: "a protected identity became known after publication",
    HoldKind.BLOCKED: "the records were blocked after publication",
}

# Confidentiality Constraint on Patient Data Description, and Confidentiality Code
_CONFIDENTIALITY = frozenset({0x00403001, 0x00401008})
_FUNCTIONAL_GROUPS = 0x5200


@dataclass(frozen=True, repr=False)
class Protection:
    """What the region's side knows of protected persons.

    Attributes:
        table: The region's side table.
        days: For how many days what it says counts.
        optouts: The region's register of opt-outs.
    """

    table: ProtectionTable
    days: int = DAYS
    optouts: OptOuts | None = None

    def refusal(self, canonical: str, source: ProtectionSource, today: date) -> str | None:
        """Give the reason to refuse a person's images; None if they may come in.

        A flag that was ever set refuses until a newer word takes it back, however old it is.
        """
        flags = self.table.flags(canonical)
        if flags is not None and flags.protected is Flag.YES:
            return PROTECTED
        if flags is not None and flags.blocked is Flag.YES:
            return BLOCKED
        if self.optouts is not None and self.optouts.is_out(canonical):
            return OPTED_OUT
        if source is ProtectionSource.FILTERED_EXPORT:
            return None
        if source is not ProtectionSource.SIDE_TABLE:
            return UNKNOWN
        return self._doubt(flags, today)

    def _doubt(self, flags: Flags | None, today: date) -> str | None:
        if flags is None or Flag.UNKNOWN in {flags.protected, flags.blocked}:
            return UNLISTED
        return STALE if flags.as_of < self.first_day(today) else None

    def first_day(self, today: date) -> date:
        """Give the first day whose word still counts."""
        return today - timedelta(days=self.days)

    def tell(self, publisher: Publisher, canonical: str, *people: Person, who: str) -> int:
        """Hold a published person for the flags that came, and count the Holds placed.

        It is safe to run again: until all are placed, the table remembers that they are due.

        Args:
            publisher: The hub's.
            canonical: Her identifier.
            people: Whom it may stand for in what is published; see `written`.
            who: Who says so.
        """
        due = dict(self.table.due([canonical])).get(canonical, ())
        placed = sum(_hold(publisher, person, due, who=who) for person in people)
        self.table.told(canonical, due)
        return placed

    def tell_late(self, publisher: Publisher, canonical: str, person: Person, *, who: str) -> int:
        """Hold a person who was published while a flag of hers came in."""
        flags = self.table.flags(canonical)
        if flags is None or not flags.kinds:
            return 0
        self.table.remind(canonical)
        placed = _hold(publisher, person, flags.kinds, who=who)
        self.table.told(canonical, flags.kinds)
        return placed


def written(canonical: str) -> tuple[str, ...]:
    """Give the forms an identifier may have: a PACS may leave out who issued a local number."""
    return tuple(dict.fromkeys((canonical, without_issuer(canonical))))


def _hold(publisher: Publisher, person: Person, kinds: Iterable[HoldKind], *, who: str) -> int:
    return sum(
        publisher.hold(pseudonym, kind, reason=WHY[kind], who=who)
        for kind in kinds
        for pseudonym in (person.pseudonym, *person.previous)
    )


def is_confidential(header: Dataset) -> bool:
    """Tell whether an object itself says that the person or the order is confidential."""
    for tag, element in elements(header):
        within = items(element)
        if within is None:
            if tag in _CONFIDENTIALITY and raw(element).strip(b" \0"):
                return True
        elif tag >> 16 != _FUNCTIONAL_GROUPS and any(map(is_confidential, within)):
            return True
    return False


@cache
def of_region() -> Protection:
    """Open the region's side table, once in a process."""
    settings = wiring.read(RegionSettings)
    engine = database.connect(settings.ledger_url.get_secret_value())
    keys = wiring.region().keys
    optouts = OptOuts(engine, subkey(keys.root, "opt-out"))
    return Protection(ProtectionTable(engine, key(keys)), settings.protection_days, optouts)


def register() -> OptOuts:
    """Give the region's register of opt-outs.

    Raises:
        SourceError: None is open here.
    """
    found = of_region().optouts
    if found is None:
        message = "no register of opt-outs is open here"
        raise SourceError(message)
    return found


def key(keys: RegionKeys) -> bytes:
    """Derive the side table's key from the region's."""
    return subkey(keys.root, "protection")


def today() -> date:
    """Give the day that flags are judged by."""
    return datetime.now(UTC).date()
