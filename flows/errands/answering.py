"""The region's worker of errands: takes one after the other, does it, and answers.

Several may run: each errand is leased to one of them. What is quick is done in the order in which
it was asked for; what waits for a PACS is done beside it, so that a stop never waits for that.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from catalog.errands.errands import Errands
from catalog.errands.records import ErrandKind, ErrandState, Taken
from catalog.errands.seal import unseal
from catalog.errors import CatalogError, ConflictError
from flows import log
from flows.errands.doing import Answer, Doer, do
from flows.errors import FlowsError
from flows.keys.errands import errand_key
from flows.silence import silenced
from flows.wiring import RegionParts

SLOW = frozenset({ErrandKind.SOURCE_TEST, ErrandKind.PREVIEW})
QUICK = frozenset(ErrandKind) - SLOW
LEASE = timedelta(minutes=10)
#: An answer is read at once or asked for again; that it was asked for stays on record.
KEPT = timedelta(days=1)
AT_A_TIME = 2  # of the slow ones
PAUSE = 0.5  # seconds between looks
REST = 2.0  # seconds after a database that could not be used
TIDIED = 60.0  # seconds between looks at leases and at what is over
LONGEST = 900.0  # seconds that a question to a source may take
ENDING = "the worker was stopped; ask again"
TOO_LONG = "it took longer than 15 minutes; ask for fewer days"


@dataclass(frozen=True)
class _Patience:
    ending: Event
    until: float

    def reason(self) -> str:
        if self.ending.is_set():
            return ENDING
        return TOO_LONG if time.monotonic() >= self.until else ""


@dataclass(repr=False)
class Worker:
    """Answers errands of one region.

    Attributes:
        folders: Where files lie that a source may name.
        by: Whose leases they are.
    """

    parts: RegionParts
    folders: tuple[Path, ...]
    by: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    )
    ending: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Derive the key that opens what the console sealed."""
        self._key = errand_key(self.parts.keys.root)
        self._over = Event()  # one has ended: look at once

    @property
    def _errands(self) -> Errands:
        return self.parts.ledger.errands

    def watch(self) -> None:
        """Answer until `ending` is set; the log tells of a database that cannot be used for now.

        Raises:
            StudyError: Anything else went wrong; the log says what.
        """
        under_way: dict[Future[None], Taken] = {}
        tidied = -TIDIED
        pool = ThreadPoolExecutor(max_workers=1 + AT_A_TIME, thread_name_prefix="errand")
        with silenced("errands"), pool, self._at_last():
            while not self.ending.is_set():
                try:
                    for one in [one for one in under_way if one.done()]:
                        del under_way[one]
                        one.result()
                    if time.monotonic() - tidied >= TIDIED:
                        tidied = time.monotonic()
                        self._tidy(list(under_way.values()))
                    self._step(pool, under_way)
                except CatalogError as error:
                    log.get().warning("failed", part="errands", error=str(error))
                    self.ending.wait(REST)
                self._over.wait(PAUSE)
                self._over.clear()

    @contextmanager
    def _at_last(self) -> Iterator[None]:
        """However it ends, let what is slow hold nothing up."""
        try:
            yield
        finally:
            self.ending.set()

    def answer_all(self) -> int:
        """Answer all that waits, one after the other, and count it."""
        self._tidy([])
        count = 0
        while (taken := self._take(QUICK | SLOW)) is not None:
            self._answer(taken)
            count += 1
        return count

    def _step(self, pool: ThreadPoolExecutor, under_way: dict[Future[None], Taken]) -> None:
        """Take up what waits: one that is quick, and beside it some that are slow."""
        slow = sum(taken.kind in SLOW for taken in under_way.values())
        for kinds, free in (
            (QUICK, len(under_way) == slow),
            (SLOW, slow < AT_A_TIME),
        ):
            if free and (taken := self._take(kinds)) is not None:
                future = pool.submit(self._answer, taken)
                under_way[future] = taken
                future.add_done_callback(lambda _: self._over.set())

    def _take(self, kinds: frozenset[ErrandKind]) -> Taken | None:
        return self._errands.take(self.by, datetime.now(UTC) + LEASE, kinds)

    def _answer(self, taken: Taken) -> None:
        state, answer = self._done(taken)
        try:
            self._errands.end(taken, state, answer)
        except ConflictError:  # its lease was over: somebody else answers
            return
        except CatalogError as error:  # its lease will be over, and it is taken again
            log.get().warning("failed", part="errands", error=str(error))
            return
        log.get().info("answered", part=taken.kind.value, outcome=state.value)

    def _done(self, taken: Taken) -> tuple[ErrandState, Answer]:
        doer = Doer(self.parts, self.folders, _Patience(self.ending, time.monotonic() + LONGEST))
        try:
            with silenced("errand"):
                answer = do(doer, taken, unseal(self._key, taken))
                json.dumps(answer, allow_nan=False)  # what cannot be written fails here, told
                return ErrandState.DONE, answer
        except (FlowsError, CatalogError) as error:
            return ErrandState.FAILED, {"reason": str(error)}

    def _tidy(self, under_way: list[Taken]) -> None:
        for taken in under_way:
            try:
                self._errands.renew(taken, datetime.now(UTC) + LEASE)
            except ConflictError:
                continue
        self._errands.expire()
        self._errands.forget_answers(datetime.now(UTC) - KEPT)
