"""A recall stands until it is lifted: what is published later is held as it is published."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, event, text

from catalog import audit, holds, permits, releases
from catalog.columns import now
from catalog.database import _configuration, connect, migrate, reading, writing
from catalog.facets import checking
from catalog.notices import outbox
from catalog.outcome import Outcome
from catalog.publishing.publish import CataloguePublisher
from catalog.recalls import recalling
from catalog.recalls.affected import affected
from catalog.recalls.records import Criteria, Recall
from catalog.records import NewRevision, Versions
from catalog.search import Query, search
from catalog.vocabulary import HoldKind, HoldScope
from tests.catalog.making import TODAY, draft, instance, new_revision, permit, prepared
from tests.catalog.test_releases import built

BAD = Versions("mammography", "2026d", "text 3", "k1")
MACHINE = "M" * 26


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    return prepared(catalogue_engine)


def made(study: int, number: int = 1, *, header: str = "h", **versions: str) -> NewRevision:
    """Make an image of the bad machine's, by the bad detector unless something else is said."""
    new = new_revision(instance(study, number, model="Model 1"), header)
    facts = replace(new.facts, device=MACHINE)
    return replace(new, versions=replace(BAD, **versions), facts=facts)


def again(study: int, new: NewRevision, **changes: Any) -> Any:
    """Draft a newer revision of an image that is published."""
    return draft(study, new, outcomes={Outcome.REVISED: 1}, export_id="export-2", **changes)


def recall(engine: Engine, criteria: Criteria) -> Recall:
    return recalling.place(engine, criteria, reason="misses text", who="officer")


def found(engine: Engine) -> int:
    return sum(one.instances for one in search(engine, Query()).studies)


STAND = {
    "machine": (Criteria(device=MACHINE), HoldScope.INSTANCE),
    "model": (Criteria(model="Model 1"), HoldScope.INSTANCE),
    "vendor": (Criteria(vendor="HOLOGIC"), HoldScope.INSTANCE),
    "profile": (Criteria(profile="mammography"), HoldScope.REVISION),
    "edition": (Criteria(edition="2026d"), HoldScope.REVISION),
    "detector": (Criteria(detector="text 3"), HoldScope.REVISION),
    "export": (Criteria(export="export-1"), HoldScope.REVISION),
    "both": (Criteria(detector="text 3", device=MACHINE, holder="vgr"), HoldScope.REVISION),
    "still": (Criteria(detector="text 3", since=TODAY, until=now().date()), HoldScope.REVISION),
}


@pytest.mark.parametrize("case", STAND)
def test_what_is_published_later_is_held_from_the_first(
    publisher: CataloguePublisher, catalogue_engine: Engine, case: str
) -> None:
    criteria, scope = STAND[case]
    placed = recall(catalogue_engine, criteria)
    assert (placed.holds, placed.stands) == (0, True)
    assert publisher.publish(draft(1, made(1))) == {"2.25.1.1.1": 1}
    assert found(catalogue_engine) == 0
    (hold,) = holds.list_holds(catalogue_engine)
    assert (hold.kind, hold.target.scope) == (HoldKind.RECALLED, scope)
    told = recalling.get(catalogue_engine, placed.id)
    assert (told.holds, told.later) == (0, 1)
    line = list(audit.entries(catalogue_engine))[-1]
    assert (line.actor, line.action, line.outcome) == ("export-1", "recall", "1")
    assert line.object == f"recall:{placed.id}"
    permits.create(catalogue_engine, permit())
    frozen = releases.freeze(catalogue_engine, "permit-1", Query(), today=TODAY)
    assert frozen.instances == 0


PASS = {
    "a newer detector": (Criteria(detector="text 3"), made(1, detector="text 4")),
    "one version is not up to it": (Criteria(detector="text 4"), made(1)),
    "another's": (Criteria(detector="text 3", holder="skane"), made(1)),
    "another machine": (Criteria(device="N" * 26), made(1)),
    "over": (Criteria(detector="text 3", until=now().date() - timedelta(days=1)), made(1)),
    "by its UID": (Criteria(instance="2.25.1"), made(1)),
}


@pytest.mark.parametrize("case", PASS)
def test_what_does_not_fit_is_not_held(
    publisher: CataloguePublisher, catalogue_engine: Engine, case: str
) -> None:
    criteria, new = PASS[case]
    recall(catalogue_engine, criteria)
    publisher.publish(draft(1, new))
    assert found(catalogue_engine) == 1
    assert holds.list_holds(catalogue_engine) == ()


def test_what_is_made_anew_is_free_only_if_what_made_it_is_another(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(1, made(1)))
    placed = recall(catalogue_engine, Criteria(detector="text 3"))
    publisher.publish(again(1, made(1, header="anew")))
    assert found(catalogue_engine) == 0
    publisher.publish(again(1, made(1, header="mended", detector="text 4")))
    assert found(catalogue_engine) == 1
    assert recalling.get(catalogue_engine, placed.id).later == 1


def test_a_machine_stays_recalled_whatever_is_made_anew(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(1, made(1)))
    placed = recall(catalogue_engine, Criteria(device=MACHINE))
    publisher.publish(again(1, made(1, header="mended", detector="text 4")))
    assert found(catalogue_engine) == 0
    assert recalling.get(catalogue_engine, placed.id).later == 0


def test_lifting_ends_it_and_lifts_what_came_by_it_and_nothing_else(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    first = recall(catalogue_engine, Criteria(detector="text 3"))
    second = recall(catalogue_engine, Criteria(device=MACHINE))
    publisher.publish(draft(1, made(1)))
    assert recalling.lift(catalogue_engine, first.id, who="officer", reason="r") == 1
    assert not recalling.get(catalogue_engine, first.id).stands
    assert found(catalogue_engine) == 0
    assert recalling.lift(catalogue_engine, second.id, who="officer", reason="r") == 1
    publisher.publish(draft(2, made(2)))
    assert found(catalogue_engine) == 2
    assert [one.later for one in recalling.every(catalogue_engine)] == [1, 1]


def test_a_recall_that_held_nothing_is_ended_and_that_is_in_the_ledger(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    placed = recall(catalogue_engine, Criteria(detector="text 3"))
    assert recalling.lift(catalogue_engine, placed.id, who="officer", reason="r") == 0
    line = list(audit.entries(catalogue_engine))[-1]
    assert (line.action, line.object, line.outcome) == ("lift", f"recall:{placed.id}", "0")
    publisher.publish(draft(1, made(1)))
    assert found(catalogue_engine) == 1


def test_what_a_person_lifted_alone_is_not_held_again(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    recall(catalogue_engine, Criteria(detector="text 3"))
    publisher.publish(draft(1, made(1)))
    (hold,) = holds.list_holds(catalogue_engine)
    holds.lift(catalogue_engine, hold.id, who="eva", reason="looked at")
    publisher.publish(draft(1, made(1, 2), export_id="export-2"))
    assert found(catalogue_engine) == 1


def test_nobody_is_told_of_what_nobody_had_and_search_is_kept_as_it_must_be(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    placed = recall(catalogue_engine, Criteria(detector="text 3"))
    publisher.publish(draft(1, made(1)))
    assert outbox.collect(catalogue_engine, TODAY + timedelta(days=9999)) == 0
    assert affected(catalogue_engine, placed.id).permits == ()
    assert [one.instances for one in affected(catalogue_engine, placed.id).holders] == [1]
    assert list(checking.differing(catalogue_engine)) == []


def test_whoever_has_an_older_revision_is_told_when_the_machine_becomes_known(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    unknown = replace(made(1), facts=replace(made(1).facts, device=""))
    publisher.publish(draft(1, unknown))
    permits.create(catalogue_engine, permit())
    built(catalogue_engine)
    placed = recall(catalogue_engine, Criteria(device=MACHINE))
    publisher.publish(again(1, made(1, header="now it is known")))
    assert [one.permit_id for one in affected(catalogue_engine, placed.id).permits] == ["permit-1"]
    assert outbox.collect(catalogue_engine, TODAY) == 2
    assert {one.permit_id for one in outbox.every(catalogue_engine)} == {None, "permit-1"}


@contextmanager
def stopped_before_commit(engine: Engine) -> Iterator[Any]:
    """Stop the engine's next commit until told; give what tells that it waits, and goes on."""
    reached, go = threading.Event(), threading.Event()

    def wait(_connection: Connection) -> None:
        if not reached.is_set():
            reached.set()
            assert go.wait(60)

    event.listen(engine, "commit", wait)
    try:
        yield reached, go
    finally:
        go.set()
        event.remove(engine, "commit", wait)


def until_one_waits(url: str, other: Future[Any]) -> None:
    """Wait until a connection waits for a lock, or what should wait has ended."""
    engine = connect(url)
    waits = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(3000):
        with reading(engine) as connection:
            if other.done() or connection.scalar(waits):
                break
        time.sleep(0.01)
    engine.dispose()


@pytest.mark.parametrize("first", ["publication", "recall"])
def test_of_a_recall_and_a_publication_at_once_one_sees_the_other(
    postgres_databases: Any, first: str
) -> None:
    url = postgres_databases("catalogue")
    one, other = connect(url), connect(url)
    prepared(one)
    deeds = {
        "publication": lambda engine: CataloguePublisher(engine).publish(draft(1, made(1))),
        "recall": lambda engine: recall(engine, Criteria(detector="text 3")),
    }
    second = next(name for name in deeds if name != first)
    with ThreadPoolExecutor(2) as pool, stopped_before_commit(one) as (reached, go):
        begun = pool.submit(deeds[first], one)
        assert reached.wait(60)
        came = pool.submit(deeds[second], other)
        until_one_waits(url, came)
        go.set()
        begun.result(60)
        came.result(60)
    assert found(other) == 0
    (placed,) = recalling.every(other)
    assert placed.holds + placed.later == 1
    one.dispose()
    other.dispose()


def test_of_a_lift_and_a_publication_at_once_nothing_stays_held(postgres_databases: Any) -> None:
    url = postgres_databases("catalogue")
    one, other = connect(url), connect(url)
    prepared(one)
    placed = recall(other, Criteria(detector="text 3"))
    with ThreadPoolExecutor(2) as pool, stopped_before_commit(one) as (reached, go):
        begun = pool.submit(CataloguePublisher(one).publish, draft(1, made(1)))
        assert reached.wait(60)
        came = pool.submit(recalling.lift, other, placed.id, who="officer", reason="r")
        until_one_waits(url, came)
        go.set()
        begun.result(60)
        assert came.result(60) == 1
    assert found(other) == 1
    one.dispose()
    other.dispose()


def test_an_earlier_recall_stands_if_it_still_holds_something(database_url: str) -> None:
    migrate(database_url, until="c0018")
    engine, at = connect(database_url), "'2026-05-01 10:00:00.000000'"
    lifted = "'2026-05-02 10:00:00.000000'"
    placed = "INSERT INTO hold (kind, scope, target, reason, placed_by, placed_at, recall_id"
    with writing(engine) as connection:
        for number in (1, 2, 3):
            said = f"""{number}, '{{"detector": "text 3"}}', 'r', 'officer', {at}, {at}, 1"""
            connection.exec_driver_sql(f"INSERT INTO recall VALUES ({said})")
        held = f"'RECALLED', 'REVISION', '7', 'r', 'officer', {at}"
        connection.execute(text(f"{placed}) VALUES ({held}, 1)"))
        connection.execute(
            text(f"{placed}, lifted_by, lifted_at) VALUES ({held}, 2, 'eva', {lifted})")
        )
    migrate(database_url)
    told = recalling.every(engine)
    assert [one.stands for one in told] == [True, False, False]
    assert [one.ended_at and one.ended_at.day for one in told] == [None, 2, 1]
    with writing(engine) as connection:
        command.downgrade(_configuration(connection, "catalogue"), "c0018")
    migrate(database_url)
    assert [one.stands for one in recalling.every(engine)] == [True, False, False]
    engine.dispose()
