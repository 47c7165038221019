"""What happens to a delivery while it runs: a Hold, midnight; and what a bucket keeps of it."""

import json
from datetime import timedelta

import pytest
from minio import Minio
from minio.versioningconfig import ENABLED, VersioningConfig

from catalog import holds, releases
from catalog.accounts import accounts
from catalog.errors import ConflictError, PermitError, Reason, StorageError
from catalog.holds import HoldTarget
from catalog.permits import revoke
from catalog.releases import deliveries
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, SendingOutcome
from flows.release.build import build
from flows.release.delivering import AnotherReleaseError, Place, deliver
from tests import objects
from tests.flows.conftest import TODAY
from tests.flows.making import environment
from tests.flows.test_delivering import gone, permit, place, send, stocked

__all__ = ["permit", "place", "stocked"]


def recall(stocked, hub) -> None:
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
    holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="t", who="o")


def test_a_bucket_that_keeps_versions_is_emptied_of_all_of_them(s3, stocked, hub, permit, place):
    who = s3.credentials["admin"]
    client = Minio(s3.endpoint, who.access_key, who.secret_key, secure=False)
    client.set_bucket_versioning(place.bucket, VersioningConfig(ENABLED))
    send(hub, permit, place)
    recall(stocked, hub)
    assert send(hub, permit, place).removed == 3
    revoke(hub.catalogue, permit, who="officer", reason="r")
    told = json.loads(gone(hub, permit, place)["statement"])
    left = client.list_objects(place.bucket, f"{permit}/", recursive=True, include_version=True)
    assert list(left) == []
    assert len(told["deleted"]) > 9


def test_what_was_there_in_older_versions_only_is_in_the_proof(s3, hub, permit, place):
    who = s3.credentials["admin"]
    client = Minio(s3.endpoint, who.access_key, who.secret_key, secure=False)
    client.set_bucket_versioning(place.bucket, VersioningConfig(ENABLED))
    send(hub, permit, place)
    key = next(iter(place.store.keys(f"{permit}/")))
    place.store.remove(key)  # as whoever knows nothing of versions does
    revoke(hub.catalogue, permit, who="officer", reason="r")
    told = json.loads(gone(hub, permit, place)["statement"])
    (one,) = [one for one in told["deleted"] if one["key"] == key]
    assert one == {"key": key, "versions": 2}
    left = client.list_objects(place.bucket, f"{permit}/", recursive=True, include_version=True)
    assert list(left) == []


class Watched:
    """A store that tells of each object before it is put."""

    def __init__(self, store, told):
        self._store, self._told, self.put_there = store, told, []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, *arguments):
        self._told(key)
        self.put_there.append(key)
        self._store.put(key, *arguments)


def test_a_hold_stops_what_is_not_sent_yet(stocked, hub, permit, place, monkeypatch):
    monkeypatch.setattr("flows.release.delivering.WORKERS", 1)
    begun = []

    def told(_key):
        if not begun:
            begun.append(True)
            target = HoldTarget(HoldScope.SUBJECT, pseudonym(hub))
            holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="t", who="o")

    store = Watched(place.store, told)
    done = deliver(hub, permit, Place(place.bucket, store), who="ops")
    assert (done.sent, done.size) == (0, 0)
    assert not [key for key in place.store.keys() if key.endswith(".dcm")]  # noqa: SIM118
    assert [key for key in store.put_there if key.endswith(".dcm")] == store.put_there[:1]


def test_a_release_that_is_sealed_meanwhile_is_not_mixed_with_the_one_before(
    hub, permit, place, monkeypatch
):
    monkeypatch.setattr("flows.release.delivering.WORKERS", 1)
    built = []

    def told(_key):
        if not built:
            built.append(build(hub, permit, Query(), today=TODAY))

    store = Watched(place.store, told)
    with pytest.raises(AnotherReleaseError):
        deliver(hub, permit, Place(place.bucket, store), who="ops")
    assert ends(hub, permit) == [
        (SendingOutcome.BROKEN_OFF, "another release was sealed meanwhile; run it again")
    ]
    done = deliver(hub, permit, place, who="ops")
    assert done.sent + done.there == built[0].instances
    assert ends(hub, permit)[-1][0] is SendingOutcome.WHOLE


def test_what_is_still_on_its_way_when_all_is_proven_gone_goes_too(hub, permit, place, monkeypatch):
    monkeypatch.setattr("flows.release.delivering.WORKERS", 1)
    proofs = []

    def told(_key):
        if not proofs:
            revoke(hub.catalogue, permit, who="officer", reason="r")
            proofs.append(gone(hub, permit, place))

    with pytest.raises(PermitError):
        deliver(hub, permit, Place(place.bucket, Watched(place.store, told)), who="ops")
    assert list(place.store.keys(f"{permit}/")) == []


def pseudonym(hub) -> str:
    from sqlalchemy import select

    from catalog.tables import subject

    with hub.catalogue.connect() as connection:
        return connection.scalars(select(subject.c.pseudonym)).one()


def test_midnight_of_the_last_day_ends_a_delivery(hub, permit, place):
    days = [TODAY] * 6

    def today():
        return days.pop() if days else TODAY + timedelta(days=2)

    with pytest.raises(PermitError):
        deliver(hub, permit, place, who="ops", today=today)
    assert 0 < len(list(place.store.keys(f"{permit}/"))) < 12
    assert ends(hub, permit) == [(SendingOutcome.STOPPED, str(Reason.NOT_IN_FORCE))]


class Refusing(Watched):
    """A store that takes nothing."""

    def put(self, *_arguments):
        raise StorageError(Reason.REFUSED)


def ends(hub, permit) -> list[tuple[str | None, str]]:
    every = deliveries.deliveries_of(hub.catalogue, permit)
    return [(one.outcome, one.ended_as) for one in every]


def test_a_delivery_ends_in_one_named_outcome(hub, permit, place):
    store = Refusing(place.store, None)
    with pytest.raises(StorageError):
        deliver(hub, permit, Place(place.bucket, store), who="ops")
    refused = (SendingOutcome.BROKEN_OFF, str(Reason.REFUSED))
    assert ends(hub, permit) == [refused]
    release = releases.releases_of(hub.catalogue, permit)[0].id
    deliveries.begin(hub.catalogue, permit, release, place.bucket, who="killed")
    assert ends(hub, permit) == [refused, (None, "")]
    send(hub, permit, place)
    (_, (gone, why), whole) = ends(hub, permit)
    assert (gone, why != "", whole) == (
        SendingOutcome.BROKEN_OFF,
        True,
        (SendingOutcome.WHOLE, ""),
    )


def test_a_bucket_is_its_account_s_and_the_permit_names_that(hub, permit, place):
    environment(hub, "spe-8", "spe-8-bucket", TODAY)
    for bucket in ("spe-8-bucket", "anybodys"):
        with pytest.raises(ConflictError) as caught:
            send(hub, permit, Place(bucket, place.store))
        assert caught.value.reason is Reason.BUCKET
    with pytest.raises(ConflictError):
        environment(hub, "spe-9", place.bucket, TODAY)
    accounts.revoke(hub.catalogue, "spe-7", who="operator")
    with pytest.raises(ConflictError):
        send(hub, permit, place)
    assert list(place.store.keys()) == []
