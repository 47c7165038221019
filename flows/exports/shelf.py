"""The exports that a plan takes from a watched folder: those that are complete and are new.

An export is known by where it lies, whoever ingested it. What lies there is never named.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Export
from catalog.plans.records import Plan
from flows import log
from flows.errors import SourceError
from flows.exports.disclosure import require_decision
from flows.exports.registry import register_decided
from flows.sources.folder.exports import ExportFolder, State
from flows.sources.folder.lying import Lying
from flows.sources.source import Stop
from flows.wiring import RegionParts

CAME_IN = "came in before"
CHANGED = "changed after they came in: put what is new into a new folder"
UNFINISHED = "begun, and not finished"
TAKEN = "taken"
EMPTY = "hold no DICOM files"
LEFT = "left for another run"


@dataclass
class Row:
    """How much of a folder is in one state."""

    exports: int = 0
    files: int = 0
    bytes: int = 0


def look_through(ledger: Ledger, folder: ExportFolder) -> dict[str, Row]:
    """Count a folder's exports by their state, and read nothing but names and sizes.

    Raises:
        SourceAwayError: The folder does not answer.
        SourceRefusedError: It may not be read.
    """
    known, rows = _known(ledger), dict[str, Row]()
    for path in folder.paths():
        seen = folder.look(path)
        export = known.get(str(path))
        if export is not None:
            word = _standing(ledger, export, seen)
        else:
            found = folder.judge(seen, _Never(), wait=False)
            word = f"{found.state.value}: {found.why}" if found.why else found.state.value
        row = rows.setdefault(word, Row())
        row.exports += 1
        row.files += len(seen.files)
        row.bytes += seen.bytes
    return rows


@dataclass
class Shelf:
    """One run through a plan's folder.

    Attributes:
        counts: How many exports were found in which state.
    """

    parts: RegionParts
    plan: Plan
    folder: ExportFolder
    stop: Stop
    counts: Counter[str] = field(default_factory=Counter)

    def take(self) -> Iterator[str]:
        """Give the ids of exports to ingest: first those that were begun, then new ones.

        Each is registered when it is given. What is not as it is said to be is counted only.

        Raises:
            ExportRefusedError: The plan's decision is over, or its holder unknown.
            SourceAwayError: The folder does not answer.
            RetriableError: A database or the disk did not answer.
        """
        require_decision(self.plan.decision, today=datetime.now(UTC).date())
        known = _known(self.parts.ledger)
        seen = [self.folder.look(path) for path in self.folder.paths()]
        yield from self._begun(seen, known)
        for one in seen:
            if str(one.path) in known:
                continue
            export_id = "" if self.stop.reason() else self._registered(one)
            self.counts[LEFT] += bool(self.stop.reason() and not export_id)
            if export_id:
                yield export_id

    @property
    def told(self) -> str:
        """Say what was found, in one line."""
        said = ", ".join(f"{number} {word}" for word, number in self.counts.items() if number)
        return f"exports in the folder: {said or 'none'}"

    def _begun(self, seen: list[Lying], known: dict[str, Export]) -> Iterator[str]:
        for one in seen:
            export = known.get(str(one.path))
            if export is None:
                continue
            word = _standing(self.parts.ledger, export, one)
            self.counts[word] += 1
            if word == UNFINISHED and not self.stop.reason():
                yield export.id

    def _registered(self, seen: Lying) -> str:
        """Register an export that may be taken, and give its id; empty if it may not."""
        found = self.folder.judge(seen, self.stop)
        if found.state is not State.READY:
            self.counts[f"{found.state.value} ({found.why})"] += 1
            return ""
        try:
            export_id = register_decided(
                self.parts,
                self.plan.holder_id,
                found.path,
                self.plan.decision,
                absent=found.absent,
            )
        except SourceError:
            self.counts[EMPTY] += 1
            return ""
        self.counts[f"{TAKEN} ({found.why})" if found.why else TAKEN] += 1
        log.get().info("export found", export=export_id, count=found.files, reason=found.why)
        return export_id


def _known(ledger: Ledger) -> dict[str, Export]:
    """Give every export by where it lies; of several the newest."""
    return {export.path: export for export in reversed(ledger.exports())}


def _standing(ledger: Ledger, export: Export, seen: Lying) -> str:
    progress = ledger.progress(export.id)
    if not progress.items or progress.done < progress.items:
        return UNFINISHED
    if seen.changed > ledger.registered_at(export.id).timestamp():
        return CHANGED
    return CAME_IN


class _Never:
    def reason(self) -> str:
        return ""
