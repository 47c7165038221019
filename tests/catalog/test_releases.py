"""A release is frozen, built, sealed, and then only read: by its permit, and never what is held."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from catalog import holds, permits, releases, tables
from catalog.database import reading
from catalog.errors import (
    CatalogError,
    ConflictError,
    HeldError,
    NotFoundError,
    PermitError,
    RaceError,
)
from catalog.holds import HoldTarget
from catalog.outcome import Outcome
from catalog.releases import ReleasedInstance, RevisionRef
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, ReleaseState, View
from tests.catalog.making import TODAY, WHO, draft, instance, new_revision, permit, prepared

DOOR: dict[str, Any] = {"who": WHO, "today": TODAY}


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1))
    publisher.publish(draft(2))
    permits.create(catalogue_engine, permit())
    return catalogue_engine


def hold(engine: Engine, scope: HoldScope, value: str) -> int:
    target = HoldTarget(scope, value)
    return holds.place(engine, HoldKind.RECALLED, target, reason="r", who="officer")


def rekeyed(ref: RevisionRef) -> ReleasedInstance:
    return ReleasedInstance(
        revision_id=ref.revision_id,
        pseudonym=ref.pseudonym.replace("subject", "released"),
        study_uid=ref.study_uid.replace("2.25.", "2.25.9"),
        series_uid=ref.series_uid.replace("2.25.", "2.25.9"),
        sop_uid=ref.sop_uid.replace("2.25.", "2.25.9"),
        file_name=f"{ref.sop_uid}.dcm",
        header_key=f"releases/{ref.revision_id}",
        header_size=900,
        sha256="0" * 64,
        crc32=0xFFFFFFFF,
    )


def built(engine: Engine, query: Query | None = None, permit_id: str = "permit-1") -> str:
    release = releases.freeze(engine, permit_id, query or Query(), today=TODAY)
    made = [rekeyed(ref) for ref in releases.pending(engine, release.id)]
    releases.add_instance(engine, release.id, *made)
    return releases.seal(engine, release.id, today=TODAY).id


def test_a_release_is_frozen_built_and_sealed(engine: Engine) -> None:
    release = releases.freeze(engine, "permit-1", Query(view=View.CC), today=TODAY)
    assert (release.number, release.state, release.instances) == (1, ReleaseState.BUILDING, 4)
    refs = list(releases.pending(engine, release.id))
    assert [ref.sop_uid for ref in refs] == ["2.25.1.1.1", "2.25.1.1.3", "2.25.2.1.1", "2.25.2.1.3"]
    assert (refs[0].size, refs[0].pixel_offset, refs[0].pseudonym) == (3000, 1000, "subject-1")
    with pytest.raises(ConflictError):
        releases.seal(engine, release.id, today=TODAY)
    for _ in range(2):
        releases.add_instance(engine, release.id, *(rekeyed(ref) for ref in refs[:3]))
    assert list(map(repr, releases.pending(engine, release.id))) != []
    with pytest.raises(NotFoundError):
        releases.list_studies(engine, "permit-1", **DOOR)
    releases.add_instance(engine, release.id, rekeyed(refs[3]))
    sealed = releases.seal(engine, release.id, today=TODAY)
    assert sealed == releases.seal(engine, release.id, today=TODAY)
    assert (sealed.state, sealed.sealed_at is not None) == (ReleaseState.SEALED, True)
    with pytest.raises(ConflictError):
        releases.add_instance(engine, release.id, rekeyed(refs[0]))
    assert releases.releases_of(engine, "permit-1") == (sealed,)


def test_only_what_was_frozen_can_be_added_and_each_under_its_own_name(engine: Engine) -> None:
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    first, second, *_ = (rekeyed(ref) for ref in releases.pending(engine, release.id))
    with pytest.raises(NotFoundError):
        releases.add_instance(engine, release.id, replace(first, revision_id=999))
    with pytest.raises(RaceError):
        releases.add_instance(engine, release.id, first, replace(second, sop_uid=first.sop_uid))
    for act in (releases.seal, releases.pending):
        with pytest.raises(NotFoundError):
            act(engine, "unknown")


def test_freezing_asks_the_permit(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        releases.freeze(engine, "unknown", Query(), today=TODAY)
    with pytest.raises(PermitError):
        releases.freeze(engine, "permit-1", Query(), today=date(2027, 1, 1))
    assert releases.releases_of(engine, "permit-1") == ()


def test_the_door_is_told_where_the_bytes_lie(engine: Engine) -> None:
    built(engine)
    found = releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR)
    assert (found.header_size, found.pixel_offset, found.pixel_size) == (900, 1000, 2000)
    assert (found.size, found.crc32) == (2900, 0xFFFFFFFF)
    assert found.header_key == "releases/1"
    assert found.clean_key.startswith("clean/")
    assert (found.study_uid, found.series_uid) == ("2.25.91", "2.25.91.1")
    assert (found.modality, found.sop_class_uid) == ("MG", "1.2.840.10008.5.1.4.1.1.1.2")
    assert "2.25" not in repr(found)


def test_lists_and_manifest_tell_the_same(engine: Engine) -> None:
    built(engine)
    first, second = releases.list_studies(engine, "permit-1", **DOOR)
    assert (first.study_uid, first.pseudonym, first.modalities) == (
        "2.25.91",
        "released-1",
        ("MG",),
    )
    assert (first.series, first.instances, first.size) == (1, 4, 11_600)
    assert [
        one.study_uid
        for one in releases.list_studies(engine, "permit-1", after=first.study_uid, **DOOR)
    ] == [second.study_uid]
    assert len(releases.list_studies(engine, "permit-1", limit=1, **DOOR)) == 1
    listed = releases.list_instances(engine, "permit-1", "2.25.91", **DOOR)
    one_series = releases.list_instances(
        engine, "permit-1", "2.25.91", series_uid="2.25.91.1", **DOOR
    )
    assert listed == one_series
    everything = list(releases.manifest(engine, "permit-1", **DOOR))
    assert [one.file_name for one in everything] == sorted(one.file_name for one in everything)
    assert set(listed) < set(everything)
    assert len(everything) == 8
    for study, series in (("2.25.0", None), ("2.25.91", "2.25.92.1")):
        with pytest.raises(NotFoundError):
            releases.list_instances(engine, "permit-1", study, series_uid=series, **DOOR)


def test_a_long_manifest_comes_in_batches(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog.releases import building, serving

    monkeypatch.setattr(serving, "_BATCH", 3)
    monkeypatch.setattr(building, "_BATCH", 3)
    built(engine)
    names = [one.file_name for one in releases.manifest(engine, "permit-1", **DOOR)]
    assert len(names) == len(set(names)) == 8


def ask(engine: Engine, permit_id: str, **door: Any) -> list[type[CatalogError]]:
    calls: tuple[Any, ...] = (
        lambda: releases.servable(engine, permit_id, "2.25.91.1.1", **door),
        lambda: releases.list_studies(engine, permit_id, **door),
        lambda: releases.list_instances(engine, permit_id, "2.25.91", **door),
        lambda: releases.manifest(engine, permit_id, **door),
    )
    errors = []
    for call in calls:
        with pytest.raises(CatalogError) as caught:
            call()
        errors.append(type(caught.value))
    return errors


def test_every_call_asks_the_permit(engine: Engine) -> None:
    built(engine)
    assert ask(engine, "unknown", **DOOR) == [NotFoundError] * 4
    assert ask(engine, "permit-1", who="stranger", today=TODAY) == [NotFoundError] * 4
    assert ask(engine, "permit-1", who=WHO, today=date(2027, 1, 1)) == [PermitError] * 4
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    assert ask(engine, "permit-1", **DOOR) == [PermitError] * 4


def test_a_permit_revoked_while_a_manifest_is_read_ends_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.releases import serving

    monkeypatch.setattr(serving, "_BATCH", 2)
    built(engine)
    rows = releases.manifest(engine, "permit-1", **DOOR)
    assert next(rows)
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    with pytest.raises(PermitError):
        list(rows)


@pytest.mark.parametrize(
    ("scope", "value", "left"),
    [
        (HoldScope.SUBJECT, "subject-1", [4]),
        (HoldScope.STUDY, "2.25.1", [4]),
        (HoldScope.INSTANCE, "2.25.1.1.1", [3, 4]),
        (HoldScope.REVISION, "1", [3, 4]),
    ],
)
def test_what_is_held_leaves_a_sealed_release(
    engine: Engine, scope: HoldScope, value: str, left: list[int]
) -> None:
    built(engine)
    number = hold(engine, scope, value)
    with pytest.raises(HeldError):
        releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR)
    studies = releases.list_studies(engine, "permit-1", **DOOR)
    assert [study.instances for study in studies] == left
    assert len(list(releases.manifest(engine, "permit-1", **DOOR))) == sum(left)
    holds.lift(engine, number, who="officer")
    assert releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR)


def test_what_is_held_is_not_frozen_and_not_waited_for(engine: Engine) -> None:
    hold(engine, HoldScope.SUBJECT, "subject-1")
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    assert release.instances == 4
    refs = list(releases.pending(engine, release.id))
    hold(engine, HoldScope.INSTANCE, refs[0].sop_uid)
    releases.add_instance(engine, release.id, *(rekeyed(ref) for ref in refs[1:]))
    releases.seal(engine, release.id, today=TODAY)
    assert len(list(releases.manifest(engine, "permit-1", **DOOR))) == 3


def test_a_held_latest_revision_does_not_bring_an_older_one_back(engine: Engine) -> None:
    publisher = prepared(engine)
    better = new_revision(instance(1, 1), "better")
    publisher.publish(draft(1, better, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    hold(engine, HoldScope.REVISION, "9")
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    refs = list(releases.pending(engine, release.id))
    assert "2.25.1.1.1" not in {ref.sop_uid for ref in refs}
    assert release.instances == len(refs) == 7


def test_a_sealed_release_keeps_its_bytes_when_a_study_is_corrected(engine: Engine) -> None:
    built(engine)
    before = releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR)
    better = new_revision(instance(1, 1), "better")
    prepared(engine).publish(draft(1, better, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    assert releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR) == before
    built(engine)
    after = releases.servable(engine, "permit-1", "2.25.91.1.1", **DOOR)
    assert after.clean_key != before.clean_key


def test_readers_see_the_newest_sealed_release(engine: Engine) -> None:
    built(engine)
    built(engine, Query(view=View.CC))
    releases.freeze(engine, "permit-1", Query(), today=TODAY)
    numbers = [one.number for one in releases.releases_of(engine, "permit-1")]
    assert numbers == [3, 2, 1]
    assert len(list(releases.manifest(engine, "permit-1", **DOOR))) == 4


def test_one_permit_opens_no_door_to_another(engine: Engine) -> None:
    built(engine)
    permits.create(engine, permit("permit-2"))
    assert ask(engine, "permit-2", **DOOR) == [NotFoundError] * 4


def states(engine: Engine, permit_id: str = "permit-1") -> list[tuple[int, str]]:
    return [(one.number, one.state.value) for one in releases.releases_of(engine, permit_id)]


def rows(engine: Engine) -> int:
    with reading(engine) as connection:
        counted = select(func.count()).select_from(tables.release_instance)
        return connection.scalar(counted) or 0


def test_a_release_that_was_not_finished_gives_way_to_the_next(engine: Engine) -> None:
    permits.create(engine, permit("permit-2"))
    begun = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    other = releases.freeze(engine, "permit-2", Query(), today=TODAY)
    before = rows(engine)
    again = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    assert states(engine) == [(1, "BUILDING")]
    assert rows(engine) == before
    with pytest.raises(NotFoundError):
        releases.seal(engine, begun.id, today=TODAY)
    assert [one.id for one in releases.releases_of(engine, "permit-2")] == [other.id]
    assert [one.id for one in releases.releases_of(engine, "permit-1")] == [again.id]


def test_a_sealed_release_is_never_given_up(engine: Engine) -> None:
    nothing = Query(holder="nobody")
    sealed = releases.freeze(engine, "permit-1", nothing, today=TODAY)
    releases.seal(engine, sealed.id, today=TODAY)
    releases.discard(engine, sealed.id)
    begun = releases.freeze(engine, "permit-1", nothing, today=TODAY)
    assert states(engine) == [(2, "BUILDING"), (1, "SEALED")]
    releases.discard(engine, begun.id)
    releases.discard(engine, begun.id)
    assert states(engine) == [(1, "SEALED")]
