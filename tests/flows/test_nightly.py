"""What is due once a permit has ended: rows with a day, confirmations, and the worker's night."""

import json
import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from catalog import audit, holds, releases, tables
from catalog.accounts import accounts
from catalog.applications.records import Reader
from catalog.calendar import months_later
from catalog.columns import now
from catalog.database import writing
from catalog.deletions.confirming import confirm_all
from catalog.deletions.records import Confirmation
from catalog.deletions.whole import wholes
from catalog.errors import NotFoundError, StepError
from catalog.holds import HoldTarget
from catalog.minio_store import ensure_buckets
from catalog.permits import revoke
from catalog.permits.changing import amend
from catalog.permits.reading import show
from catalog.releases.tables import delivery
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, Tier
from flows import wiring
from flows.cli import place
from flows.cli.stack import _due_lines
from flows.intake.keys import make_key
from flows.release import permits
from flows.release.build import build
from flows.release.delivering import Place, deliver
from flows.releasing.nightly import WHO, NightError, once
from flows.settings import ReleaseSettings
from tests.catalog.applying import ASSESSOR, granted, permitted
from tests.flows.conftest import DECISION, TODAY, on_both
from tests.flows.making import environment, four_views, put, registered, walked
from tests.objects import INSTANCE

LATER = TODAY + timedelta(days=400)


@pytest.fixture
def bucket(s3, monkeypatch) -> Place:
    name = f"bucket-{secrets.token_hex(4)}"
    ensure_buckets(s3.endpoint, s3.credentials["admin"], [name], secure=False)
    who = s3.credentials["admin"]
    told = {"ENDPOINT": s3.endpoint, "SECURE": "false"}
    for setting, value in (told | {"ACCESS_KEY": who.access_key}).items():
        monkeypatch.setenv(f"MAMMO_DELIVERY_S3_{setting}", value)
    monkeypatch.setenv("MAMMO_DELIVERY_S3_SECRET_KEY", who.secret_key)
    return Place(name, s3.store(name))


@pytest.fixture
def permit(region, hub, deidentify_with, export_folder, bucket) -> str:
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    environment(hub, "spe-7", bucket.bucket, LATER)
    valid = (TODAY, TODAY + timedelta(days=1))
    issued = permits.issue(
        hub, persons=["anna", "spe-7"], title="t", purpose="p", tier=Tier.PSEUDO_SPE, valid=valid
    )
    build(hub, issued, Query(), today=TODAY)
    deliver(hub, issued, bucket, who="ops")
    return issued


@pytest.fixture
def settings(tmp_path) -> ReleaseSettings:
    make_key(tmp_path / "proof.pem")
    return ReleaseSettings(
        runs=tmp_path, proof_key_file=tmp_path / "proof.pem", proofs=tmp_path / "proofs"
    )


def night(**counts: int) -> dict[str, int]:
    """Give what a night tells: these counts, and of all else none."""
    return dict.fromkeys(("delivered", "deleted", "waiting", "kept", "stopped", "late"), 0) | counts


def rows(hub, today=TODAY):
    return {one.environment: one for one in wholes(hub.catalogue, today=today)}


def confirm(hub, permit, environment, who):
    said = Confirmation("Eva Ek", now())
    return confirm_all(hub.catalogue, permit, environment, said, who=who, today=TODAY)


@on_both
def test_what_an_environment_must_delete_has_a_day_and_a_name(hub, permit, bucket):
    assert rows(hub) == {}
    with pytest.raises(StepError):
        confirm(hub, permit, "spe-7", "spe-7")
    revoke(hub.catalogue, permit, who="officer", reason="r")
    found = rows(hub)
    assert set(found) == {"spe-7", bucket.bucket}
    assert {one.by for one in found.values()} == {months_later(TODAY, 6)}
    done = confirm(hub, permit, "spe-7", "spe-7")
    assert (done.confirmed_by, done.confirmed_at is None) == ("spe-7", False)
    assert confirm(hub, permit, "spe-7", "somebody") == done
    lines = [one for one in audit.entries(hub.catalogue) if one.action == "deleted"]
    assert [(one.actor, one.permit_id, one.object) for one in lines] == [
        ("spe-7", permit, "deletion:spe-7")
    ]
    with pytest.raises(NotFoundError):
        confirm(hub, permit, "spe-8", "spe-8")
    late = {name for name, one in rows(hub).items() if one.is_late(LATER)}
    assert late == {bucket.bucket}


def test_a_permit_that_ran_out_is_counted_from_its_last_day(hub, permit):
    last = TODAY + timedelta(days=1)
    assert rows(hub, last) == {}
    assert rows(hub, last + timedelta(days=1))["spe-7"].by == months_later(last, 6)


def test_six_months_end_with_their_month():
    assert months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_later(date(2026, 3, 15), 6) == date(2026, 9, 15)


def test_the_night_brings_a_bucket_up_to_date(region, hub, permit, bucket, settings):
    (trace, *_) = region.ledger.by_instance(f"{INSTANCE}.1")
    target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
    holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="t", who="o")
    before = len(list(bucket.store.keys()))
    assert once(hub, settings, TODAY) == night(delivered=1)
    served = list(releases.manifest(hub.catalogue, permit, who=None, today=TODAY))
    assert len(list(bucket.store.keys())) == before - (12 - len(served))


def test_the_night_deletes_what_is_over_with_proof(hub, permit, bucket, settings):
    revoke(hub.catalogue, permit, who="officer", reason="r")
    without = settings.model_copy(update={"proof_key_file": None})
    assert once(hub, without, TODAY) == night(kept=1)
    assert list(bucket.store.keys()) != []
    assert once(hub, settings, TODAY) == night(deleted=1)
    assert list(bucket.store.keys()) == []
    (path,) = settings.proofs.iterdir()
    proof = json.loads(path.read_text())
    assert json.loads(proof["statement"])["who"] == WHO
    assert rows(hub)[bucket.bucket].confirmed_by == WHO
    assert once(hub, settings, LATER) == night(late=1)


def test_a_bucket_that_fails_stops_no_other(hub, permit, bucket, settings):
    with writing(hub.catalogue) as connection:
        found = connection.execute(select(delivery)).one()
        lost = {"release_id": found.release_id, "bucket": "a-bucket-that-is-gone"}
        row = {"who": "ops", "begun_at": now()} | lost
        connection.execute(delivery.insert().values(row))
    revoke(hub.catalogue, permit, who="officer", reason="r")
    with pytest.raises(NightError) as caught:
        once(hub, settings, TODAY)
    assert str(caught.value) == "1 of 2 deliveries failed; the others were seen to"
    assert list(bucket.store.keys()) == []


@pytest.fixture
def followed(permit, hub, bucket) -> tuple[str, str]:
    """Give a permit by decision that was delivered, and the amendment in force in its place."""
    ruling = granted(environments=("spe-7",), tier=Tier.PSEUDO_SPE)
    one = permitted(hub.catalogue, ruling)
    build(hub, one, Query(), today=TODAY)
    deliver(hub, one, bucket, who="ops")
    content = show(hub.catalogue, one, Reader("", is_assessor=True)).content
    why = {"who": ASSESSOR, "reason": "r", "today": TODAY}
    return one, amend(hub.catalogue, one, content.but(conditions=("Open.",)), **why).id


def test_what_an_amendment_replaced_stays_until_its_own_release_is_there(
    hub, followed, bucket, settings
):
    old, new = followed
    there = set(bucket.store.keys())
    assert once(hub, settings, TODAY) == night(delivered=1, waiting=1)
    assert set(bucket.store.keys()) == there
    build(hub, new, Query(), today=TODAY)
    deliver(hub, new, bucket, who="ops")
    assert once(hub, settings, TODAY) == night(delivered=2, deleted=1)
    assert not [key for key in bucket.store.keys() if key.startswith(old)]  # noqa: SIM118
    (path,) = settings.proofs.iterdir()
    proof = json.loads(json.loads(path.read_text())["statement"])
    assert proof["ended"] == str(TODAY - timedelta(days=1))


def test_what_is_held_goes_from_where_nothing_is_delivered_any_more(
    region, hub, followed, bucket, settings
):
    old, _new = followed
    (trace, *_) = region.ledger.by_instance(f"{INSTANCE}.1")
    target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
    served = list(releases.unheld(hub.catalogue, old))
    holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="t", who="o")
    free = {f"{old}/{name}" for _, name in releases.unheld(hub.catalogue, old)}
    gone = {f"{old}/{name}" for _, name in served} - free
    accounts.revoke(hub.catalogue, "spe-7", who="operator")
    assert gone <= set(bucket.store.keys())
    assert once(hub, settings, TODAY) == night(stopped=1, waiting=1)
    there = set(bucket.store.keys())
    assert gone
    assert gone.isdisjoint(there)
    assert free <= there
    assert once(hub, settings, TODAY) == night(stopped=1, waiting=1)
    lines = [one for one in audit.entries(hub.catalogue) if one.action == "take-away"]
    assert {one.permit_id for one in lines} >= {old}
    assert len(lines) == 2
    assert {one.object for one in lines} == {f"bucket:{bucket.bucket}"}


@pytest.mark.parametrize("how", ["due", "revoked"])
def test_what_an_amendment_replaced_goes_by_its_day_or_with_all(
    how, hub, followed, bucket, settings
):
    old, new = followed
    last = months_later(TODAY - timedelta(days=1), 6)
    assert once(hub, settings, last - timedelta(days=1))["waiting"] == 1
    if how == "revoked":
        revoke(hub.catalogue, new, who="officer", reason="r")
    once(hub, settings, last if how == "due" else TODAY)
    assert not [key for key in bucket.store.keys() if key.startswith(old)]  # noqa: SIM118


def test_the_night_delivers_to_no_account_that_ended_and_goes_on(hub, permit, settings):
    accounts.revoke(hub.catalogue, "spe-7", who="operator")
    assert once(hub, settings, TODAY) == night(stopped=1)


def test_the_commands_tell_what_is_due(hub, permit, bucket, monkeypatch, mammo, capsys):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr("flows.cli.deletions.person", lambda _who, _settings: "ops")
    capsys.readouterr()
    assert mammo("deletions", "list")[:2] == (0, "nothing was ever to be deleted\n")
    revoke(hub.catalogue, permit, who="officer", reason="r")
    day = months_later(TODAY, 6)
    line = f"spe-7  {permit}: all of it by {day}, not confirmed"
    assert line in mammo("deletions", "list")[1]
    listed = mammo("releases", "list", permit)[1]
    assert line in listed
    assert f"release 1 into {bucket.bucket} on" in listed
    by = ["--by", "Eva Ek"]
    assert "confirmed by ops" in mammo("deletions", "confirm", permit, "spe-7", *by)[1]
    assert "confirmed by ops" in mammo("deletions", "list", "--account", "spe-7")[1]
    code, _, error = mammo("deletions", "confirm", permit, "spe-9", *by)
    assert (code, "nothing to delete" in error) == (1, True)


def test_a_day_that_passed_is_told_by_the_exit_code(hub, permit, monkeypatch, mammo, capsys):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    revoke(hub.catalogue, permit, who="officer", reason="r")
    ago = TODAY - timedelta(days=200)
    with writing(hub.catalogue) as connection:
        then = datetime(ago.year, ago.month, ago.day, tzinfo=UTC)
        connection.execute(tables.permit.update().values(revoked_at=then))
    code, said, _ = mammo("deletions", "list")
    assert (code, "LATE: all of it by" in said) == (1, True)
    assert "deletions   2 late: mammo deletions list" in list(_due_lines(datetime.now(UTC)))
