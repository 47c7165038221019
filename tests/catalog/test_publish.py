"""A study is published whole or not at all, once, and by whoever comes first."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from catalog import tables
from catalog.database import reading
from catalog.errors import CatalogError, ConflictError, NotFoundError, RaceError, Reason
from catalog.holders import add_holder, get_holder, list_holders
from catalog.outcome import Outcome, Tally
from catalog.publishing.publish import CataloguePublisher
from catalog.publishing.study_rows import clean_key
from catalog.records import ExportSummary, Holder
from catalog.vocabulary import Standing, View
from tests.catalog.making import digest, draft, instance, new_revision, prepared


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    return prepared(catalogue_engine)


def counted(engine: Engine) -> dict[str, int]:
    names = ("subject", "study", "series", "instance", "revision", "outcome")
    with reading(engine) as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(tables.metadata.tables[name]))
            or 0
            for name in names
        }


def standing(publisher: CataloguePublisher, header: str = "h", pixels: str = "p") -> Standing:
    uid = "2.25.7.1.1"
    return publisher.standing(uid, digest(uid + header), digest(uid + pixels))


def test_a_study_goes_in_whole(publisher: CataloguePublisher, catalogue_engine: Engine) -> None:
    assert standing(publisher) is Standing.NEW
    publisher.publish(draft(7))
    assert counted(catalogue_engine) == {
        "subject": 1,
        "study": 1,
        "series": 1,
        "instance": 4,
        "revision": 4,
        "outcome": 1,
    }
    assert standing(publisher) is Standing.KNOWN
    assert standing(publisher, header="other") is Standing.REVISED
    assert standing(publisher, pixels="other") is Standing.CONFLICT
    assert standing(publisher, "other", "other") is Standing.CONFLICT


def test_the_same_draft_again_changes_nothing(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(7))
    before = counted(catalogue_engine)
    publisher.publish(draft(7))
    assert counted(catalogue_engine) == before


def test_what_an_export_published_itself_stands_as_before(publisher: CataloguePublisher) -> None:
    uid = "2.25.7.1.1"
    first, better = ((digest(uid + header), digest(uid + "p")) for header in ("h", "better"))
    publisher.publish(draft(7))
    assert publisher.standing(uid, *first, export_id="export-1") is Standing.NEW
    assert publisher.standing(uid, *first, export_id="export-2") is Standing.KNOWN
    revised = new_revision(instance(7, 1), "better")
    publisher.publish(draft(7, revised, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    assert publisher.standing(uid, *better, export_id="export-2") is Standing.REVISED
    assert publisher.standing(uid, *better, export_id="export-1") is Standing.KNOWN


def test_the_key_of_the_latest_revision(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    better = new_revision(instance(7, 1), "better")
    publisher.publish(draft(7))
    publisher.publish(draft(7, better, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    assert clean_key(catalogue_engine, "2.25.7.1.1") == better.stored.key
    with pytest.raises(NotFoundError):
        clean_key(catalogue_engine, "2.25.0")


def test_a_corrected_header_becomes_the_next_revision(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(7))
    described = instance(7, 1, view=View.ML, exam_year=2020)
    ends = {Outcome.REVISED: 1, Outcome.KNOWN: 3}
    better = new_revision(described, "better")
    publisher.publish(draft(7, better, outcomes=ends, export_id="export-2"))
    table, one = tables.revision, tables.instance
    with reading(catalogue_engine) as connection:
        numbers = connection.scalars(
            select(table.c.number).join(one).where(one.c.sop_uid == described.sop_uid)
        ).all()
        row = connection.execute(select(one).where(one.c.sop_uid == described.sop_uid)).one()
        year = connection.scalar(select(tables.study.c.exam_year))
    assert sorted(numbers) == [1, 2]
    assert (row.latest, row.view, year) == (2, "ML", 2020)
    assert standing(publisher, "better") is Standing.KNOWN
    # What was first may come back: then it is a correction too, by yet another export.
    assert standing(publisher) is Standing.REVISED


def test_a_late_copy_of_an_old_draft_does_not_undo_a_correction(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(7))
    better = new_revision(instance(7, 1), "better")
    publisher.publish(draft(7, better, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    publisher.publish(draft(7))
    assert counted(catalogue_engine)["revision"] == 5
    assert standing(publisher, "better") is Standing.KNOWN


@pytest.mark.parametrize(
    "late",
    [
        draft(7, export_id="export-2"),
        draft(7, new_revision(instance(7, 1), "better"), export_id="export-2"),
        draft(7, new_revision(instance(7, 1), pixels="other"), export_id="export-2"),
    ],
    ids=["known", "revised", "conflict"],
)
def test_a_draft_made_from_an_old_look_is_a_race(
    publisher: CataloguePublisher, catalogue_engine: Engine, late: Any
) -> None:
    publisher.publish(draft(7))
    before = counted(catalogue_engine)
    with pytest.raises(RaceError):
        publisher.publish(late)
    assert counted(catalogue_engine) == before


CONTRADICTIONS = {
    "subject": (draft(7, export_id="e2", subject="another"), Reason.OTHER_SUBJECT),
    "holder": (draft(7, export_id="e2", holder_id="skane", region="sk"), Reason.OTHER_HOLDER),
    "export": (draft(8, holder_id="skane", region="sk"), Reason.OTHER_HOLDER),
    "series": (draft(8, new_revision(instance(8, 1, series_uid="2.25.7.1"))), Reason.OTHER_STUDY),
    "instance": (
        draft(8, new_revision(instance(8, 1, sop_uid="2.25.7.1.1"), "x")),
        Reason.OTHER_STUDY,
    ),
    "twice": (draft(8, *[new_revision(instance(8, 1))] * 2), Reason.MIXED_DRAFT),
    "two studies": (
        draft(8, new_revision(instance(8, 1)), new_revision(instance(9, 1))),
        Reason.MIXED_DRAFT,
    ),
    "nobody": (draft(8, subject=""), Reason.MIXED_DRAFT),
    "miscounted": (draft(8, outcomes={Outcome.ADMITTED: 3}), Reason.MISCOUNTED),
}


def test_a_contradiction_is_never_written(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(7))
    before = counted(catalogue_engine)
    for name, (bad, reason) in CONTRADICTIONS.items():
        with pytest.raises(ConflictError) as caught:
            publisher.publish(bad)
        assert (name, caught.value.reason) == (name, reason)
        assert counted(catalogue_engine) == before


def test_a_holder_must_be_known_in_its_region(publisher: CataloguePublisher) -> None:
    with pytest.raises(NotFoundError):
        publisher.publish(draft(7, holder_id="nobody"))
    with pytest.raises(NotFoundError):
        publisher.publish(draft(7, region="sk"))


def test_two_workers_publish_the_same_draft_at_once(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    assert race(publisher, [draft(7)] * 4) == []
    assert counted(catalogue_engine)["revision"] == 4
    assert counted(catalogue_engine)["outcome"] == 1


def test_two_exports_race_for_one_study(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    errors = race(publisher, [draft(7, export_id=f"export-{n}") for n in range(4)])
    assert [type(error) for error in errors] == [RaceError] * 3
    assert counted(catalogue_engine)["revision"] == 4
    assert counted(catalogue_engine)["outcome"] == 1


def test_two_workers_publish_the_same_correction_at_once(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(7))
    better = tuple(new_revision(instance(7, n), "better") for n in range(1, 5))
    late = draft(7, *better, outcomes={Outcome.REVISED: 4}, export_id="export-2")
    publisher.publish(replace(late, revisions=(), outcomes={}))  # only the study is fought over
    assert race(publisher, [late] * 4) == []
    assert counted(catalogue_engine)["revision"] == 8


def test_many_workers_publish_studies_of_one_subject(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    assert race(publisher, [draft(n, subject="one") for n in range(1, 9)]) == []
    assert counted(catalogue_engine)["study"] == 8
    assert counted(catalogue_engine)["subject"] == 1


def race(publisher: CataloguePublisher, drafts: list[Any]) -> list[CatalogError]:
    ready, errors = threading.Barrier(len(drafts)), []

    def work(one: Any) -> None:
        ready.wait()
        try:
            publisher.publish(one)
        except CatalogError as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(one,)) for one in drafts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return errors


def settled(engine: Engine) -> dict[str, int]:
    counted = select(tables.outcome.c.outcome, func.sum(tables.outcome.c.instances))
    with reading(engine) as connection:
        return dict(connection.execute(counted.group_by(tables.outcome.c.outcome)).tuples().all())


def test_the_tally_of_an_export(publisher: CataloguePublisher, catalogue_engine: Engine) -> None:
    publisher.publish(draft(1))
    rest = {Outcome.REFUSED: 2, Outcome.UNREADABLE: 1}
    publisher.publish(replace(draft(2), revisions=(), subject="", outcomes=rest))
    counts = {Outcome.ADMITTED: 4, **rest}
    summary = ExportSummary("export-1", "vgr", "D-1", Tally(6, 1, counts))
    for _ in range(2):
        publisher.record_tally(summary)
    assert settled(catalogue_engine) == counts
    with reading(catalogue_engine) as connection:
        row = connection.execute(select(tables.export)).one()
    assert (row.claimed, row.foreign_files, row.disclosure_reference) == (6, 1, "D-1")
    assert summary.tally.matches
    assert not Tally(7, 1, counts).matches
    with pytest.raises(ConflictError):
        publisher.record_tally(replace(summary, holder_id="skane"))


def test_a_second_run_replaces_a_study_s_counts(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(draft(1))
    publisher.publish(replace(draft(1), revisions=(), outcomes={Outcome.KNOWN: 4}))
    publisher.record_tally(ExportSummary("export-1", "vgr", "D-1", Tally(4, 0, {})))
    assert settled(catalogue_engine) == {Outcome.KNOWN: 4}


def test_holders_are_entered_once_and_kept_to_their_region(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    renamed = Holder("vgr", "vg", "Västra Götalandsregionen")
    add_holder(catalogue_engine, renamed)
    assert get_holder(catalogue_engine, "vgr") == publisher.holder("vgr") == renamed
    assert [one.id for one in list_holders(catalogue_engine)] == ["skane", "vgr"]
    with pytest.raises(ConflictError):
        add_holder(catalogue_engine, replace(renamed, region="sk"))
    with pytest.raises(NotFoundError):
        add_holder(catalogue_engine, Holder("x", "nowhere", "X"))
    with pytest.raises(NotFoundError):
        get_holder(catalogue_engine, "x")


def test_no_record_shows_an_identity(publisher: CataloguePublisher) -> None:
    one = draft(7)
    shown = repr((one, one.revisions[0], one.revisions[0].instance, one.revisions[0].stored))
    assert "2.25" not in shown
    assert "subject-7" not in shown
    assert "clean/" not in shown
