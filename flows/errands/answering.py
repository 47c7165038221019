"""The region's worker of errands: takes one after the other, does it, and answers.

Several may run: each errand is leased to one of them. What is quick is done in the order in which
it was asked for; what waits for a PACS is done beside it, so that a stop never waits for that.
"""

import json
import os
import secrets
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from catalog.errands.errands import Errands
from catalog.errands.records import ErrandKind, ErrandState, Taken
from catalog.errands.seal import unseal
from catalog.errors import CatalogError, ConflictError, RetriableError
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

    @property
    def _errands(self) -> Errands:
        return self.parts.ledger.errands

    def watch(self) -> None:
        """Answer until `ending` is set; a database that does not answer is waited for."""
        under_way: dict[Future[None], Taken] = {}
        tidied = -TIDIED
        with ThreadPoolExecutor(max_workers=AT_A_TIME, thread_name_prefix="errand") as pool:
            while not self.ending.is_set():
                under_way = {one: of for one, of in under_way.items() if not one.done()}
                try:
                    if time.monotonic() - tidied >= TIDIED:
                        tidied = time.monotonic()
                        self._tidy(list(under_way.values()))
                    went = self._step(pool, under_way)
                except RetriableError as error:
                    log.get().warning("failed", part="errands", error=str(error))
                    went = False
                if not went:
                    self.ending.wait(PAUSE)

    def answer_all(self) -> int:
        """Answer all that waits, one after the other, and count it."""
        self._tidy([])
        count = 0
        while (taken := self._take(QUICK | SLOW)) is not None:
            self._answer(taken)
            count += 1
        return count

    def _step(self, pool: ThreadPoolExecutor, under_way: dict[Future[None], Taken]) -> bool:
        """Take up what waits; tell whether there was anything."""
        taken = self._take(QUICK)
        if taken is not None:
            self._answer(taken)
            return True
        if len(under_way) < AT_A_TIME and (taken := self._take(SLOW)) is not None:
            under_way[pool.submit(self._answer, taken)] = taken
            return True
        return False

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
