"""De-identify a folder with no server: what an ingest would do, on one machine.

Of the source's names only what is known to be harmless stays: other components become a keyed
token. What is not released is absent from the target, and named in the report.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from catalog.outcome import Outcome
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.offline.journal import Journal
from flows.offline.known import Known
from flows.offline.lines import Line, Step, Watch
from flows.offline.one_file import Done, Job, bring, ended, look_at
from flows.offline.places import NO_FILES, require_places
from flows.offline.resume import State
from flows.offline.target import Target, stamped
from flows.offline.workers import FILES_PER_PROCESS, Workers
from flows.sources.export_folder import MOST, SourceFile, gather, listing

_AS_ONE_MORE = 1 << 20
#: Headers are quick to read, so a process is handed some at a time.
_TOGETHER = 8
#: What a run is said to do while it writes clean files.
WRITING = "de-identify"


def deidentify_folder(
    source: Path,
    target: Path,
    deidentifier: Deidentifier,
    *,
    workers: int = 1,
    watch: Watch | None = None,
) -> tuple[Line, ...]:
    """De-identify every file below `source` into `target`, or go on with a run that was ended.

    Args:
        source: A folder, or a ZIP archive.
        target: Empty, absent, or what an earlier run with the same keys and profile has made.
        deidentifier: Rules and keys.
        workers: Most processes to use.
        watch: Who is told.

    Raises:
        SourceError: If the source cannot be read or is empty, or the target is somebody else's.
        DiskFullError: If the target's disk is full; the run can go on later.
    """
    require_places(source, target)
    with State(target, source, deidentifier) as state:
        stamps = dict(stamped(gather(source, state.landing, limit=MOST), source))
        files = _some(stamps)
        run = _Run(files, watch or Watch(), WRITING)
        with Workers(deidentifier, _enough(workers, sum(map(_work, files)))) as pool:
            _look(run, pool)
            run.deidentify(pool, Target(target, stamps, state, run.known, deidentifier))
        state.forget()
    return run.in_order()


def rehearse_folder(
    source: Path,
    deidentifier: Deidentifier,
    *,
    workers: int = 1,
    listed: bool = False,
    watch: Watch | None = None,
) -> tuple[Line, ...]:
    """Say what would become of every file; headers alone are read, and nothing is kept.

    Args:
        source: A folder, or a ZIP archive.
        deidentifier: Rules and keys.
        workers: Most processes to use.
        listed: Whether each file's report tells every attribute.
        watch: Who is told.

    Raises:
        SourceError: If the source cannot be read, or is empty.
    """
    with listing(source) as files:
        run = _Run(_some(files), watch or Watch(), "rehearse")
        with Workers(deidentifier, _enough(workers, len(files))) as pool:
            _look(run, pool)
            run.rehearse(pool, listed=listed)
    return run.in_order()


def _some(files: Iterable[SourceFile]) -> list[SourceFile]:
    """Give the files as a list, if there are any."""
    found = list(files)
    if not found:
        raise SourceError(NO_FILES)
    return found


def _enough(workers: int, work: int) -> int:
    """Use no more processes than are worth their start."""
    return max(1, min(workers, work // FILES_PER_PROCESS))


def _work(file: SourceFile) -> int:
    """Say how much work a file is, measured in small files: its pixels are looked at."""
    try:
        return 1 + file.path.stat().st_size // _AS_ONE_MORE
    except OSError:
        return 1


def _look(run: "_Run", pool: Workers) -> None:
    """Read all headers first: a folder's name is judged by all the people in the export."""
    run.show("read headers", 0)
    jobs = ((file.name, file.path) for file in run.files if file.fault is None)
    for number, (name, seen) in enumerate(pool.each(look_at, jobs, together=_TOGETHER), 1):
        if seen is not None:
            run.known.add(name, seen)
        run.show("read headers", number)


class _Run:
    """One run over a folder's files."""

    def __init__(self, files: list[SourceFile], watch: Watch, doing: str) -> None:
        self.files = files
        self._doing = doing
        self.known = Known()
        self._watch = watch
        self._lines: list[Line] = []
        self._outcomes: Counter[Outcome] = Counter()

    def in_order(self) -> tuple[Line, ...]:
        """Give each file's fate, in the order of the files."""
        return tuple(sorted(self._lines, key=lambda line: line.number))

    def rehearse(self, pool: Workers, *, listed: bool) -> None:
        """Say of every file what would become of it."""
        jobs = [self._job(number, file, listed=listed) for number, file in self._to_open()]
        self._stop()
        for done in pool.each(bring, jobs, together=_TOGETHER):
            self._end(done, "")

    def deidentify(self, pool: Workers, target: Target) -> None:
        """Bring every file to its outcome, but those that were done earlier."""
        journal = target.state.journal
        journal.check(partial(self.show, "check what is done"))
        to_open = list(self._to_open())
        target.settle(file for _, file in to_open)  # before anything is told, or done
        self._stop()
        left = [one for one in to_open if not self._done_earlier(*one, journal)]
        jobs = (self._job(number, file, target.state.partial(number)) for number, file in left)
        for done in pool.each(bring, jobs):
            self._end(done, target.take(self.files[done.number - 1], done))

    def _job(
        self, number: int, file: SourceFile, target: Path | None = None, *, listed: bool = False
    ) -> Job:
        hers, stamp = self.known.of_her(file.name), self.known.stamps.get(file.name)
        return Job(number, file.path, target, hers, stamp, listed=listed)

    def _to_open(self) -> Iterator[tuple[int, SourceFile]]:
        """Give the files that are to be opened."""
        for number, file in enumerate(self.files, 1):
            if self._ending(file) is None:
                yield number, file

    def _stop(self) -> None:
        """Say of the files that are not to be opened why not."""
        self.show(self._doing, 0)
        for number, file in enumerate(self.files, 1):
            if (ending := self._ending(file)) is not None:
                self._end(ended(number, *ending), "")

    def _ending(self, file: SourceFile) -> tuple[Outcome, str] | None:
        if file.fault is not None:
            return Outcome.UNREADABLE, file.fault
        return self.known.ending(file.name)

    def _done_earlier(self, number: int, file: SourceFile, journal: Journal) -> bool:
        kept = journal.kept(file.name)
        if kept is None:
            return False
        self._end(journal.done(kept, number), kept.target)
        return True

    def _end(self, done: Done, target: str) -> None:
        shown = "/".join(self.files[done.number - 1].parts)
        self._lines.append(Line(done.number, shown, target, done.outcome, done.reason, done.boxes))
        self._outcomes[done.outcome] += 1
        self._watch.told(done.report)
        self.show(self._doing, len(self._lines))

    def show(self, doing: str, done: int, total: int | None = None) -> None:
        """Tell how far the run has come."""
        total = len(self.files) if total is None else total
        self._watch.progress(Step(doing, done, total, self._outcomes))
