"""The report of a run over a folder: a private list of files, and three forms that name none."""

import csv
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from catalog.csv_cells import harmless
from catalog.outcome import Outcome
from deid.report import InstanceReport, RunReport
from deid.report_page import page
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.files.spool import local_trouble
from flows.offline.lines import Line

_MOST_STOPPED = 500


def write_report(lines: Iterable[Line], path: Path) -> None:
    """Write which file became what, as CSV; readable by its owner only, since it maps names."""
    with _private(path, errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(("number", "source", "target", "outcome", "reason", "boxes_blanked"))
        for line in lines:
            names = harmless(line.source), harmless(line.target)
            writer.writerow((line.number, *names, line.outcome, line.reason, line.boxes))


def _private(path: Path, *, errors: str = "strict") -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", newline="", encoding="utf-8", errors=errors)


class Reporter:
    """Gathers what is told of each file, and writes it; a context.

    Args of the constructor:
        path: Of the private list; the other forms lie beside it. None: nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.run = RunReport()
        self._stopped: list[dict[str, Any]] = []
        self._lines: IO[str] | None = None
        self._open = ExitStack()

    @property
    def others(self) -> tuple[Path, ...]:
        """Give the forms that name no file: a page, the run and its instances."""
        if self.path is None:
            return ()
        return tuple(self.path.with_suffix(suffix) for suffix in (".html", ".json", ".jsonl"))

    @property
    def _partial(self) -> Path:
        """Where the list of instances is written until the run is over: an older one stays."""
        instances = self.others[2]
        return instances.with_name(f".{instances.name}.partial")

    def __enter__(self) -> Self:
        """Begin the list of instances."""
        if self.path is not None:
            try:
                self._lines = self._open.enter_context(_private(self._partial))
            except OSError:
                message = "the report cannot be written there; check the folder of --report"
                raise SourceError(message) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; of a run that did not come to its end, nothing is left."""
        self._open.__exit__(kind, error, trace)
        if self.path is not None:
            self._partial.unlink(missing_ok=True)

    def add(self, report: InstanceReport) -> None:
        """Add one instance."""
        self.run.add(report)
        told = report.as_json()
        if self._lines is not None:
            try:
                self._lines.write(json.dumps(told) + "\n")
            except OSError as error:
                raise local_trouble(error) from None
        if report.outcome != Outcome.ADMITTED and len(self._stopped) < _MOST_STOPPED:
            self._stopped.append(told)

    def finish(
        self,
        lines: Iterable[Line],
        deidentifier: Deidentifier,
        *,
        mode: str,
        seconds: float,
        meanings: Mapping[Outcome, str],
    ) -> None:
        """Write what is told of the run as a whole."""
        if self.path is None:
            return
        versions = deidentifier.versions
        run = self.run.as_json(
            deidentifier.profile,
            mode=mode,
            key_version=versions.key_version,
            detector=versions.detector,
            seconds=seconds,
        )
        write_report(lines, self.path)
        html, summary, instances = self.others
        key = f"{self.path.name}, which is private, says which file has which number."
        with _private(html) as file:
            words = {outcome.value: meaning for outcome, meaning in meanings.items()}
            file.write(page(run, self._stopped, meanings=words, key=key))
        with _private(summary) as file:
            file.write(json.dumps(run, indent=1) + "\n")
        self._open.close()
        self._partial.replace(instances)
