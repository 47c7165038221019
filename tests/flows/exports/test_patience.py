"""A ledger that is away for a moment ends no run, and a dead run holds nothing."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Failed

from catalog.errors import ConflictError, DatabaseError
from catalog.ledgers.records import Export
from catalog.plans.records import Announced, Plan, PlanState, Waiting
from flows.errors import RetriableError, StudyError
from flows.exports import sharing
from flows.exports.asking import Asked
from flows.exports.bringing import Brought
from flows.exports.content import Content, Selection
from flows.exports.running import Run
from flows.exports.sharing import Quota, patiently, share_out
from flows.ingest import alive as living
from flows.ingest import janitor
from flows.ingest.alive import alive, is_alive
from flows.ingest.tried import Tried
from flows.sources.landing import Landing
from flows.sources.limits import Breaker
from flows.sources.pushes import Pushes
from flows.wiring import RegionParts
from tests.flows.conftest import DECISION
from tests.flows.making import four_views, put, registered
from tests.flows.sources.peers import Go
from tests.servers import free_ports

_ASKS = """
import sys
from pathlib import Path
from flows.ingest.alive import is_alive
print("asks", flush=True)
while True:
    is_alive(Path(sys.argv[1]), "run")
"""


class Away:
    """A ledger that does not answer so often."""

    def __init__(self, times: int, error: type[Exception] = DatabaseError) -> None:
        self.left, self.error = times, error

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "answer"


def test_a_ledger_is_asked_again_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_PAUSE", 0.0)
    assert patiently(Away(3)) == "answer"
    with pytest.raises(ConflictError):
        patiently(Away(1, ConflictError))
    monkeypatch.setattr(sharing, "_SILENCE", 0.0)
    with pytest.raises(DatabaseError):
        patiently(Away(99))


@dataclass
class Trying:
    """A run that tries four studies, and what it was told of them."""

    run: Run
    export: Export
    ended: list[str] = field(default_factory=list)

    def share_out(self, how: Callable[[Waiting], str], quota: Quota) -> None:
        """Try studies one after another, each with no more to come of it than a word."""

        def begin(waiting: Waiting) -> Future[str]:
            future: Future[str] = Future()
            future.set_result(how(waiting))
            return future

        share_out(self.run, self.export, begin, self._end, at_a_time=1, quota=quota)

    def _end(self, _ordinal: int, word: str) -> bool:
        self.ended.append(word)
        return word == "settled"

    def later(self, waiting: Waiting) -> str:
        """Let a study be tried again at once."""
        announced, moment = self.run.parts.ledger.announced, datetime.now(UTC)
        announced.give_back(
            "e-1", waiting.ordinal, who="worker", why="away", due_at=moment, tried=True
        )
        return "later"

    def settled(self, waiting: Waiting) -> str:
        """Let a study be done."""
        announced = self.run.parts.ledger.announced
        announced.claim("e-1", waiting.ordinal, 0, who="worker")
        announced.settle("e-1", waiting.ordinal, who="worker")
        return "settled"


@pytest.fixture
def trying(region: RegionParts, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trying]:
    monkeypatch.setattr(sharing, "_PAUSE", 0.0)
    path = str(region.landing / "e-1" / "received")
    export = Export("e-1", "prov", path, 0, DECISION)
    region.ledger.register_export(export)
    region.ledger.announced.announce("e-1", [Announced(f"1.2.{one}") for one in range(4)])
    content = Content(selection=Selection(everything=True))
    plan = Plan("p-1", "prov", "pacs", DECISION, content.model_dump_json(), PlanState.ACTIVE, "Eva")
    source = Pushes(Landing(region.landing), (), 0.0, 0.0)
    asked = Asked(source, content.selection, (), nearline=False)

    def made(**more: Any) -> Trying:
        run = Run(region, plan, content, asked, Go(after=20), "worker", **more)
        return Trying(run, export)

    return made


def test_a_source_that_is_left_alone_uses_up_no_night(trying: Callable[..., Trying]) -> None:
    breaker = Breaker(1.0, 1, 3600.0)
    here = trying(rests=breaker.rests)

    def fails(waiting: Waiting) -> str:
        breaker.failed()
        return here.later(waiting)

    here.share_out(fails, Quota(4))
    assert here.ended == ["later"]


def test_a_try_that_came_to_nothing_uses_up_no_night(trying: Callable[..., Trying]) -> None:
    here, quota, tries = trying(), Quota(3), count()

    def flaky(waiting: Waiting) -> str:
        return here.settled(waiting) if next(tries) % 2 else here.later(waiting)

    here.share_out(flaky, quota)
    assert here.ended == ["later", "settled"] * 3
    assert (quota.spent, quota.leaves()) == (3, False)


def test_a_night_without_limit_ends_with_no_export(
    trying: Callable[..., Trying],
) -> None:
    here, quota = trying(), Quota(0, spent=7)
    here.share_out(here.settled, quota)
    assert here.ended == ["settled"] * 4


def test_only_what_failed_is_kept_of_a_run() -> None:
    tried, away = Tried(), StudyError("gone")
    assert not tried.add(1, Completed(data=Brought.LATER.value))
    assert tried.add(2, Failed(data=away))
    assert tried.add(3, Completed(data=Brought.SETTLED.value))
    assert (tried.number, list(tried.failed)) == (3, [2])
    assert tried.add(2, Completed(data=Brought.SETTLED.value))
    assert not tried.failed


def test_whoever_asks_whether_a_run_lives_does_not_keep_it_from_saying_so(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    words = [sys.executable, "-c", _ASKS, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()
        try:
            for _ in range(300):
                with alive(tmp_path, "run"):
                    assert is_alive(tmp_path, "run")
        finally:
            asking.kill()


def test_a_run_that_is_begun_twice_goes_on_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "_PATIENCE", 0.0)
    with alive(tmp_path, "run"):
        with pytest.raises(RetriableError, match="same already"), alive(tmp_path, "run"):
            pass
        assert is_alive(tmp_path, "run")
    assert is_alive(tmp_path, "run") is None
    with alive(tmp_path, "run"):
        assert is_alive(tmp_path, "run")


def test_who_is_gone_has_no_study(region: RegionParts, export_folder: Path) -> None:
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    announced = region.ledger.announced
    announced.announce(export.id, [Announced(f"1.2.3.{n}", "", "", 1) for n in (1, 2)])
    until = datetime.now(UTC) + timedelta(minutes=5)
    assert announced.lease(export.id, "living", until)
    assert announced.lease(export.id, "dead", until)
    with alive(region.landing, "living"):
        _sweep(region)
        assert announced.holders() == {"living"}
        assert announced.lease(export.id, "next", until)


def _sweep(parts: Any) -> None:
    """Let the janitor work where no Prefect answers."""
    (port,) = free_ports(1)
    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}),
        pytest.raises(StudyError, match="does not answer"),
    ):
        janitor.sweep(parts, datetime.now(UTC))
