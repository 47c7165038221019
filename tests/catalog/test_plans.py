"""What administrators planned and sources announced is kept, shared out once, and sealed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, event, text

from catalog.database import _configuration, connect, migrate, reading, writing
from catalog.errors import CatalogError, ConflictError, NotFoundError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.plans.plans import Plans
from catalog.plans.records import (
    Announced,
    AnnouncedState,
    KnownSource,
    Plan,
    PlanState,
    SourceKind,
    WindowState,
)
from tests.catalog.test_ledger import DECISION, EXPORT, KEY
from tests.conftest import Databases

SOURCE = KnownSource("pacs-1", SourceKind.DICOM, '{"ae_title": "CANARYPACS"}')
PLAN = Plan(
    "plan-1", "vgr", "pacs-1", DECISION, '{"accessions": ["CANARY-1"]}', PlanState.ACTIVE, "Anna"
)
STUDIES = [Announced(f"1.2.826.0.4711.{n}", f"CANARY-{n}", "RIS", 4) for n in range(3)]
DAY = timedelta(days=1)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.register_export(replace(EXPORT, claimed=0))
    made.plans.set_source(SOURCE)
    made.plans.enter(PLAN)
    return made


def test_a_source_is_entered_changed_and_removed(ledger: Ledger) -> None:
    other = replace(SOURCE, settings='{"ae_title": "OTHER"}')
    assert not ledger.plans.set_source(other)
    assert ledger.plans.source("pacs-1").settings == other.settings
    with pytest.raises(ConflictError, match=Reason.OTHER_SOURCE.value):
        ledger.plans.set_source(replace(SOURCE, kind=SourceKind.FOLDER))
    with pytest.raises(ConflictError, match=Reason.SOURCE_IN_USE.value):
        ledger.plans.remove_source("pacs-1")
    assert ledger.plans.set_source(replace(SOURCE, name="pacs-2"))
    assert [one.name for one in ledger.plans.sources()] == ["pacs-1", "pacs-2"]
    ledger.plans.remove_source("pacs-2")
    for call in (ledger.plans.source, ledger.plans.remove_source):
        with pytest.raises(NotFoundError):
            call("pacs-2")


def test_a_plan_comes_back_as_entered(ledger: Ledger) -> None:
    found = ledger.plans.get("plan-1")
    assert (found.decision, found.content, found.who) == (DECISION, PLAN.content, "Anna")
    assert [one.id for one in ledger.plans.all()] == ["plan-1"]
    with pytest.raises(CatalogError):
        ledger.plans.enter(PLAN)
    with pytest.raises(ConflictError):
        ledger.plans.enter(replace(PLAN, id="plan-2", source="nobody"))


@pytest.mark.parametrize(
    ("path", "then"),
    [
        ([PlanState.PAUSED, PlanState.ACTIVE], PlanState.DONE),
        ([PlanState.PAUSED], PlanState.CANCELLED),
        ([PlanState.DONE], PlanState.ACTIVE),
        ([PlanState.PAUSED], PlanState.PAUSED),
    ],
)
def test_a_plan_moves(ledger: Ledger, path: list[PlanState], then: PlanState) -> None:
    for state in (*path, then):
        ledger.plans.move("plan-1", state)
    assert ledger.plans.get("plan-1").state is then


def test_a_cancelled_plan_stays_cancelled(ledger: Ledger) -> None:
    ledger.plans.move("plan-1", PlanState.CANCELLED)
    with pytest.raises(ConflictError, match=Reason.PLAN_STATE.value):
        ledger.plans.move("plan-1", PlanState.ACTIVE)


def test_a_window_comes_in_by_one_export(ledger: Ledger) -> None:
    first = date(2026, 1, 5)
    days = [(first, first + 6 * DAY), (first + 7 * DAY, first + 13 * DAY)]
    assert ledger.plans.add_windows("plan-1", days) == 2
    assert ledger.plans.add_windows("plan-1", days) == 0
    window, other = ledger.plans.windows("plan-1")
    assert (window.first, window.last, window.state) == (*days[0], WindowState.WAITING)
    assert ledger.begin_stretch(replace(EXPORT, claimed=0), STUDIES, window)
    assert not ledger.begin_stretch(replace(EXPORT, id="export-2", claimed=0), STUDIES, window)
    with pytest.raises(NotFoundError):
        ledger.export("export-2")
    assert ledger.announced.counts("export-1") == {AnnouncedState.WAITING: 3}
    assert not ledger.announced.counts("export-2")
    ledger.plans.end_window(window)
    assert ledger.plans.windows("plan-1")[0].state is WindowState.BEGUN  # there is an export by now
    ledger.plans.end_window(replace(window, export_id="export-1"))
    states = [one.state for one in ledger.plans.windows("plan-1")]
    assert states == [WindowState.DONE, WindowState.WAITING]
    ledger.plans.end_window(other)  # there is nothing in it
    assert ledger.plans.windows("plan-1")[1].state is WindowState.DONE


def test_a_study_is_announced_once(ledger: Ledger) -> None:
    assert ledger.announced.announce("export-1", STUDIES) == 3
    again = [*STUDIES, Announced("1.2.826.0.4711.9", skipped=True)]
    assert ledger.announced.announce("export-1", again) == 1
    counts = ledger.announced.counts("export-1")
    assert counts == {AnnouncedState.WAITING: 3, AnnouncedState.SKIPPED: 1}


def test_workers_share_what_is_announced_and_none_gets_what_another_has(ledger: Ledger) -> None:
    many = [Announced(f"1.2.826.0.1.{n}") for n in range(40)]
    ledger.announced.announce("export-1", many)

    def take(who: int) -> list[int]:
        taken = []
        while waiting := ledger.announced.lease("export-1", f"worker {who}", soon()):
            taken.append(waiting.ordinal)
        return taken

    with ThreadPoolExecutor(4) as pool:
        every = list(pool.map(take, range(4)))
    assert sorted(one for taken in every for one in taken) == list(range(1, 41))


def test_the_lease_of_a_dead_worker_is_taken_over(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", STUDIES[:1])
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert ledger.announced.lease("export-1", "dead", past)
    taken = ledger.announced.lease("export-1", "alive", soon())
    assert taken is not None
    assert taken.study_uid == STUDIES[0].study_uid
    assert ledger.announced.lease("export-1", "third", soon()) is None
    with pytest.raises(ConflictError, match=Reason.LEASE.value):
        ledger.announced.renew("export-1", 1, who="dead", until=soon())
    with pytest.raises(ConflictError, match=Reason.LEASE.value):
        ledger.announced.claim("export-1", 1, 4, who="dead")
    with pytest.raises(ConflictError, match=Reason.LEASE.value):
        ledger.announced.settle("export-1", 1, who="dead")


def test_the_leases_of_one_known_to_be_dead_are_ended(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", STUDIES[:2])
    for who in ("dead", "alive"):
        assert ledger.announced.lease("export-1", who, soon())
    assert ledger.announced.release("dead") == 1
    assert ledger.announced.lease("export-1", "third", soon()) is not None
    assert ledger.announced.lease("export-1", "third", soon()) is None


def test_leases_are_found_without_a_look_at_all_that_was_announced(
    sqlite_databases: Databases,
) -> None:
    engine = connect(sqlite_databases("ledger"))
    asked: list[tuple[str, Any]] = []
    here = Ledger(engine, LedgerKey(KEY))
    here.register_export(replace(EXPORT, claimed=0))
    here.announced.announce("export-1", STUDIES)
    assert here.announced.lease("export-1", "alive", soon())
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    uids = [one.study_uid for one in STUDIES] + [f"1.2.{number}" for number in range(999)]
    assert here.announced.leased(uids) == {STUDIES[0].study_uid}
    assert here.announced.holders() == {"alive"}
    selects = [told for told in asked if told[0].startswith("SELECT")]
    with reading(engine) as connection:
        for words, values in selects:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values).all()
            assert all("INDEX" in step[-1] for step in steps if "announced" in step[-1]), words
    engine.dispose()
    assert len(selects) > 2


def test_what_was_tried_in_vain_waits_for_its_time(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", STUDIES[:1])
    who = "worker"
    assert ledger.announced.lease("export-1", who, soon())
    later = soon()
    ledger.announced.give_back("export-1", 1, who=who, why="away", due_at=later, tried=True)
    assert ledger.announced.lease("export-1", who, soon()) is None
    due = ledger.announced.next_due("export-1")
    assert due is not None
    assert abs(due - later) < timedelta(seconds=1)


def test_a_settled_study_is_part_of_the_claim(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", STUDIES[:2])
    who = "worker"
    for ordinal in (1, 2):
        assert ledger.announced.lease("export-1", who, soon())
        if ordinal == 1:
            with pytest.raises(ConflictError):  # nobody said how many there are
                ledger.announced.settle("export-1", ordinal, who=who)
        ledger.announced.claim("export-1", ordinal, 4, who=who)
        ledger.announced.settle("export-1", ordinal, who=who)
    assert ledger.tally("export-1").claimed == 8
    assert ledger.announced.next_due("export-1") is None


def test_an_accession_number_finds_a_study_that_never_came(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", STUDIES)
    (trace,) = ledger.announced.by_accession("CANARY-1", "RIS")
    assert (trace.export_id, trace.ordinal, trace.state) == ("export-1", 2, AnnouncedState.WAITING)
    assert ledger.announced.by_accession("CANARY-1") == ()
    assert ledger.announced.by_accession("") == ()


def test_what_identifies_a_study_is_forgotten_in_time(ledger: Ledger) -> None:
    ledger.announced.announce("export-1", [*STUDIES[:1], replace(STUDIES[1], skipped=True)])
    assert ledger.announced.forget(soon()) == 1
    assert ledger.announced.by_accession("CANARY-1", "RIS") == ()
    assert ledger.announced.by_accession("CANARY-0", "RIS") != ()
    assert ledger.announced.counts("export-1")[AnnouncedState.SKIPPED] == 1


def test_no_identity_lies_in_the_tables(ledger: Ledger, ledger_engine: Engine) -> None:
    ledger.announced.announce("export-1", STUDIES)
    with reading(ledger_engine) as connection:
        for table in ("source", "plan", "plan_window", "announced"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            kept = " ".join(str(value) for row in rows for value in row)
            assert "CANARY" not in kept
            assert "1.2.826" not in kept


def test_sources_and_their_plans_outlive_that_sources_may_push(databases: Databases) -> None:
    url = databases(None)
    migrate(url, "ledger", until="l0008")
    engine = connect(url)
    before = Plans(engine, LedgerKey(KEY))
    before.set_source(KnownSource("pacs", SourceKind.DICOM, "{}"))
    plan = Plan("p-1", "prov", "pacs", DECISION, "{}", PlanState.ACTIVE, "Eva")
    before.enter(plan)
    with pytest.raises(ConflictError):
        before.set_source(KnownSource("pushes", SourceKind.PUSHED, "{}"))
    migrate(url, "ledger")
    assert before.set_source(KnownSource("pushes", SourceKind.PUSHED, "{}"))
    assert before.get("p-1") == plan
    with pytest.raises(ConflictError):
        before.remove_source("pacs")
    before.remove_source("pushes")
    with writing(engine) as connection:
        command.downgrade(_configuration(connection, "ledger"), "l0008")
    assert before.get("p-1") == plan
    engine.dispose()
