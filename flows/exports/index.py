"""Enrol an export: list its files, read their headers, number its studies, check its claim."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, Export, NewItem
from catalog.outcome import Outcome
from deid.deidentify import identity
from deid.errors import DeidError, Reason, RefusedError
from deid.source import Parsed, parse
from deid.values import value_of
from flows.errors import ExportRefusedError, OriginalError
from flows.sources.export_folder import DIVIDER, Fault, SourceFile, gather
from flows.sources.original import Original
from flows.walk.admit import checked
from flows.walk.verdict import STUDY_INSTANCE_UID

#: The study number of files whose study cannot be read, and of instances that are missing.
NO_STUDY = 0
MISSING = "claimed, but not in the export"
_MISSING_NAME = f"{DIVIDER}{DIVIDER}missing "


@dataclass(frozen=True, repr=False)
class LookedAt:
    """What was read of a file before it is walked: whose it is, and of which study.

    Attributes:
        study_uid: Empty where it cannot be read.
        foreign: Whether it is no DICOM file at all.
        who: The canonical identifier of the person it is about, if it names one.
    """

    file: SourceFile
    study_uid: str
    size: int
    foreign: bool
    who: str | None = None


def count(root: Path, landing: Path, *, limit: int) -> int:
    """Count the DICOM files of an export: its claim, when its holder makes none."""
    return _instances([look_at(file) for file in gather(root, landing, limit=limit)])


def enroll(
    ledger: Ledger, export: Export, landing: Path, *, limit: int, run: str
) -> frozenset[str]:
    """Enter every file of an export in the ledger, numbered by study, once.

    Files that cannot even be opened get their outcome here; instances that the export claims and
    does not hold become `UNAVAILABLE`. An export that is enrolled already keeps its numbers; only
    what an archive holds of its unsettled files is expanded again.

    Returns:
        The canonical identifiers of all whom the files are about; of an export that is enrolled
        already nobody's, since its headers are not read again.

    Raises:
        ExportRefusedError: If there are more instances than the export claims.
        SourceError: If the export cannot be read.
        DiskFullError: If the landing's disk is full.
    """
    if ledger.progress(export.id).items:
        pending = ledger.pending_paths(export.id)
        for _ in gather(Path(export.path), landing, limit=limit, wanted=pending.__contains__):
            pass
        return frozenset()
    looked = [look_at(file) for file in gather(Path(export.path), landing, limit=limit)]
    found = _instances(looked)
    try:
        require_claim(export.claimed, found)
    except ExportRefusedError:
        shutil.rmtree(landing, ignore_errors=True)
        raise
    missing = [_missing(number) for number in range(export.claimed - found)]
    ledger.enroll(export.id, [*_numbered(looked), *missing])
    _record_faults(ledger, export.id, looked, run=run)
    return frozenset(one.who for one in looked if one.who is not None)


def require_claim(claimed: int, found: int) -> None:
    """Refuse an export that holds more than it claims.

    Raises:
        ExportRefusedError: With both numbers.
    """
    if found > claimed:
        message = (
            f"refused: the export claims {claimed} instances and holds {found}; find out what else "
            "was exported, or ingest it anew with the right --count"
        )
        raise ExportRefusedError(message)


def look_at(file: SourceFile) -> LookedAt:
    """Read of a file what its export needs to number it."""
    if file.fault is not None:
        return LookedAt(file, "", 0, foreign=False)
    size = 0
    try:
        with Original(file.path) as original, checked():
            size = original.seek(0, 2)
            parsed = parse(original.reader)
            study_uid = value_of(parsed.header, STUDY_INSTANCE_UID)
            return LookedAt(file, study_uid, size, foreign=False, who=_who(parsed))
    except DeidError as error:
        return LookedAt(file, "", size, foreign=error.reason is Reason.NOT_DICOM)
    except OriginalError:
        # It vanished or cannot be read: whoever walks it says which.
        return LookedAt(file, "", 0, foreign=False)


def _who(parsed: Parsed) -> str | None:
    try:
        return identity(parsed)
    except RefusedError:
        return None


def _instances(looked: Iterable[LookedAt]) -> int:
    return sum(not one.foreign for one in looked)


def _numbered(looked: Iterable[LookedAt]) -> Iterator[NewItem]:
    numbers: dict[str, int] = {"": NO_STUDY}
    for one in looked:
        number = numbers.setdefault(one.study_uid, len(numbers))
        yield NewItem(one.file.name, number, one.size)


def _missing(number: int) -> NewItem:
    return NewItem(f"{_MISSING_NAME}{number}", NO_STUDY, 0)


def _record_faults(ledger: Ledger, export_id: str, looked: Iterable[LookedAt], *, run: str) -> None:
    faults: dict[str, Fault] = {
        one.file.name: one.file.fault for one in looked if one.file.fault is not None
    }
    endings = []
    for item in ledger.items(export_id, NO_STUDY):
        if item.path.startswith(_MISSING_NAME):
            endings.append(Ending(item.id, Outcome.UNAVAILABLE, MISSING))
        elif (fault := faults.get(item.path)) is not None:
            endings.append(Ending(item.id, Outcome.UNREADABLE, fault.value))
    ledger.record(*endings, run=run)
