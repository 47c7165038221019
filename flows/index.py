"""Enrol an export: list its files, read their headers, number its studies, check its claim."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.ledger import Ledger
from catalog.ledger_records import Ending, Export, NewItem
from catalog.outcome import Outcome
from deid.errors import Reason, UnreadableError
from deid.source import parse
from deid.values import value_of
from flows.errors import ExportRefusedError
from flows.sources import SourceFile, gather

STUDY_INSTANCE_UID = 0x0020000D
#: The study number of files whose study cannot be read, and of instances that are missing.
NO_STUDY = 0
MISSING = "claimed, but not in the export"


@dataclass(frozen=True)
class Counted:
    """What an export folder holds: DICOM files, and files that are not DICOM at all."""

    instances: int
    foreign: int


@dataclass(frozen=True, repr=False)
class _Looked:
    file: SourceFile
    study_uid: str
    size: int
    foreign: bool


def count(root: Path, landing: Path, *, limit: int) -> Counted:
    """Count what an export holds: its claim, when its holder makes none."""
    looked = [_look(file) for file in gather(root, landing, limit=limit)]
    foreign = sum(one.foreign for one in looked)
    return Counted(len(looked) - foreign, foreign)


def enroll(ledger: Ledger, export: Export, landing: Path, *, limit: int, run: str) -> None:
    """Enter every file of an export in the ledger, numbered by study; again changes nothing.

    Files that cannot even be opened get their outcome here; instances that the export claims and
    does not hold become `UNAVAILABLE`.

    Raises:
        ExportRefusedError: If there are more instances than the export claims.
        SourceError: If the export cannot be read.
    """
    looked = [_look(file) for file in gather(Path(export.path), landing, limit=limit)]
    found = sum(not one.foreign for one in looked)
    if found > export.claimed:
        message = (
            f"the export claims {export.claimed} instances and holds {found}; "
            "correct the claim, or find out what else was exported"
        )
        raise ExportRefusedError(message)
    missing = [_missing(number) for number in range(export.claimed - found)]
    ledger.enroll(export.id, [*_numbered(looked), *missing])
    _record_faults(ledger, export.id, looked, run=run)


def _look(file: SourceFile) -> _Looked:
    if file.fault is not None:
        return _Looked(file, "", 0, foreign=False)
    try:
        with file.path.open("rb") as reader:
            size = reader.seek(0, 2)
            reader.seek(0)
            header = parse(reader).header
    except UnreadableError as error:
        return _Looked(file, "", size, foreign=error.reason is Reason.NOT_DICOM)
    except OSError:
        # It vanished or cannot be read: whoever walks it says which.
        return _Looked(file, "", 0, foreign=False)
    return _Looked(file, value_of(header, STUDY_INSTANCE_UID), size, foreign=False)


def _numbered(looked: list[_Looked]) -> Iterator[NewItem]:
    numbers: dict[str, int] = {"": NO_STUDY}
    for one in looked:
        number = numbers.setdefault(one.study_uid, len(numbers))
        yield NewItem(one.file.name, number, one.size)


def _missing(number: int) -> NewItem:
    return NewItem(f"\0missing {number}", NO_STUDY, 0)


def is_missing(name: str) -> bool:
    """Tell whether an enrolled file stands for an instance that the export lacks."""
    return name.startswith("\0missing ")


def _record_faults(ledger: Ledger, export_id: str, looked: list[_Looked], *, run: str) -> None:
    faults = {one.file.name: one.file.fault for one in looked if one.file.fault is not None}
    endings = []
    for item in ledger.items(export_id, NO_STUDY):
        if is_missing(item.path):
            endings.append(Ending(item.id, Outcome.UNAVAILABLE, MISSING))
        elif fault := faults.get(item.path):
            endings.append(Ending(item.id, Outcome.UNREADABLE, fault))
    ledger.record(*endings, run=run)
