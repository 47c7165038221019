"""The closed table: what each kind of Hold stops, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from catalog.vocabulary import HoldKind


class Reach(StrEnum):
    """Which permits something reaches."""

    ALL = "stopped"
    LATER = "stopped for permits granted later"
    NONE = "go on"


class Deletion(StrEnum):
    """What a secure processing environment is asked to do with its copies."""

    NONE = "no"
    REPLACED = "when the corrected copy is there"
    DELETED = "yes"
    PROVEN = "yes, and proof is asked for"


@dataclass(frozen=True)
class Effect:
    """What a Hold of one kind does.

    Attributes:
        freezes: Whether new releases, and search, leave out what is held.
        open_permits: What becomes of releases of permits granted before it.
        downloads: Which downloads it ends; those under way, too.
        notice: Whether those who have the data are told.
        deletion: Whether secure processing environments are asked to delete it.
    """

    freezes: Reach
    open_permits: Reach
    downloads: Reach
    notice: bool
    deletion: Deletion


def _stop(deletion: Deletion) -> Effect:
    return Effect(Reach.ALL, Reach.ALL, Reach.ALL, notice=True, deletion=deletion)


EFFECTS: Final[Mapping[HoldKind, Effect]] = MappingProxyType(
    {
        # EHDS Art. 71(3): what was granted before she opted out is not affected.
        HoldKind.OPTED_OUT: Effect(
            Reach.ALL, Reach.NONE, Reach.LATER, notice=False, deletion=Deletion.NONE
        ),
        HoldKind.PROTECTED: _stop(Deletion.DELETED),
        HoldKind.BLOCKED: _stop(Deletion.DELETED),
        HoldKind.WITHDRAWN: _stop(Deletion.DELETED),
        HoldKind.CORRECTED: _stop(Deletion.REPLACED),
        HoldKind.RECALLED: _stop(Deletion.DELETED),
        HoldKind.ERASED: _stop(Deletion.PROVEN),
    }
)

SPARES_EARLIER: Final[tuple[HoldKind, ...]] = tuple(
    kind for kind, effect in EFFECTS.items() if effect.downloads is Reach.LATER
)
"""Kinds that leave alone what permits granted before them have."""


def table() -> list[str]:
    """Write the table as Markdown; the documentation has these very lines."""
    head = ("Hold", "new releases", "releases of open permits", "downloads", "notice", "deletion")
    rows = [
        (
            f"`{kind}`",
            effect.freezes.value,
            effect.open_permits.value,
            effect.downloads.value,
            "yes" if effect.notice else "no",
            effect.deletion.value,
        )
        for kind, effect in EFFECTS.items()
    ]
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]
