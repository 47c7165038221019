"""De-identify a folder with no server: what an ingest would do, tried on one machine.

Names in the target are the source's, except for components in which an identifier is found: those
become a keyed token. What is not released is absent from the target, and named in the report.
"""

import csv
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from catalog.outcome import Outcome
from deid.deidentify import identity
from deid.errors import DeidError
from deid.identifiers import Identifiers, harvest, together
from deid.source import Parsed, parse
from deid.spelling import Needle, Reach, fold, stands_in
from deid.values import value_of
from flows.admit import Admitted, admit, checked
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError, SourceError
from flows.original import Original
from flows.sources import DIVIDER, SourceFile, gather
from flows.spool import local_trouble
from flows.verdict import OUTCOMES, STUDY_INSTANCE_UID, TWO_PATIENTS

LIMIT = 1 << 40
MEANINGS = {
    Outcome.ADMITTED: "clean, in DST",
    Outcome.REFUSED: "a rule says it may not pass",
    Outcome.UNREADABLE: "not a whole DICOM object",
    Outcome.SUSPECT: "could not be proven clean",
    Outcome.UNAVAILABLE: "listed, but not to be had",
}
#: Identity numbers in a name, whoever they belong to: six or eight digits, a sign, four digits.
NUMBER = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ _]?\d{4}(?!\d)")


@dataclass(frozen=True, repr=False)
class Line:
    """One line of the report; it maps names, so the report is for the source's owner only."""

    source: str
    target: str
    outcome: Outcome
    reason: str
    boxes: int = 0


@dataclass(repr=False)
class Known:
    """What the headers of a whole folder say, before any file is written."""

    identifiers: list[Identifiers] = field(default_factory=list)
    studies: dict[str, str] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    hers: dict[str, list[Identifiers]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, parsed: Parsed) -> None:
        """Add one file's header."""
        found = harvest(parsed)
        study = value_of(parsed.header, STUDY_INSTANCE_UID) or name
        self.identifiers.append(found)
        self.studies[name] = study
        self.hers[study].append(found)
        self.people[study].add(identity(parsed))

    @cached_property
    def needles(self) -> frozenset[Needle]:
        """Every spelling of every identifier in the folder."""
        every = (needle for found in self.identifiers for needle in found.needles)
        return frozenset(needle for needle in every if Reach.TEXT in needle.reach)

    @cached_property
    def uids(self) -> frozenset[str]:
        """Every original UID in the folder."""
        return frozenset(uid for found in self.identifiers for uid in found.uids)

    def identifies(self, component: str) -> bool:
        """Tell whether a part of a name says who it is about, or cannot be read."""
        if not component.isprintable():  # bytes of no encoding: could not check is not clean
            return True
        text = fold(component)
        return (
            NUMBER.search(text) is not None
            or any(uid in text for uid in self.uids)
            or any(stands_in(needle, text) for needle in self.needles)
        )

    def several(self, name: str) -> bool:
        """Tell whether a file's study names more than one person."""
        return len(self.people[self.studies.get(name, name)]) > 1

    def of_her(self, name: str) -> list[Identifiers]:
        """Give the identifiers of all files of a file's study."""
        return self.hers[self.studies.get(name, name)]


def deidentify_folder(
    source: Path,
    target: Path,
    deidentifier: Deidentifier,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[Line, ...]:
    """De-identify every file below `source` into `target`, which must be empty or absent.

    Raises:
        SourceError: If the source cannot be read, or the target is not empty.
    """
    _make_target(source, target)
    # Beside the target, so that a clean file is moved there in one step, and meets no name there.
    landing = Path(tempfile.mkdtemp(prefix=".mammo-deid-", dir=target.resolve().parent))
    try:
        files = list(gather(source, landing, limit=LIMIT))
        known = _look(files)
        run = _Run(known, target, landing, deidentifier)
        lines = []
        with ThreadPoolExecutor(workers, "deid") as pool:
            for line in pool.map(run.one, files):
                lines.append(line)
                progress(len(lines), len(files))
        return tuple(lines)
    finally:
        shutil.rmtree(landing, ignore_errors=True)


def write_report(lines: Iterable[Line], path: Path) -> None:
    """Write the report as CSV, readable by its owner only, since it maps names."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "target", "outcome", "reason", "boxes_blanked"))
        writer.writerows((x.source, x.target, x.outcome, x.reason, x.boxes) for x in lines)


def tally(lines: Iterable[Line]) -> Counter[Outcome]:
    """Count the lines of a report by outcome."""
    return Counter(line.outcome for line in lines)


def _make_target(source: Path, target: Path) -> None:
    if target.resolve().is_relative_to(source.resolve()):
        message = "the target lies inside the source; choose another"
        raise SourceError(message)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = "the target is not an empty folder; choose another, or empty it"
        raise SourceError(message)
    target.mkdir(parents=True, exist_ok=True)


def _look(files: list[SourceFile]) -> Known:
    """Read all headers first: a folder's name is judged by all the people in the export."""
    known = Known()
    for file in files:
        if file.fault is not None:
            continue
        try:
            with Original(file.path) as original, checked():
                known.add(file.name, parse(original.reader))
        except (DeidError, OriginalError):
            continue
    return known


@dataclass(frozen=True, repr=False)
class _Run:
    known: Known
    target: Path
    landing: Path
    deidentifier: Deidentifier

    def one(self, file: SourceFile) -> Line:
        """Bring one file to its outcome."""
        shown = "/".join(file.parts)
        if file.fault is not None:
            return Line(shown, "", Outcome.UNREADABLE, file.fault)
        if self.known.several(file.name):
            return Line(shown, "", Outcome.REFUSED, TWO_PATIENTS)
        partial = self.landing / f"{secrets.token_hex(8)}.dcm"
        try:
            admitted = self._admitted(file, partial)
        except DeidError as error:
            partial.unlink(missing_ok=True)
            return Line(shown, "", OUTCOMES[type(error)], error.reason.value)
        except OriginalError as error:
            return Line(shown, "", Outcome.UNAVAILABLE, str(error))
        relative = self._put(partial, file.parts)
        return Line(shown, relative, Outcome.ADMITTED, "", len(admitted.boxes))

    def _admitted(self, file: SourceFile, partial: Path) -> Admitted:
        with Original(file.path) as original:
            with checked():
                parsed = parse(original.reader)
                identifiers = together(harvest(parsed), self.known.of_her(file.name))
            return admit(
                original.reader,
                parsed,
                partial,
                deidentifier=self.deidentifier,
                identifiers=identifiers,
            )

    def _put(self, partial: Path, parts: tuple[str, ...]) -> str:
        """Move a clean file to where its name, as far as it may be told, belongs.

        A name that is taken, too long, or leads elsewhere becomes a token.
        """
        told = "/".join(self._told(part) for part in parts)
        spare = f"{self.deidentifier.keys.name(DIVIDER.join(parts))}.dcm"
        for relative in (told, spare):
            path = self.target / relative
            if not path.resolve().is_relative_to(self.target.resolve()):
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.link(partial, path)  # unlike rename, never over another file
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                    raise local_trouble(error) from None
                continue
            partial.unlink()
            return relative
        message = "a clean file could not be put into the target"
        raise SourceError(message)

    def _told(self, component: str) -> str:
        if not self.known.identifies(component):
            return component
        suffix = Path(component).suffix
        kept = suffix if suffix.lower() in {".dcm", ".dicom", ".zip", ".ima"} else ""
        return self.deidentifier.keys.name(component) + kept
