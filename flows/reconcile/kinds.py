"""What reconciling finds, and what is done about it: one closed table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Action(StrEnum):
    """What is done with a finding when mending was asked for.

    LEAVE is no fault: it may be somebody's work under way, or waits for its time.
    """

    REMOVE = "removed"
    GIVE_UP = "given up"
    HOLD = "held"
    REWRITE = "written anew"
    TELL = "told"
    LEAVE = "left"


class Kind(StrEnum):
    """What is found: a closed list, by the name it has in reports and in the access log."""

    ORPHAN = "ORPHAN"
    YOUNG = "YOUNG"
    MISSING = "MISSING"
    RESIZED = "RESIZED"
    DAMAGED = "DAMAGED"
    UNREADABLE = "UNREADABLE"
    PREVIEW = "PREVIEW"
    UNSEALED = "UNSEALED"
    HEADER_ORPHAN = "HEADER_ORPHAN"
    HEADER = "HEADER"
    STRAY = "STRAY"
    UNTOLD = "UNTOLD"
    HUB_SUMS = "HUB_SUMS"
    SEARCH = "SEARCH"
    SEALED_ORPHAN = "SEALED_ORPHAN"
    SEALED_UNKNOWN = "SEALED_UNKNOWN"
    SEALED_LOST = "SEALED_LOST"
    UNENDED = "UNENDED"
    UNDER_WAY = "UNDER_WAY"
    SUMS = "SUMS"
    UNPUBLISHED = "UNPUBLISHED"
    LEFTOVER = "LEFTOVER"
    PARTIAL = "PARTIAL"
    RECEIVED = "RECEIVED"


@dataclass(frozen=True)
class Rule:
    """What a finding is called, what is done, and what remains for a person to do.

    Attributes:
        what: One of them, and several.
        then: What a person does about what was not mended.
    """

    what: tuple[str, str]
    action: Action
    then: str = ""


_BACK = "bring its bytes back from the store's older versions or a backup, then lift its Hold"
_AGAIN = "run its export again in its region: nothing is stored twice"
_RIGHTS = "whoever may remove in that bucket runs this (docs/operator.md)"

RULES: Final[Mapping[Kind, Rule]] = MappingProxyType(
    {
        Kind.ORPHAN: Rule(
            ("clean object that no record names", "clean objects that no record names"),
            Action.REMOVE,
            _RIGHTS,
        ),
        Kind.YOUNG: Rule(
            ("object that no record names yet", "objects that no record names yet"), Action.LEAVE
        ),
        Kind.MISSING: Rule(
            ("record without its object", "records without their object"), Action.HOLD, _BACK
        ),
        Kind.RESIZED: Rule(
            ("object of another size than recorded", "objects of another size than recorded"),
            Action.HOLD,
            _BACK,
        ),
        Kind.DAMAGED: Rule(
            ("object with other bytes than recorded", "objects with other bytes than recorded"),
            Action.HOLD,
            _BACK,
        ),
        Kind.UNREADABLE: Rule(
            ("object that the store cannot read", "objects that the store cannot read"),
            Action.HOLD,
            _BACK,
        ),
        Kind.PREVIEW: Rule(
            ("preview missing or not as recorded", "previews missing or not as recorded"),
            Action.TELL,
            "bring it back from the store's older versions or a backup",
        ),
        Kind.UNSEALED: Rule(
            ("release begun and never sealed", "releases begun and never sealed"), Action.GIVE_UP
        ),
        Kind.HEADER_ORPHAN: Rule(
            ("header that no release names", "headers that no release names"),
            Action.REMOVE,
            _RIGHTS,
        ),
        Kind.HEADER: Rule(
            ("header missing or not as recorded", "headers missing or not as recorded"),
            Action.TELL,
            "build the permit's release again: mammo release",
        ),
        Kind.STRAY: Rule(
            ("delivered object that no study names", "delivered objects that no study names"),
            Action.REMOVE,
            _RIGHTS,
        ),
        Kind.UNTOLD: Rule(
            ("export without its region's sums", "exports without their region's sums"),
            Action.TELL,
            _AGAIN,
        ),
        Kind.HUB_SUMS: Rule(
            ("export whose sums do not agree here", "exports whose sums do not agree here"),
            Action.TELL,
            _AGAIN,
        ),
        Kind.SEARCH: Rule(
            ("study that search has otherwise than it is", "studies that search has otherwise"),
            Action.REWRITE,
        ),
        Kind.SEALED_ORPHAN: Rule(
            ("sealed object that nobody waits for", "sealed objects that nobody waits for"),
            Action.REMOVE,
            _RIGHTS,
        ),
        Kind.SEALED_UNKNOWN: Rule(
            ("sealed object unknown to the ledger", "sealed objects unknown to the ledger"),
            Action.TELL,
            "was the ledger restored from a backup? it expires with its export's other files",
        ),
        Kind.SEALED_LOST: Rule(
            ("review whose sealed original is lost", "reviews whose sealed original is lost"),
            Action.TELL,
            "reject it (mammo quarantine reject), and export its study again",
        ),
        Kind.UNENDED: Rule(
            ("export that stopped before its end", "exports that stopped before their end"),
            Action.TELL,
            "run it again: mammo ingest, or mammo exports run; what a cancelled plan left waiting, "
            "a new plan over the same days brings in: mammo exports schedule",
        ),
        Kind.UNDER_WAY: Rule(
            ("export under way, or its plan goes on", "exports under way, or their plans go on"),
            Action.LEAVE,
        ),
        Kind.SUMS: Rule(
            ("export whose sums do not agree", "exports whose sums do not agree"),
            Action.TELL,
            "mammo report shows it; its source lists more or fewer than came",
        ),
        Kind.UNPUBLISHED: Rule(
            ("image that the hub does not know", "images that the hub does not know"),
            Action.TELL,
            "was the catalogue restored from a backup? register and ingest the export anew",
        ),
        Kind.LEFTOVER: Rule(
            ("folder left in the landing", "folders left in the landing"), Action.REMOVE
        ),
        Kind.PARTIAL: Rule(
            ("part of an object left in the landing", "parts of objects left in the landing"),
            Action.REMOVE,
        ),
        Kind.RECEIVED: Rule(
            ("received study that no export took", "received studies that no export took"),
            Action.LEAVE,
        ),
    }
)
