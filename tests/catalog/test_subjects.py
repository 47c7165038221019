"""Two pseudonyms of one woman become one Subject, for good and for everybody who reads."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from catalog import audit, holds, releases, tables
from catalog.database import reading
from catalog.errors import ConflictError, NotFoundError, Reason, RetriableError
from catalog.holds import HoldTarget
from catalog.outcome import Outcome
from catalog.permits import create
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Merge
from catalog.search import Query, search
from catalog.subjects import merge
from catalog.vocabulary import HoldKind, HoldScope
from tests.catalog.making import TODAY, draft, instance, new_revision, permit, prepared

WHY = {"reason": "a reserve number became a personnummer", "who": "registrar"}


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    return prepared(catalogue_engine)


@pytest.fixture
def engine(publisher: CataloguePublisher, catalogue_engine: Engine) -> Engine:
    """Three women with one study each."""
    for number in (1, 2, 3):
        publisher.publish(draft(number, subject=f"p{number}"))
    return catalogue_engine


def women(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count(tables.study.c.subject_id.distinct()))) or 0


def merges(engine: Engine) -> list[tuple[str, str, int]]:
    columns = (tables.subject_merge.c.old, tables.subject_merge.c.new, tables.subject_merge.c.weeks)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]


def released(engine: Engine, name: str = "permit-1") -> dict[str, tuple[str, int]]:
    """Give pseudonym and missing weeks of every study that a release would be built of."""
    create(engine, permit(name))
    release = releases.freeze(engine, name, Query(), today=TODAY)
    pending = releases.pending(engine, release.id)
    return {ref.study_uid: (ref.pseudonym, ref.weeks) for ref in pending}


def test_after_a_merge_there_is_one_woman(engine: Engine) -> None:
    merge(engine, old="p1", new="p2", weeks=-7, **WHY)
    assert women(engine) == 2
    assert len(search(engine, Query()).studies) == 3
    assert released(engine) == {"2.25.1": ("p2", -7), "2.25.2": ("p2", 0), "2.25.3": ("p3", 0)}


def test_a_merge_is_recorded_with_who_and_why_and_in_the_log(engine: Engine) -> None:
    merge(engine, old="p1", new="p2", weeks=4, **WHY)
    with reading(engine) as connection:
        row = connection.execute(select(tables.subject_merge)).one()
    assert (row.old, row.new, row.weeks, row.reason, row.who) == ("p1", "p2", 4, *WHY.values())
    (line,) = audit.entries(engine)
    assert (line.actor, line.action, line.object) == ("registrar", "merge", "subject-merge:1")
    assert "p1" not in repr(line)


def test_merging_twice_changes_nothing(engine: Engine) -> None:
    for _ in range(2):
        merge(engine, old="p1", new="p2", weeks=4, **WHY)
    assert merges(engine) == [("p1", "p2", 4)]


@pytest.mark.parametrize(
    "order",
    [
        (("p1", "p2", 5), ("p2", "p3", -9)),
        (("p2", "p3", -9), ("p1", "p2", 5)),
        (("p1", "p3", -4), ("p1", "p2", 5)),
        (("p1", "p2", 5), ("p1", "p3", -4), ("p2", "p3", -9)),
    ],
    ids=["forward", "backward", "both from the first", "every old key to the newest"],
)
def test_a_chain_of_merges_is_one_woman_with_the_shifts_summed(
    engine: Engine, order: tuple[tuple[str, str, int], ...]
) -> None:
    for old, new, weeks in order:
        merge(engine, old=old, new=new, weeks=weeks, **WHY)
    found = released(engine)
    assert len({pseudonym for pseudonym, _ in found.values()}) == 1
    weeks = [found[f"2.25.{number}"][1] for number in (1, 2, 3)]
    assert [weeks[0] - weeks[1], weeks[1] - weeks[2]] == [5, -9]


@pytest.mark.parametrize(
    ("merged", "bad", "reason"),
    [
        ([], ("p1", "p1", 0), Reason.MERGE_CYCLE),
        ([("p1", "p2", 4)], ("p2", "p1", -4), Reason.MERGE_CYCLE),
        ([("p1", "p2", 4), ("p2", "p3", 1)], ("p3", "p1", -5), Reason.MERGE_CYCLE),
        ([("p1", "p2", 4)], ("p1", "p2", 5), Reason.OTHER_MERGE),
        ([], ("p1", "nobody", 4), Reason.UNKNOWN_SUBJECT),
        ([], ("nobody", "p1", 4), Reason.UNKNOWN_SUBJECT),
    ],
)
def test_what_cannot_be_merged_fails_clearly_and_changes_nothing(
    engine: Engine,
    merged: list[tuple[str, str, int]],
    bad: tuple[str, str, int],
    reason: Reason,
) -> None:
    for old, new, weeks in merged:
        merge(engine, old=old, new=new, weeks=weeks, **WHY)
    with pytest.raises((ConflictError, NotFoundError)) as caught:
        merge(engine, old=bad[0], new=bad[1], weeks=bad[2], **WHY)
    assert caught.value.reason is reason
    assert merges(engine) == merged


@pytest.mark.parametrize("held", ["p1", "p2", "p3"])
@pytest.mark.parametrize("first", [True, False])
def test_a_hold_on_any_of_her_pseudonyms_stops_them_all(
    engine: Engine, held: str, *, first: bool
) -> None:
    def place() -> int:
        target = HoldTarget(HoldScope.SUBJECT, held)
        return holds.place(engine, HoldKind.OPTED_OUT, target, reason="she asked", who="officer")

    number = place() if first else 0
    merge(engine, old="p1", new="p2", weeks=1, **WHY)
    merge(engine, old="p2", new="p3", weeks=1, **WHY)
    number = number or place()
    assert search(engine, Query()).studies == ()
    assert released(engine) == {}
    holds.lift(engine, number, who="officer")
    assert len(search(engine, Query()).studies) == 3


def test_a_release_sealed_before_a_merge_is_held_by_the_new_pseudonym(engine: Engine) -> None:
    create(engine, permit())
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    merge(engine, old="p1", new="p2", weeks=1, **WHY)
    target = HoldTarget(HoldScope.SUBJECT, "p2")
    holds.place(engine, HoldKind.PROTECTED, target, reason="later", who="officer")
    assert {ref.study_uid for ref in releases.pending(engine, release.id)} == {"2.25.3"}


def test_what_comes_under_an_old_pseudonym_later_is_hers(
    engine: Engine, publisher: CataloguePublisher
) -> None:
    merge(engine, old="p1", new="p2", weeks=3, **WHY)
    publisher.publish(draft(4, subject="p1"))
    assert women(engine) == 2
    assert released(engine)["2.25.4"] == ("p2", 3)
    assert publisher.contradiction(instance(4, 9), subject="p2", holder_id="vgr") is None
    against = publisher.contradiction(instance(4, 9), subject="p3", holder_id="vgr")
    assert against is Reason.OTHER_SUBJECT


def test_a_revision_made_with_the_new_key_needs_no_weeks(
    engine: Engine, publisher: CataloguePublisher
) -> None:
    better = new_revision(instance(1, 1), "better")
    again = draft(
        1,
        better,
        subject="p9",
        export_id="export-2",
        outcomes={Outcome.REVISED: 1, Outcome.KNOWN: 3},
    )
    before = publisher.contradiction(instance(1, 1), subject="p9", holder_id="vgr", before=["p1"])
    assert before is None
    publisher.publish(replace(again, merges=(Merge("p1", "p9", 6),)))
    create(engine, permit())
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    found = {ref.sop_uid: ref.weeks for ref in releases.pending(engine, release.id)}
    assert (found["2.25.1.1.1"], found["2.25.1.1.2"]) == (0, 6)


def test_publishing_merges_in_the_same_transaction(
    engine: Engine, publisher: CataloguePublisher
) -> None:
    with pytest.raises(ConflictError):
        publisher.publish(
            replace(draft(2, subject="p9", export_id="e2"), merges=(Merge("p1", "p9", 6),))
        )
    assert merges(engine) == []
    publisher.publish(replace(draft(5, subject="p9"), merges=(Merge("p1", "p9", 6),)))
    assert merges(engine) == [("p1", "p9", 6)]
    publisher.publish(replace(draft(6, subject="p9"), merges=(Merge("p1", "p9", 6),)))
    assert merges(engine) == [("p1", "p9", 6)]
    assert women(engine) == 3
    assert [line.actor for line in audit.entries(engine)] == ["export-1"]


def test_a_pseudonym_of_before_that_nobody_knew_is_not_kept(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(replace(draft(1, subject="new"), merges=(Merge("old", "new", 2),)))
    with reading(catalogue_engine) as connection:
        assert connection.scalars(select(tables.subject.c.pseudonym)).all() == ["new"]


def test_a_hold_that_waited_for_an_old_pseudonym_goes_along(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    target = HoldTarget(HoldScope.SUBJECT, "old")
    holds.place(catalogue_engine, HoldKind.OPTED_OUT, target, reason="asked", who="officer")
    publisher.publish(replace(draft(1, subject="new"), merges=(Merge("old", "new", 2),)))
    assert search(catalogue_engine, Query()).studies == ()


def test_the_port_merges_too(engine: Engine, publisher: CataloguePublisher) -> None:
    publisher.merge(Merge("p1", "p2", 3), **WHY)
    assert women(engine) == 2
    with pytest.raises(NotFoundError):
        publisher.merge(Merge("p1", "nobody", 3), **WHY)


def test_a_published_subject_is_held_once_and_an_unknown_one_not_at_all(
    engine: Engine, publisher: CataloguePublisher
) -> None:
    said = {"reason": "a protected identity since", "who": "region vg"}
    assert publisher.hold("p1", HoldKind.PROTECTED, **said)
    assert not publisher.hold("p1", HoldKind.PROTECTED, **said)
    assert publisher.hold("p1", HoldKind.BLOCKED, **said)
    assert not publisher.hold("nobody", HoldKind.PROTECTED, **said)
    assert len(search(engine, Query()).studies) == 2
    with reading(engine) as connection:
        rows = connection.execute(select(tables.hold.c.kind, tables.hold.c.target)).all()
    assert rows == [("PROTECTED", "p1"), ("BLOCKED", "p1")]
    assert [(one.actor, one.object, one.outcome) for one in audit.entries(engine)] == [
        ("region vg", "hold:1", "PROTECTED"),
        ("region vg", "hold:2", "BLOCKED"),
    ]


def test_publishing_and_merging_at_once_leave_no_study_behind(
    engine: Engine, publisher: CataloguePublisher
) -> None:
    """Whatever comes first, no study stays with a Subject that was merged into another."""
    ready = threading.Barrier(8)

    def publish(number: int) -> None:
        ready.wait()
        with suppress(RetriableError):
            publisher.publish(draft(number, subject="p1"))

    def merging(old: str, new: str) -> None:
        ready.wait()
        for _ in range(20):  # a server that finds two at odds ends one of them: it may try again
            with suppress(RetriableError):
                merge(engine, old=old, new=new, weeks=1, **WHY)
                return
        raise AssertionError

    workers = [threading.Thread(target=publish, args=(number,)) for number in range(10, 16)]
    workers += [
        threading.Thread(target=merging, args=pair) for pair in (("p1", "p2"), ("p2", "p3"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with reading(engine) as connection:
        (root,) = connection.scalars(
            select(tables.subject.c.pseudonym).where(tables.subject.c.merged_into.is_(None))
        ).all()
    assert root == "p3"
    assert women(engine) == 1
