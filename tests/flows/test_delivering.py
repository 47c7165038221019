"""A release in a secure processing environment's bucket: whole, again after a break, and gone."""

import base64
import csv
import hashlib
import io
import json
import secrets
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet
import pydicom
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from catalog import audit, holds, releases
from catalog.errors import ConflictError, PermitError, StorageError
from catalog.holds import HoldTarget
from catalog.minio_store import ensure_buckets
from catalog.permits import revoke
from catalog.releases import deliveries
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, Tier, View
from flows.errors import BucketError
from flows.release import permits
from flows.release.build import build
from flows.release.deletion import InForceError, NotGoneError, delete
from flows.release.delivering import Place, deliver
from tests import objects
from tests.flows.conftest import DECISION, TODAY, on_both
from tests.flows.making import environment, four_views, put, registered, walked

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def place(s3) -> Place:
    name = f"spe-{secrets.token_hex(4)}"
    ensure_buckets(s3.endpoint, s3.credentials["admin"], [name], secure=False)
    return Place(name, s3.store(name))


@pytest.fixture
def stocked(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    return region


@pytest.fixture
def permit(stocked, hub, place):
    environment(hub, "spe-7", place.bucket, TODAY)
    issued = permits.issue(
        hub,
        persons=["spe-7"],
        title="t",
        purpose="p",
        tier=Tier.PSEUDO_SPE,
        valid=(TODAY, TODAY + timedelta(days=1)),
    )
    build(hub, issued, Query(), today=TODAY)
    return issued


def read(place, key) -> bytes:
    return b"".join(place.store.get(key))


def send(hub, permit, place):
    return deliver(hub, permit, place, who="ops")


@on_both
def test_whole_objects_lie_there_with_their_papers(hub, permit, place):
    done = send(hub, permit, place)
    manifest = list(releases.manifest(hub.catalogue, permit, who=None, today=TODAY))
    assert (done.sent, done.there, done.removed) == (12, 0, 0)
    assert done.size == sum(one.size for one in manifest)
    for one in manifest:
        data = read(place, f"{permit}/{one.file_name}")
        assert hashlib.sha256(data).hexdigest() == one.sha256
        assert pydicom.dcmread(io.BytesIO(data)).SOPInstanceUID == one.sop_uid
    rows = list(csv.DictReader(io.StringIO(read(place, f"{permit}/papers/metadata.csv").decode())))
    assert [row["sha256"] for row in rows] == [one.sha256 for one in manifest]
    table = pyarrow.parquet.read_table(io.BytesIO(read(place, f"{permit}/papers/metadata.parquet")))
    assert table.column("sop_uid").to_pylist() == [row["sop_uid"] for row in rows]
    sums = read(place, f"{permit}/papers/manifest.sha256").decode()
    assert sums == "".join(f"{row['sha256']}  {row['path']}\n" for row in rows)
    selection = pydicom.dcmread(
        io.BytesIO(read(place, f"{permit}/{manifest[0].study_uid}/selection.dcm"))
    )
    assert selection.Modality == "KO"
    (told,) = deliveries.deliveries_of(hub.catalogue, permit)
    assert (told.bucket, told.objects, told.bytes) == (place.bucket, 12, done.size)
    assert told.finished_at is not None
    line = next(one for one in audit.entries(hub.catalogue) if one.action == "deliver")
    assert (line.actor, line.permit_id, line.object) == ("ops", permit, f"delivery:{told.id}")


def test_a_delivery_that_broke_off_goes_on(hub, permit, place):
    class Breaking:
        """A store that fails at its sixth object."""

        def __init__(self, store):
            self._store, self.put_there = store, 0

        def __getattr__(self, name):
            return getattr(self._store, name)

        def put(self, *arguments):
            self.put_there += 1
            if self.put_there > 5:
                raise StorageError
            self._store.put(*arguments)

    with pytest.raises(StorageError):
        send(hub, permit, Place(place.bucket, Breaking(place.store)))
    done = send(hub, permit, place)
    assert (done.sent, done.there) == (7, 5)
    broken, whole = deliveries.deliveries_of(hub.catalogue, permit)
    assert (broken.finished_at, whole.finished_at is None) == (None, False)


def test_what_is_held_or_replaced_is_taken_away(stocked, hub, permit, place):
    send(hub, permit, place)
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
    holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="t", who="o")
    done = send(hub, permit, place)
    assert (done.sent, done.there, done.removed) == (0, 9, 3)
    build(hub, permit, Query(view=View.CC), today=TODAY)
    done = send(hub, permit, place)
    assert (done.there, done.removed) == (1, 8)
    changed = read(place, f"{permit}/papers/changes.csv").decode()
    assert changed == "kind,study_uid,sop_uid,before,after\r\n"
    left = [key for key in place.store.keys() if "/papers/" not in key]  # noqa: SIM118 -- no dict
    assert len(left) == 2


def test_nothing_is_delivered_under_a_permit_that_ended(hub, permit, place):
    revoke(hub.catalogue, permit, who="officer", reason="r")
    with pytest.raises(PermitError):
        send(hub, permit, place)
    assert list(place.store.keys()) == []


def gone(hub, permit, place, key=KEY):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "proof.json"
        proof = delete(hub, permit, place, key, path, who="ops", today=TODAY)
        assert json.loads(path.read_text()) == proof
        return proof


def test_a_proof_that_is_not_written_is_none(hub, permit, place, tmp_path, monkeypatch):
    send(hub, permit, place)
    there = set(place.store.keys())
    revoke(hub.catalogue, permit, who="officer", reason="r")
    told = {"who": "ops", "today": TODAY}
    with pytest.raises(OSError, match="proof"):
        delete(hub, permit, place, KEY, tmp_path / "no" / "proof.json", **told)
    assert set(place.store.keys()) == there

    def full(_file):
        raise OSError(28, "disk full")

    with monkeypatch.context() as patch:
        patch.setattr("flows.files.private_file.os.fsync", full)
        with pytest.raises(OSError, match="disk full"):
            delete(hub, permit, place, KEY, tmp_path / "proof.json", **told)
    assert deliveries.standing(hub.catalogue) == ((permit, place.bucket),)
    gone(hub, permit, place)
    assert deliveries.standing(hub.catalogue) == ()


@on_both
def test_deletion_is_proven_by_a_signed_list(hub, permit, place):
    done = send(hub, permit, place)
    with pytest.raises(InForceError):
        gone(hub, permit, place)
    there = set(place.store.keys())
    revoke(hub.catalogue, permit, who="officer", reason="r")
    proof = gone(hub, permit, place)
    assert list(place.store.keys()) == []
    told = json.loads(proof["statement"])
    assert {one["key"] for one in told["deleted"]} == there
    assert sum(one["size"] for one in told["deleted"] if one["key"].endswith(".dcm")) > done.size
    assert hashlib.sha256(proof["statement"].encode()).hexdigest() == proof["sha256"]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(proof["public_key"]))
    signature = base64.b64decode(proof["signature"])
    public.verify(signature, f"mammo-deletion-proof/2\n{proof['statement']}".encode())
    with pytest.raises(InvalidSignature):
        public.verify(signature, f"mammo-deletion-proof/2\n{proof['statement']} ".encode())
    (delivery,) = deliveries.deliveries_of(hub.catalogue, permit)
    assert delivery.proof_sha256 == proof["sha256"]
    assert delivery.deleted_at is not None


def test_what_is_not_gone_is_not_proven(hub, permit, place):
    class Keeping:
        """A store that removes nothing, and says nothing of it."""

        def __init__(self, store):
            self._store = store

        def __getattr__(self, name):
            return getattr(self._store, name)

        def erase(self, key):
            pass

    send(hub, permit, place)
    revoke(hub.catalogue, permit, who="officer", reason="r")
    with pytest.raises(NotGoneError):
        gone(hub, permit, Place(place.bucket, Keeping(place.store)))
    (delivery,) = deliveries.deliveries_of(hub.catalogue, permit)
    assert (delivery.deleted_at, delivery.proof_sha256) == (None, "")


@pytest.mark.parametrize("who", ["admin", "region"])
def test_a_bucket_that_cannot_be_reached_is_named_and_nothing_counts_as_delivered(
    hub, permit, s3, who
):
    name = f"spe-{secrets.token_hex(4)}"
    environment(hub, "spe-8", name, TODAY)
    other = permits.issue(
        hub,
        persons=["spe-8"],
        title="t",
        purpose="p",
        tier=Tier.PSEUDO_SPE,
        valid=(TODAY, TODAY + timedelta(days=1)),
    )
    build(hub, other, Query(), today=TODAY)
    with pytest.raises(BucketError, match=name):
        send(hub, other, Place(name, s3.store(name, who)))
    assert deliveries.deliveries_of(hub.catalogue, other) == ()
    assert deliveries.standing(hub.catalogue) == ()


def test_into_a_bucket_that_the_permit_does_not_name_nothing_is_looked_at(hub, permit):
    with pytest.raises(ConflictError):
        send(hub, permit, Place("another", None))
