"""De-identify a folder with no server: what an ingest would do, tried on one machine.

Names in the target are the source's, except for components in which an identifier is found: those
become a keyed token. What is not released is absent from the target, and named in the report.
"""

import csv
import hmac
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from catalog.outcome import Outcome
from deid.deidentify import identity
from deid.errors import DeidError
from deid.identifiers import Identifiers, harvest
from deid.source import parse
from deid.spelling import Needle, Reach, fold, stands_in
from deid.values import value_of
from flows.admit import admit
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.keys import subkey, token
from flows.sources import MEMBER_MARK, SourceFile, gather
from flows.study import GONE, OUTCOMES, TWO_PATIENTS

STUDY_INSTANCE_UID = 0x0020000D
LIMIT = 1 << 40
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

    identifiers: dict[str, Identifiers] = field(default_factory=dict)
    persons: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    studies: dict[str, str] = field(default_factory=dict)

    @cached_property
    def needles(self) -> frozenset[Needle]:
        """Every spelling of every identifier in the folder."""
        every = (found.needles for found in self.identifiers.values())
        return frozenset(needle for needles in every for needle in needles)

    @cached_property
    def uids(self) -> frozenset[str]:
        """Every original UID in the folder."""
        return frozenset(uid for found in self.identifiers.values() for uid in found.uids)

    def identifies(self, component: str) -> bool:
        """Tell whether a part of a name says who it is about."""
        text = fold(component)
        return (
            NUMBER.search(text) is not None
            or any(uid in text for uid in self.uids)
            or any(stands_in(needle, text) for needle in self.needles if Reach.TEXT in needle.reach)
        )

    def two_patients(self, name: str) -> bool:
        """Tell whether a file's study names more than one patient."""
        return len(self.persons[self.studies.get(name, name)]) > 1


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
    landing = target / ".landing"
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
        try:
            with file.path.open("rb") as reader:
                parsed = parse(reader)
            known.identifiers[file.name] = harvest(parsed)
            study = value_of(parsed.header, STUDY_INSTANCE_UID) or file.name
            known.studies[file.name] = study
            known.persons[study].add(identity(parsed))
        except (DeidError, OSError):
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
        if file.fault is not None:
            return Line(file.name, "", Outcome.UNREADABLE, file.fault)
        if self.known.two_patients(file.name):
            return Line(file.name, "", Outcome.REFUSED, TWO_PATIENTS)
        relative = "/".join(self._components(file.name))
        path = self.target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        try:
            with file.path.open("rb") as reader:
                parsed = parse(reader)
                admitted = admit(
                    reader,
                    parsed,
                    partial,
                    deidentifier=self.deidentifier,
                    identifiers=self.known.identifiers.get(file.name) or harvest(parsed),
                )
        except DeidError as error:
            partial.unlink(missing_ok=True)
            return Line(file.name, "", OUTCOMES[type(error)], error.reason.value)
        except FileNotFoundError:
            return Line(file.name, "", Outcome.UNAVAILABLE, GONE)
        partial.rename(path)
        return Line(file.name, relative, Outcome.ADMITTED, "", len(admitted.boxes))

    def _components(self, name: str) -> Iterator[str]:
        for component in name.replace(MEMBER_MARK, "/").split("/"):
            yield self._token(component) if self.known.identifies(component) else component

    def _token(self, component: str) -> str:
        key = subkey(self.deidentifier.keys.roots["region"], "names")
        message = component.encode("utf-8", "surrogateescape")
        suffix = Path(component).suffix
        kept = suffix if suffix.lower() in {".dcm", ".dicom", ".zip", ".ima"} else ""
        return token(hmac.digest(key, message, "sha256")) + kept
