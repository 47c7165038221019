"""Work on many files at a time, in processes: reading headers is Python, and threads share one.

The processes end with the one that started them, however it ends.
"""

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deid.errors import ProfileError
from flows import log
from flows.deidentifier import Deidentifier
from flows.errors import StudyError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Job = TypeVar("Job")
Result = TypeVar("Result")
Work = Callable[[Deidentifier, Job], Result]

#: A process takes a second to start, so one more is worth it for so many files only.
FILES_PER_PROCESS = 16
_MOST_BY_DEFAULT = 8
_AHEAD = 3

_mine: list[Deidentifier | ProfileError] = []


def processors() -> int:
    """Count the processors this program may use, up to a default that spares memory."""
    return min(len(os.sched_getaffinity(0)), _MOST_BY_DEFAULT)


class Workers:
    """Processes that each hold a Deidentifier; with a count of one, this process itself."""

    def __init__(self, deidentifier: Deidentifier, count: int) -> None:
        self._deidentifier = deidentifier
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._others: frozenset[BaseProcess] = frozenset()

    def __enter__(self) -> Self:
        """Start them."""
        if self._count > 1:
            self._others = frozenset(active_children())
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=get_context("spawn"),
                initializer=_begin,
                initargs=(pickle.dumps(self._deidentifier),),
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End them; if something stopped the run, at once, and what they were doing is lost."""
        if self._pool is None:
            return
        if kind is not None:
            for process in frozenset(active_children()) - self._others:
                process.kill()
        self._pool.shutdown(cancel_futures=True)

    def each(
        self, work: Work[Job, Result], jobs: Iterable[Job], *, together: int = 1
    ) -> Iterator[Result]:
        """Do the same work on every job; results come as they are done, in any order.

        Args:
            work: What to do; a function of a module.
            jobs: What to do it with.
            together: How many jobs a process is handed at a time; more where each is short.

        Raises:
            StudyError: A process was ended from outside.
        """
        if self._pool is None:
            return (work(self._deidentifier, job) for job in jobs)
        return self._spread(self._pool, work, iter(jobs), together)

    def _spread(
        self,
        pool: ProcessPoolExecutor,
        work: Work[Job, Result],
        jobs: Iterator[Job],
        together: int,
    ) -> Iterator[Result]:
        handfuls = iter(lambda: list(islice(jobs, together)), [])

        def more(number: int) -> set[Future[list[Result]]]:
            return {_submit(pool, work, some) for some in islice(handfuls, number)}

        try:
            running = more(self._count * _AHEAD)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= more(len(done))
                for future in done:
                    yield from future.result()
        except BrokenProcessPool:
            message = (
                "a worker process was ended from outside, most often for want of memory; "
                "run it again with fewer --workers"
            )
            raise StudyError(message) from None


def _submit(pool: ProcessPoolExecutor, work: Work[Job, Result], some: list[Job]) -> Future[Any]:
    """Hand jobs to the pool, which may start a process: it inherits that Ctrl-C is not for it."""
    resource_tracker.ensure_running()  # what starts it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_do, work, some)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(handed: bytes) -> None:
    """Make a new process ready: quiet, and not outliving its parent."""
    log.configure()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    try:
        _mine[:] = [pickle.loads(handed)]  # noqa: S301  # from our own parent
    except ProfileError as error:  # said by the first job, as a process may not fail to begin
        _mine[:] = [error]


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _do(work: Callable[[Deidentifier, Any], Result], jobs: list[Any]) -> list[Result]:
    (mine,) = _mine
    if isinstance(mine, ProfileError):
        raise mine
    return [work(mine, job) for job in jobs]
