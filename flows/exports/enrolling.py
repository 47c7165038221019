"""What came of one announced study becomes items of its export, and so does what never came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, Export, Item, NewItem, Original
from catalog.outcome import Outcome
from flows.exports.index import LookedAt, look_at
from flows.sources.export_folder import DIVIDER, SourceFile
from flows.sources.landed import APART

NEVER_CAME = "the source has it, and does not give it away"
NEVER_LISTED = "the source counted it, and did not list it"
_LACKING = f"{DIVIDER}{DIVIDER}lacking "


@dataclass(frozen=True, repr=False)
class Came:
    """What came of a study.

    Attributes:
        folder: Where its files lie: the export's path, then its number.
        files: Names of them.
        lacking: Original SOP Instance UIDs of what the source listed and never gave; empty for
            what it only counted.
    """

    study_uid: str
    folder: Path
    files: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def claimed(self) -> int:
        """How many outcomes are owed."""
        return len(self.files) + len(self.lacking)


def astray(came: Came) -> tuple[Path, ...]:
    """Give the files that say of themselves that they are of another study.

    What came apart was announced as of no study.
    """
    files = [name for name in came.files if not name.startswith(APART)]
    looked = (look_at(SourceFile(name, came.folder / name)) for name in files)
    return tuple(
        one.file.path for one in looked if one.study_uid and one.study_uid != came.study_uid
    )


def enroll(
    ledger: Ledger, export: Export, ordinal: int, came: Came, *, run: str, until: datetime
) -> frozenset[str]:
    """Enter what came and what lacks; safe to run again.

    Args:
        ledger: The region's.
        export: Which export.
        ordinal: Which of its studies.
        came: What became of it.
        run: What the ledger signs outcomes with.
        until: When the ledger forgets what identifies what lacks.

    Returns:
        The canonical identifiers of those whom the files are about.
    """
    looked = [look_at(SourceFile(f"{ordinal}/{name}", came.folder / name)) for name in came.files]
    lacking = [_name(ordinal, number) for number in range(len(came.lacking))]
    ledger.enroll(
        export.id,
        [
            *(NewItem(one.file.name, ordinal, one.size) for one in looked),
            *(NewItem(name, ordinal, 0) for name in lacking),
        ],
    )
    never = dict(zip(lacking, came.lacking, strict=True))
    endings = (
        _unavailable(item, came.study_uid, never[item.path], until)
        for item in ledger.items(export.id, ordinal)
        if item.outcome is None and item.path in never
    )
    ledger.record(*endings, run=run)
    return _people(looked)


def _unavailable(item: Item, study_uid: str, sop_uid: str, until: datetime) -> Ending:
    if not sop_uid:
        return Ending(item.id, Outcome.UNAVAILABLE, NEVER_LISTED)
    original = Original(study_uid, sop_uid)
    return Ending(item.id, Outcome.UNAVAILABLE, NEVER_CAME, original=original, expires_at=until)


def _people(looked: Sequence[LookedAt]) -> frozenset[str]:
    return frozenset(one.who for one in looked if one.who is not None)


def _name(ordinal: int, number: int) -> str:
    return f"{_LACKING}{ordinal}.{number}"
