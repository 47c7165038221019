"""An errand whose worker died is done again, and does nothing more; what was asked is checked."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from catalog.errands.records import ErrandKind, ErrandState, Taken
from catalog.errands.seal import seal
from catalog.plans.records import PlanState
from flows.errands.answering import Worker
from flows.errands.doing import LATER, Doer, do
from flows.errors import PlanError, SourceError, StudyError
from flows.keys.errands import errand_key
from flows.sources.definition import describe
from flows.wiring import RegionParts
from tests.console.conftest import decision
from tests.flows.sources.peers import Go
from tests.servers import free_ports

DICOM = {"kind": "DICOM", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
PLAN: dict[str, Any] = {"selection": {"accessions": ["SEPROV1"]}, "schedule": {"cron": ""}}
SAID = {"holder": "prov", "plan": PLAN, "decision": decision()}


@pytest.fixture
def doer(region: RegionParts) -> Iterator[Doer]:
    """The region without a Prefect server."""
    region.ledger.plans.set_source(describe("pacs", DICOM))
    (nowhere,) = free_ports(1)
    told = {PREFECT_API_URL: f"http://127.0.0.1:{nowhere}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(told):
        yield Doer(region, (), Go())


class Ask(Protocol):
    """Asks as the console does, and answers as the worker does."""

    def __call__(
        self, kind: ErrandKind, target: str, told: dict[str, Any], *, who: str = "eva"
    ) -> ErrandState: ...


@pytest.fixture
def ask(doer: Doer) -> Ask:
    worker = Worker(doer.parts, ())
    key = errand_key(doer.parts.keys.root).public_key()

    def asked(
        kind: ErrandKind, target: str, told: dict[str, Any], *, who: str = "eva"
    ) -> ErrandState:
        new = seal(key, told, kind=kind, target=target, who=who)
        doer.parts.ledger.errands.ask(new)
        worker.answer_all()
        return doer.parts.ledger.errands.get(new.id).state

    return asked


def errand(kind: ErrandKind, target: str = "") -> Taken:
    return Taken("5f0c9a1e" * 4, kind, target, "eva", b"", "w", 1)


def test_a_plan_that_is_entered_twice_is_one(doer: Doer) -> None:
    asked = errand(ErrandKind.SCHEDULE, "pacs")
    first, again = do(doer, asked, SAID), do(doer, asked, SAID)
    assert first == again == {"plan": "p-5f0c9a1e", "note": LATER}
    (plan,) = doer.parts.ledger.plans.all()
    assert (plan.id, plan.who, plan.holder_id) == ("p-5f0c9a1e", "eva", "prov")


def test_a_run_needs_a_server_and_a_plan_that_is_active(doer: Doer) -> None:
    plan = str(do(doer, errand(ErrandKind.SCHEDULE, "pacs"), SAID)["plan"])
    with pytest.raises(StudyError, match="does not answer"):
        do(doer, errand(ErrandKind.RUN, plan), {})
    do(doer, errand(ErrandKind.PAUSE, plan), {})
    with pytest.raises(PlanError, match="PAUSED"):
        do(doer, errand(ErrandKind.RUN, plan), {})
    assert doer.parts.ledger.plans.get(plan).state is PlanState.PAUSED


def test_every_kind_refuses_what_it_does_not_know(doer: Doer) -> None:
    for kind in ErrandKind:
        with pytest.raises(PlanError, match="not what such an errand says"):
            do(doer, errand(kind, "pacs"), {"odd": 1})


def test_a_sender_of_another_source_is_refused_here_too(doer: Doer) -> None:
    told = {"definition": {"kind": "PUSHED", "calling": ["PACS1"]}}
    do(doer, errand(ErrandKind.SOURCE_ADD, "pushes"), told)
    with pytest.raises(SourceError, match="another source"):
        do(doer, errand(ErrandKind.SOURCE_ADD, "others"), told)
    assert {one.name for one in doer.parts.ledger.plans.sources()} == {"pacs", "pushes"}


def test_what_is_pushed_is_previewed_as_it_waits(doer: Doer) -> None:
    told = {"definition": {"kind": "PUSHED", "calling": ["PACS1"]}}
    do(doer, errand(ErrandKind.SOURCE_ADD, "pushes"), told)
    plan = {"selection": {"everything": True}, "schedule": {"cron": ""}}
    answer = do(doer, errand(ErrandKind.PREVIEW, "pushes"), {"plan": plan})
    assert [(step["name"], step["ok"]) for step in answer["steps"]] == [("receiver", False)]


def test_a_stop_waits_for_no_pacs(region: RegionParts, tmp_path: Path) -> None:
    from threading import Thread

    worker = Worker(region, ())
    errands, public = region.ledger.errands, errand_key(region.keys.root).public_key()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = {**DICOM, "port": silent.getsockname()[1]}
        region.ledger.plans.set_source(describe("silent", told))
        asked = [
            seal(public, {}, kind=kind, target=target, who="eva")
            for kind, target in ((ErrandKind.SOURCE_TEST, "silent"), (ErrandKind.STOP, ""))
        ]
        for one in asked:
            errands.ask(one)
        thread = Thread(target=worker.watch)
        thread.start()
        try:
            while errands.get(asked[1].id).state is not ErrandState.DONE:
                assert thread.is_alive()
                thread.join(0.1)
            while errands.get(asked[0].id).state is ErrandState.ASKED:
                thread.join(0.1)
            assert errands.get(asked[0].id).state is ErrandState.TAKEN
            assert (region.landing / "STOP").exists()
        finally:
            silent.close()
            worker.ending.set()
            thread.join(120)
    found = errands.get(asked[0].id)
    assert (found.state, found.answer and found.answer["ok"]) == (ErrandState.DONE, False)


def test_another_s_pushes_are_not_claimed_through_the_console(doer: Doer) -> None:
    """One who has only the console would bring another holder's women in under his own plan."""
    ledger = doer.parts.ledger
    ledger.plans.set_source(describe("pushes", {"kind": "PUSHED", "calling": ["PACS1"]}))
    told = {"definition": {"kind": "PUSHED", "calling": ["X", "PACS1"]}}
    with pytest.raises(SourceError, match="another source"):
        do(doer, errand(ErrandKind.SOURCE_ADD, "mine"), told)


def test_who_entered_a_source_changes_it_and_nobody_else(doer: Doer, ask: Ask) -> None:
    """A preview that Eva asks next would go, with her accession numbers, where another says."""
    elsewhere = {"definition": {**DICOM, "host": "elsewhere.example"}}
    assert ask(ErrandKind.SOURCE_ADD, "hers", {"definition": DICOM}) is ErrandState.DONE
    assert ask(ErrandKind.SOURCE_ADD, "hers", elsewhere, who="adam") is ErrandState.FAILED
    assert ask(ErrandKind.SOURCE_ADD, "pacs", elsewhere) is ErrandState.FAILED
    assert "elsewhere" not in doer.parts.ledger.plans.source("hers").settings
    assert ask(ErrandKind.SOURCE_ADD, "hers", elsewhere) is ErrandState.DONE
    assert "elsewhere" in doer.parts.ledger.plans.source("hers").settings


def test_a_source_is_not_waited_for_without_end(doer: Doer) -> None:
    told = {"definition": {**DICOM, "answer_seconds": 86400}}
    with pytest.raises(SourceError, match="600 s "):
        do(doer, errand(ErrandKind.SOURCE_ADD, "slow"), told)


def test_a_stop_comes_before_all_that_was_asked_earlier(region: RegionParts) -> None:
    key = errand_key(region.keys.root).public_key()
    asked = (ErrandKind.TRACE, ErrandKind.STOP, ErrandKind.PAUSE, ErrandKind.GO)
    for kind in asked:
        region.ledger.errands.ask(seal(key, {}, kind=kind, target="", who="eva"))
    assert region.ledger.errands.waiting("eva") == len(asked)
    until, taken = datetime.now(UTC) + timedelta(minutes=1), []
    while (one := region.ledger.errands.take("w", until, frozenset(ErrandKind))) is not None:
        taken.append(one.kind)
    assert taken == [ErrandKind.STOP, ErrandKind.GO, ErrandKind.TRACE, ErrandKind.PAUSE]
