"""Clean objects against the catalogue: what a crash leaves goes, what is lost is held."""

import hashlib
import io
import time
from dataclasses import replace

import pytest

from catalog import audit, holds
from catalog.errors import Reason, StorageError
from catalog.search import Query, search
from catalog.vocabulary import HoldKind, HoldScope
from flows.reconcile import sweeping
from flows.reconcile.kinds import RULES, Kind
from tests.flows.conftest import DECISION, on_both
from tests.flows.making import counts, registered, walked
from tests.flows.reconcile.conftest import NOW, WEEK, later

ALL = 4 * 6  # an image, a mask, a report and three previews


def images(hub) -> int:
    return sum(one.images for one in search(hub.catalogue, Query()).studies)


def again(region, deidentify_with, export_id):
    return counts(walked(region, deidentify_with, region.ledger.export(export_id)))


def overwritten(own, key: str, data: bytes) -> None:
    """Change an object behind the store's back: its label stays."""
    label = {"sha256": own["clean"].stat(key).sha256}
    client = own["clean"]._client
    client.put_object("own-clean", key, io.BytesIO(data), len(data), metadata=label)


def flipped(own, key: str) -> None:
    data = bytearray(b"".join(own["clean"].get(key)))
    data[len(data) // 2] ^= 1
    overwritten(own, key, bytes(data))


def only(hub, suffix: str, number: int = 0) -> str:
    return sorted(key for key in hub.clean.keys() if key.endswith(suffix))[number]  # noqa: SIM118


def test_every_kind_has_its_rule():
    assert set(RULES) == set(Kind)


@on_both
def test_where_all_is_as_it_should_be_nothing_is_found(stocked, look, hub):
    for changes in ({}, {"mend": True}, {"sums": True}):
        report = look(**changes)
        assert (report.found, report.is_well) == ({}, True)
    assert report.read == ALL
    assert list(audit.entries(hub.catalogue)) == []


@on_both
def test_what_a_crash_before_publishing_left_is_removed(crash, look, hub, region, deidentify_with):
    export_id = crash()
    assert look().found == {Kind.ORPHAN: ALL}
    assert len(list(hub.clean.keys())) == ALL
    report = look(mend=True)
    assert (report.found, report.mended) == ({Kind.ORPHAN: ALL}, {Kind.ORPHAN: ALL})
    assert report.is_well
    assert list(hub.clean.keys()) == []
    lines = list(audit.entries(hub.catalogue))
    assert {(line.actor, line.action, line.outcome) for line in lines} == {
        ("anna.a", "remove", "ORPHAN")
    }
    assert len(lines) == ALL
    assert not any("2.25." in line.object for line in lines)
    assert look(mend=True).found == {}
    assert again(region, deidentify_with, export_id) == {"ADMITTED": 4}
    assert {Kind.ORPHAN, Kind.MISSING}.isdisjoint(look(sums=True).found)


def test_what_is_young_is_left_alone(crash, look, hub):
    crash()
    report = look(mend=True, older=WEEK)
    assert (report.found, report.is_well) == ({Kind.YOUNG: ALL}, True)
    assert len(list(hub.clean.keys())) == ALL


def test_a_study_under_way_is_not_touched(
    region, deidentify_with, export_folder, four, look, monkeypatch
):
    seen = []
    publish = region.publisher.publish

    def meanwhile(draft):
        if draft.revisions:
            seen.append(look(mend=True, older=WEEK))
        return publish(draft)

    monkeypatch.setattr(region.publisher, "publish", meanwhile)
    export = registered(region, export_folder, DECISION)
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}
    (report,) = seen
    assert report.found == {Kind.YOUNG: ALL}
    assert look(older=WEEK, sums=True).found == {}


def test_what_is_wanted_again_in_the_last_moment_stays(
    crash, look, region, deidentify_with, hub, monkeypatch
):
    export_id = crash()
    hub.clean.put("prov/left/0.dcm", io.BytesIO(b"left"), 4, hashlib.sha256(b"left").hexdigest())
    time.sleep(3.1)  # a store's clock tells seconds
    monkeypatch.setattr("catalog.minio_store.FRESH", NOW)
    find, publish = sweeping._find, region.publisher.publish

    def dies(draft):
        if draft.revisions:
            raise KeyboardInterrupt
        return publish(draft)

    def first(bucket, asked, *others):
        found = find(bucket, asked, *others)
        if bucket.kind is Kind.ORPHAN:
            monkeypatch.setattr(region.publisher, "publish", dies)
            with pytest.raises(KeyboardInterrupt):
                again(region, deidentify_with, export_id)
            object.__setattr__(asked, "older", hub.clean.age("prov/left/0.dcm"))
            assert max(hub.clean.age(key) for key in found if "left" not in key) < asked.older
        return found

    monkeypatch.setattr(sweeping, "_find", first)
    assert look(mend=True).mended == {Kind.ORPHAN: 1}
    assert len(list(hub.clean.keys())) == ALL
    monkeypatch.undo()
    assert again(region, deidentify_with, export_id) == {"ADMITTED": 4}
    assert look(older=WEEK, sums=True).found == {}


def test_what_is_published_in_the_last_moment_stays(
    crash, look, region, deidentify_with, monkeypatch
):
    export_id = crash()
    find = sweeping._find

    def first(bucket, *arguments):
        found = find(bucket, *arguments)
        if bucket.kind is Kind.ORPHAN:
            again(region, deidentify_with, export_id)
        return found

    monkeypatch.setattr(sweeping, "_find", first)
    report = look(mend=True)
    assert report.mended == {}
    monkeypatch.undo()
    assert Kind.ORPHAN not in look(sums=True, older=WEEK).found


def test_a_clock_that_jumped_removes_nothing(crash, look, hub):
    crash()
    report = look(mend=True, older=WEEK, moment=later(days=30))
    assert (report.found[Kind.ORPHAN], report.mended) == (ALL, {})
    assert len(list(hub.clean.keys())) == ALL


def test_a_catalogue_that_forgot_much_costs_nothing(crash, look, hub):
    crash()
    report = look(mend=True, most=ALL - 1)
    assert (report.too_many, report.mended, report.is_well) == ({Kind.ORPHAN}, {}, False)
    assert len(list(hub.clean.keys())) == ALL
    assert look(mend=True, most=ALL).is_well


def test_who_may_not_remove_says_so(crash, look, side):
    crash()
    assert not look(of=replace(side, sweeper=None), mend=True).is_well

    class Refusing:
        age, stat = side.clean.age, side.clean.stat

        def remove(self, _key):
            raise StorageError(Reason.REFUSED)

    report = look(of=replace(side, sweeper=Refusing()), mend=True)
    assert (report.found, report.mended) == ({Kind.ORPHAN: ALL}, {})


@on_both
def test_a_record_without_its_object_is_held_once(stocked, look, hub, own):
    key = only(hub, ".dcm")
    kept = b"".join(hub.clean.get(key))
    hub.clean.remove(key)
    assert look().found == {Kind.MISSING: 1}
    assert holds.list_holds(hub.catalogue) == ()
    for expected in (1, 0):
        report = look(mend=True)
        assert (report.found, report.held) == ({Kind.MISSING: 1}, expected)
        assert not report.is_well
    (hold,) = holds.list_holds(hub.catalogue)
    assert (hold.kind, hold.target.scope, hold.placed_by) == (
        HoldKind.RECALLED,
        HoldScope.REVISION,
        "anna.a",
    )
    assert hold.reason == "reconcile: its object is not in the store"
    assert report.named[Kind.MISSING] == [f"revision {hold.target.value}"]
    hub.clean.put(key, io.BytesIO(kept), len(kept), hashlib.sha256(kept).hexdigest())
    assert look(sums=True).found == {}


def test_what_is_held_is_not_found_by_the_door(stocked, look, hub):
    assert images(hub) == 4
    every = [key for key in hub.clean.keys() if key.endswith(".dcm")]  # noqa: SIM118
    for key in every:
        hub.clean.remove(key)
    assert look(mend=True).found == {Kind.MISSING: len(every)}
    assert images(hub) == 0


def test_another_size_is_held(stocked, look, hub, own):
    overwritten(own, only(hub, ".dcm"), b"short")
    report = look(mend=True)
    assert (report.found, report.held) == ({Kind.RESIZED: 1}, 1)


def test_one_flipped_byte_is_found(stocked, look, hub, own):
    key = only(hub, ".dcm", 3)
    flipped(own, key)
    assert look().found == {}
    report = look(sums=True)
    assert (report.found, report.held, report.read) == ({Kind.DAMAGED: 1}, 0, ALL)
    assert look(sums=True, mend=True).held == 1
    (hold,) = holds.list_holds(hub.catalogue)
    assert hold.reason == "reconcile: its object has other bytes than recorded"


def test_parts_together_read_all_and_each_object_once(stocked, look, hub, own):
    flipped(own, only(hub, ".dcm", 5))
    reports = [look(sums=True, share=(number, 3)) for number in (1, 2, 3)]
    assert sum(report.read for report in reports) == ALL
    assert sum(report.found[Kind.DAMAGED] for report in reports) == 1


def test_since_leaves_out_what_was_read_before(stocked, look):
    assert look(sums=True, since=later(days=-1)).read == ALL
    assert look(sums=True, since=later(days=1)).read == 0


@pytest.mark.parametrize("harm", ["gone", "flipped"])
def test_a_preview_is_told_and_nothing_is_held(stocked, look, hub, own, harm):
    key = only(hub, ".png")
    if harm == "gone":
        hub.clean.remove(key)
    else:
        flipped(own, key)
    report = look(mend=True, sums=True)
    assert (report.found, report.held, report.is_well) == ({Kind.PREVIEW: 1}, 0, False)


def test_what_the_store_cannot_read_is_no_reason_to_give_up(stocked, look, side, hub):
    broken = only(hub, ".dcm")

    class Bad:
        stat, listed, age = hub.clean.stat, hub.clean.listed, hub.clean.age

        def get(self, key):
            if key == broken:
                raise StorageError
            return hub.clean.get(key)

    report = look(of=replace(side, clean=Bad()), sums=True)
    assert (report.found, report.read) == ({Kind.UNREADABLE: 1}, ALL)


def test_a_store_that_is_away_is_an_error_and_no_finding(stocked, look, side, s3):
    from catalog.minio_store import MinioStore
    from tests.servers import free_ports

    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    away = MinioStore(nowhere, s3.credentials["admin"], "own-clean", secure=False, timeout=1.0)
    with pytest.raises(StorageError):
        look(of=replace(side, clean=away), mend=True)
