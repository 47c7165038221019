"""What is erased is nowhere, its proof says so, and a frozen release counts what it lost."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine, MetaData, select, text

from catalog import audit, holds, permits, releases, subjects
from catalog.arrivals.tables import arrival
from catalog.columns import now
from catalog.database import reading, writing
from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.erasures.records import Extent, Store
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.findings import findings
from catalog.holds import HoldTarget
from catalog.recalls import recalling
from catalog.recalls.records import Criteria
from catalog.releases import deliveries
from catalog.search import Query, search
from catalog.vocabulary import HoldKind, HoldScope
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
from tests.catalog.test_derived import image, mask, study
from tests.catalog.test_releases import built

SUBJECT, STUDY, INSTANCE = HoldScope.SUBJECT, HoldScope.STUDY, HoldScope.INSTANCE
ENOUGH = "she asked for it"


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1))
    publisher.publish(draft(2, subject="subject-1"))
    publisher.publish(draft(3))
    permits.create(catalogue_engine, permit())
    built(catalogue_engine)
    return catalogue_engine


def asked(scope: HoldScope, value: str) -> Asked:
    return Asked(HoldTarget(scope, value), "7/2026", ENOUGH, "officer")


def everywhere(engine: Engine, *but: str) -> str:
    """Give all that the database holds, as one text."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for name, table in found.tables.items()
            if name not in but
            for row in connection.execute(select(table))
        )


CASES = {
    "a woman": (asked(SUBJECT, "subject-1"), Extent(2, 8, 8, 8, 8)),
    "a study": (asked(STUDY, "2.25.1"), Extent(1, 4, 4, 4, 4)),
    "an image": (asked(INSTANCE, "2.25.1.1.3"), Extent(1, 1, 1, 1, 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_counted_goes_and_a_tombstone_counts_it(engine: Engine, case: str) -> None:
    what, extent = CASES[case]
    assert erasing.extent(engine, what.target) == extent
    made = erasing.begin(engine, what, {})
    assert (made.studies, made.instances) == (extent.studies, extent.instances)
    assert made.objects == extent.objects + extent.headers
    (release,) = releases.releases_of(engine, "permit-1")
    assert release.instances == 12
    assert erasing.erased_of(engine, release.id) == extent.released
    left = releases.contents(engine, release.id)
    assert left.instances == 12 - extent.released
    assert len(list(releases.manifest(engine, "permit-1", who=WHO, today=TODAY))) == left.instances
    with pytest.raises(NotFoundError):
        erasing.begin(engine, what, {})


def test_no_name_of_hers_is_left_but_the_hold_that_keeps_her_out(engine: Engine) -> None:
    for scope, value in ((STUDY, "2.25.1"), (INSTANCE, "2.25.2.1.1"), (HoldScope.REVISION, "1")):
        target = HoldTarget(scope, value)
        holds.place(engine, HoldKind.WITHDRAWN, target, reason="r", who="w")
    erasing.begin(engine, asked(SUBJECT, "subject-1"), {})
    before = everywhere(engine, "erased_object", "access_log")
    assert before.count("subject-1") == 1
    for name in ("2.25.1", "2.25.2", "released-1"):
        assert f"'{name}" not in before
    assert "2.25.3.1.1" in before
    (one,) = [one for one in holds.list_holds(engine) if one.kind is HoldKind.ERASED]
    assert one.target == HoldTarget(SUBJECT, "subject-1")
    assert [s.instances for s in search(engine, Query()).studies] == [4]


def test_a_woman_goes_under_all_her_pseudonyms(engine: Engine) -> None:
    subjects.merge(engine, old="subject-3", new="subject-1", weeks=2, reason="r", who="w")
    erasing.begin(engine, asked(SUBJECT, "subject-3"), {})
    assert search(engine, Query()).studies == ()
    held = {one.target.value for one in holds.list_holds(engine)}
    assert held == {"subject-1", "subject-3"}
    with engine.connect() as connection:
        for table in ("subject", "subject_merge", "study", "series", "instance", "revision"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_what_was_erased_does_not_come_back(engine: Engine) -> None:
    erasing.begin(engine, asked(STUDY, "2.25.1"), {})
    publisher = prepared(engine)
    with pytest.raises(ConflictError) as caught:
        publisher.publish(draft(1))
    assert caught.value.reason is Reason.ERASED
    told = publisher.contradiction(instance(1, 1), subject="subject-1", holder_id="vgr")
    assert told is Reason.ERASED
    assert publisher.contradiction(instance(2, 9), subject="subject-1", holder_id="vgr") is None
    (one,) = holds.list_holds(engine)
    holds.lift(engine, one.id, who="officer", reason="it was another study")
    publisher.publish(draft(1))


def test_what_was_derived_of_an_image_goes_with_it(catalogue_engine: Engine) -> None:
    prepared(catalogue_engine).publish(study(image(), image(2), derived=(mask(),)))
    (found,) = search(catalogue_engine, Query()).studies
    before = erasing.extent(catalogue_engine, HoldTarget(INSTANCE, "2.25.7.1.1"))
    assert before.instances > 1
    erasing.begin(catalogue_engine, asked(INSTANCE, "2.25.7.1.1"), {})
    left = search(catalogue_engine, Query()).studies
    assert sum(one.instances for one in left) == found.instances - before.instances


def test_what_regions_were_told_loses_her_uids(engine: Engine) -> None:
    answer = {"revisions": {"2.25.1.1.1": 1, "2.25.3.1.1": 1}}
    row = {
        "id": "a" * 32,
        "region_id": "vg",
        "holder_id": "vgr",
        "export_id": "export-1",
        "study_ordinal": 1,
        "sha256": "0" * 64,
        "message": "",
        "state": "PUBLISHED",
        "answer": json.dumps(answer),
        "received_at": now(),
        "settled_at": now(),
    }
    with writing(engine) as connection:
        connection.execute(arrival.insert().values(row))
    erasing.begin(engine, asked(STUDY, "2.25.1"), {})
    with reading(engine) as connection:
        told = json.loads(connection.scalar(select(arrival.c.answer)) or "")
    assert told == {"revisions": {"2.25.3.1.1": 1}}


def test_an_object_that_another_revision_names_stays(catalogue_engine: Engine) -> None:
    publisher = prepared(catalogue_engine)
    shared = new_revision(instance(1, 1))
    publisher.publish(draft(1, shared))
    publisher.publish(draft(2, replace(new_revision(instance(2, 1)), stored=shared.stored)))
    assert erasing.extent(catalogue_engine, HoldTarget(STUDY, "2.25.1")).objects == 0


def test_the_list_is_worked_off_and_the_proof_names_digests_only(engine: Engine) -> None:
    number = erasing.begin(engine, asked(INSTANCE, "2.25.1.1.3"), {}).id
    first, second = erasing.doomed(engine, number)
    assert (first.store, second.store) == (Store.CLEAN, Store.RELEASES)
    erasing.gone(engine, first)
    assert erasing.end(engine, number, who="officer").ended_at is None
    (left,) = erasing.doomed(engine, number)
    erasing.gone(engine, left)
    done = erasing.end(engine, number, who="officer")
    assert done.ended_at is not None
    assert erasing.end(engine, number, who="officer") == done == erasing.every(engine)[0]
    proofs = erasing.proofs(engine, number)
    assert len({one.key_sha256 for one in proofs}) == 2
    assert first.key not in everywhere(engine)
    lines = [(line.action, line.object) for line in audit.entries(engine)]
    assert lines[-2:] == [("erase", "erasure:1"), ("erased", "erasure:1")]


def test_who_was_delivered_a_copy_is_told_until_it_is_gone(engine: Engine) -> None:
    let_in(engine, "spe-7", "permit-1")
    (release,) = releases.releases_of(engine, "permit-1")
    deliveries.begin(engine, "permit-1", release.id, "spe-7", who="ops")
    number = erasing.begin(engine, asked(STUDY, "2.25.1"), {}).id
    assert erasing.copies(engine, number) == (("permit-1", "spe-7"),)
    told = {"proof_sha256": "0" * 64, "who": "ops"}
    deliveries.proven_gone(engine, "permit-1", "spe-7", **told)
    assert erasing.copies(engine, number) == ()


def test_findings_and_recalls_keep_no_name_of_it(engine: Engine) -> None:
    kept, gone, whole = "2.25.91.1.1", "2.25.91.1.3", "2.25.91"
    for uid in (kept, gone, whole):
        findings.report(engine, "permit-1", uid, reason="r", who="anna")
        by_release = Criteria(instance=uid, permit="permit-1")
        recalling.place(engine, by_release, reason="r", who="o")
    recalling.place(engine, Criteria(instance="2.25.1.1.3"), reason="r", who="o")
    first = f"erasure:{erasing.begin(engine, asked(INSTANCE, '2.25.1.1.3'), {}).id}"

    def names() -> tuple[list[str], list[str]]:
        told = [one.release_uid for one in findings.every(engine)]
        return told, [one.criteria["instance"] for one in recalling.every(engine)]

    assert names() == ([kept, first, whole], [kept, first, whole, first])
    second = f"erasure:{erasing.begin(engine, asked(STUDY, '2.25.1'), {}).id}"
    assert names() == ([second, first, second], [second, first, second, first])


def test_papers_of_a_release_begun_before_are_not_entered(engine: Engine) -> None:
    begun = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    paper = releases.Paper("selection/2.25.7", "k", 1, "0" * 64)
    releases.add_papers(engine, begun.id, [paper])
    erasing.begin(engine, asked(STUDY, "2.25.1"), {})
    with pytest.raises(NotFoundError):
        releases.add_papers(engine, begun.id, [replace(paper, name="selection/2.25.8")])
    anew = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    releases.add_papers(engine, anew.id, [paper])


@pytest.mark.parametrize("scope", HoldScope)
def test_what_is_not_known_cannot_be_erased(engine: Engine, scope: HoldScope) -> None:
    with pytest.raises(NotFoundError):
        erasing.begin(engine, asked(scope, "2.25.99"), {})
    assert erasing.every(engine) == ()
    assert holds.list_holds(engine) == ()
