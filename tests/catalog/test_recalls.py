"""A recall counts first, holds all that fits in one transaction, and tells whom it concerns."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from catalog import audit, holds, permits, releases
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.errors import ConflictError, HeldError, NotFoundError
from catalog.recalls import recalling
from catalog.recalls.affected import affected
from catalog.recalls.records import AffectedHolder, Criteria, Reach
from catalog.records import Versions
from catalog.releases import deliveries
from catalog.search import Query, search
from catalog.vocabulary import HoldScope
from tests.catalog.making import (
    TODAY,
    WHO,
    draft,
    instance,
    let_in,
    new_revision,
    permit,
    prepared,
)
from tests.catalog.test_releases import built

BAD = Versions("mammography", "2026d", "text 3", "k1")


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    """Two studies of two holders; of each study one image was looked at by a bad detector."""
    publisher = prepared(catalogue_engine)
    for study, holder, region in ((1, "vgr", "vg"), (2, "skane", "sk")):
        good = new_revision(instance(study, 1, model=f"Model {study}"))
        good = replace(good, facts=replace(good.facts, device="M" * 25 + "AB"[study - 1]))
        bad = replace(new_revision(instance(study, 2)), versions=BAD)
        changed = {"holder_id": holder, "region": region, "export_id": f"export-{study}"}
        publisher.publish(draft(study, good, bad, **changed))
    permits.create(catalogue_engine, permit())
    permits.create(catalogue_engine, permit("other", persons=frozenset({"a", "b"})))
    built(catalogue_engine)
    return catalogue_engine


def served(engine: Engine, uid: str) -> bool:
    try:
        releases.servable(engine, "permit-1", uid, who=WHO, today=TODAY)
    except HeldError:
        return False
    return True


def place(engine: Engine, criteria: Criteria) -> int:
    return recalling.place(engine, criteria, reason="misses text", who="officer").id


CASES = {
    "detector": (Criteria(detector="text 3"), Reach(2, 2, 2, 1, 1), HoldScope.REVISION),
    "edition": (Criteria(edition="2026d"), Reach(2, 4, 4, 1, 1), HoldScope.REVISION),
    "profile": (Criteria(profile="general"), Reach(0, 0, 0, 0, 0), HoldScope.REVISION),
    "export": (Criteria(export="export-2"), Reach(1, 2, 2, 1, 1), HoldScope.REVISION),
    "one machine": (Criteria(device="M" * 25 + "B"), Reach(1, 1, 1, 1, 1), HoldScope.INSTANCE),
    "a model": (Criteria(model="Model 1"), Reach(1, 1, 1, 1, 1), HoldScope.INSTANCE),
    "device": (Criteria(vendor="HOLOGIC"), Reach(2, 4, 4, 1, 1), HoldScope.INSTANCE),
    "instance": (Criteria(instance="2.25.1.1.2"), Reach(1, 1, 1, 1, 1), HoldScope.INSTANCE),
    "study": (Criteria(instance="2.25.1"), Reach(1, 2, 2, 1, 1), HoldScope.INSTANCE),
    "as released": (
        Criteria(instance="2.25.91.1.2", permit="permit-1"),
        Reach(1, 1, 1, 1, 1),
        HoldScope.INSTANCE,
    ),
    "another permit's name": (
        Criteria(instance="2.25.91.1.2", permit="other"),
        Reach(0, 0, 0, 0, 0),
        HoldScope.INSTANCE,
    ),
    "a holder's": (
        Criteria(detector="text 3", holder="vgr"),
        Reach(1, 1, 1, 1, 1),
        HoldScope.REVISION,
    ),
    "before": (
        Criteria(detector="text 3", until=now().date() - timedelta(days=1)),
        Reach(0, 0, 0, 0, 0),
        HoldScope.REVISION,
    ),
    "since": (
        Criteria(detector="text 3", since=now().date() - timedelta(days=1)),
        Reach(2, 2, 2, 1, 1),
        HoldScope.REVISION,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_counted_is_what_is_held(engine: Engine, case: str) -> None:
    criteria, reach, scope = CASES[case]
    assert recalling.count(engine, criteria) == reach
    assert holds.list_holds(engine) == ()
    made = recalling.place(engine, criteria, reason="r", who="officer")
    assert made.holds == reach.revisions
    assert {one.target.scope for one in holds.list_holds(engine)} <= {scope}
    assert len(holds.list_holds(engine)) == reach.revisions
    assert recalling.get(engine, made.id).criteria == criteria.written()


def test_what_is_recalled_is_not_served_from_the_next_request_on(engine: Engine) -> None:
    assert served(engine, "2.25.91.1.2")
    place(engine, Criteria(detector="text 3"))
    assert not served(engine, "2.25.91.1.2")
    assert served(engine, "2.25.91.1.1")
    found = search(engine, Query()).studies
    assert [one.instances for one in found] == [1, 1]


def test_an_old_revision_is_recalled_where_a_release_has_it_and_the_new_one_is_free(
    engine: Engine,
) -> None:
    anew = new_revision(instance(1, 2), header="made anew")
    changed = {"export_id": "export-3"}
    from catalog.outcome import Outcome

    prepared(engine).publish(draft(1, anew, outcomes={Outcome.REVISED: 1}, **changed))
    place(engine, Criteria(detector="text 3"))
    assert not served(engine, "2.25.91.1.2")
    assert sorted(one.instances for one in search(engine, Query()).studies) == [1, 2]


def test_a_second_recall_holds_all_of_its_own_and_each_is_lifted_alone(
    engine: Engine,
) -> None:
    first = place(engine, Criteria(detector="text 3"))
    second = recalling.place(engine, Criteria(edition="2026d"), reason="r", who="officer")
    assert second.holds == 4
    assert recalling.lift(engine, first, who="officer", reason="r") == 2
    assert recalling.lift(engine, first, who="officer", reason="r") == 0
    assert len(holds.list_holds(engine)) == 4
    assert not served(engine, "2.25.91.1.2")
    lines = [(line.action, line.object, line.outcome) for line in audit.entries(engine)]
    assert lines == [
        ("recall", "recall:1", "2"),
        ("recall", "recall:2", "4"),
        ("lift", "recall:1", "2"),
    ]


def test_what_nobody_knows_the_machine_of_is_counted(engine: Engine) -> None:
    assert recalling.without_device(engine, None) == 2
    assert recalling.without_device(engine, "vgr") == 1


@pytest.mark.parametrize("criteria", [Criteria(), Criteria(holder="vgr", since=TODAY)])
def test_nobody_recalls_everything_by_leaving_out_what(engine: Engine, criteria: Criteria) -> None:
    with pytest.raises(ConflictError):
        recalling.count(engine, criteria)
    with pytest.raises(ConflictError):
        place(engine, criteria)
    assert recalling.every(engine) == ()


def test_whom_it_concerns_is_told(engine: Engine) -> None:
    objects = ("2.25.91.1.2", "2.25.91", "2.25.91.1.1")
    for uid in objects:
        audit.append(engine, AccessEvent(WHO, "permit-1", "download", uid, "ALLOWED"))
    audit.append(engine, AccessEvent(WHO, "permit-1", "download", objects[0], "HELD"))
    audit.append(engine, AccessEvent(WHO, "other", "download", objects[0], "ALLOWED"))
    told = affected(engine, place(engine, Criteria(detector="text 3")))
    (one,) = told.permits
    assert (one.permit_id, one.persons, one.releases) == ("permit-1", (WHO,), (1,))
    assert (one.instances, one.accesses, one.revoked) == (2, 2, False)
    assert told.holders == (
        AffectedHolder("skane", "Skane", "sk", 1, 1),
        AffectedHolder("vgr", "Vgr", "vg", 1, 1),
    )
    by_instance = affected(engine, place(engine, Criteria(vendor="HOLOGIC")))
    assert by_instance.permits[0].instances == 4
    with pytest.raises(NotFoundError):
        affected(engine, 9)


def test_whole_releases_and_deliveries_are_accesses_and_a_head_is_none(engine: Engine) -> None:
    let_in(engine, "spe-7", "permit-1")
    (release,) = releases.releases_of(engine, "permit-1")
    deliveries.begin(engine, "permit-1", release.id, "spe-7", who="ops")
    for action, what in (
        ("archive", "permit-1"),
        ("paper", "metadata.parquet"),
        ("paper", "terms.txt"),
        ("download-head", "2.25.91.1.2"),
        ("archive-head", "permit-1"),
    ):
        audit.append(engine, AccessEvent(WHO, "permit-1", action, what, "ALLOWED"))
    (one,) = affected(engine, place(engine, Criteria(detector="text 3"))).permits
    assert one.accesses == 3


def test_the_clock_runs_from_when_it_became_known(engine: Engine) -> None:
    known = now() - timedelta(hours=5)
    made = recalling.place(
        engine, Criteria(detector="text 3"), reason="r", who="officer", aware_at=known
    )
    assert made.tell_by == known + timedelta(hours=72)
    with pytest.raises(ConflictError):
        recalling.place(
            engine,
            Criteria(detector="text 3"),
            reason="r",
            who="officer",
            aware_at=now() + timedelta(hours=1),
        )
