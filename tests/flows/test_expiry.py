"""Nothing that identifies stays for ever, nothing goes silently, and nothing is moved unseen."""

import io
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import text

from catalog.errors import ConflictError
from catalog.ledgers.records import Ending
from catalog.ledgers.tables import item
from catalog.outcome import Outcome
from catalog.reviews.records import ReviewState
from flows.quarantine.originals import quarantine
from flows.quarantine.proposals import ProposalError, kept
from flows.quarantine.seal import SealError
from flows.review import applying, reviews
from flows.review.expiry import ALARM, Expired, expire, standing
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, put, registered, walked
from tests.objects import part10

DAY = timedelta(days=1)


def later(days: float) -> datetime:
    return datetime.now(UTC) + days * DAY


@pytest.fixture
def waits(region, ingest, export_folder):
    """Two reviews: of what is no DICOM file and of what is cut short."""
    put(export_folder, objects.not_dicom(), objects.truncated())
    assert counts(ingest(claimed=1)) == {"UNREADABLE": 2}
    finished(region)
    return [listed.review for listed in reviews.waiting(region)]


@pytest.fixture
def conflicts(region, ingest, export_folder):
    """Two reviews of conflicts, each with a proposal and a picture."""
    one, other = objects.same_uid_other_pixels()
    put(export_folder, part10(one))
    ingest()
    put(export_folder, part10(other), part10(objects.mammogram(pixels=objects.phantom(seed=2))))
    assert counts(ingest()) == {"CONFLICT": 2}
    finished(region)
    return [listed.review for listed in reviews.waiting(region)]


def finished(region):
    """Leave the landing as a run that has finished does."""
    for path in region.landing.iterdir():
        shutil.rmtree(path)


def kept_of(region, made):
    return sorted(region.quarantine.keys(f"{made.export_id}/{made.item_id}/"))


def at(monkeypatch, moment):
    """Let the ledger take a moment for the present one."""
    for module in ("catalog.reviews.upkeep", "catalog.reviews.rules"):
        monkeypatch.setattr(f"{module}.now", lambda: moment)


# ---- expiry --------------------------------------------------------------------------------


def test_what_waited_too_long_is_erased_and_said(region, conflicts, monkeypatch):
    assert [len(kept_of(region, made)) for made in conflicts] == [3, 3]
    assert expire(region, later(29)) == Expired(soon=2)
    assert [len(kept_of(region, made)) for made in conflicts] == [3, 3]
    at(monkeypatch, later(31))
    with structlog.testing.capture_logs() as said:
        assert expire(region, later(31)) == Expired(reviews=2, objects=6)
    warned = [line for line in said if line["log_level"] == "warning"]
    assert [line["event"] for line in warned] == ["review expired"] * 2 + ["removed what was over"]
    assert [kept_of(region, made) for made in conflicts] == [[], []]
    made, decisions = region.ledger.reviews.get(conflicts[0].id)
    assert made.state is ReviewState.EXPIRED
    assert [one.action.value for one in decisions] == ["EXPIRE"]
    assert counts(region.ledger.tally(made.export_id)) == {"CONFLICT": 2}
    assert expire(region, later(31)) == Expired()
    with pytest.raises(ConflictError):
        reviews.retry(region, made.id, who="anna", reason="too late")


def test_the_days_are_a_setting(region, deidentify_with, export_folder):
    put(export_folder, objects.truncated())
    short = replace(region, quarantined=timedelta(days=3))
    walked(short, deidentify_with, registered(short, export_folder, DECISION, 1))
    assert [one.days_left for one in reviews.waiting(region)] == [2]


def test_a_decision_that_was_not_applied_expires_too(
    region, conflicts, deidentify_with, monkeypatch
):
    made = conflicts[0]
    reviews.retry(region, made.id, who="anna", reason="so")
    at(monkeypatch, later(31))
    with pytest.raises(ConflictError, match="time to decide is over"):
        applying.apply(region, deidentify_with, made.id, who="anna")
    expire(region, later(31))
    assert region.ledger.reviews.get(made.id)[0].state is ReviewState.EXPIRED


def test_the_week_before_is_alarming(region, waits):
    now = standing(region, datetime.now(UTC))
    assert (now.waiting, now.second, now.decided, now.soon, now.is_alarming) == (2, 0, 0, 0, False)
    soon = standing(region, later(30) - ALARM)
    assert (soon.soon, soon.is_alarming) == (2, True)
    with structlog.testing.capture_logs() as said:
        expire(region, later(24))
    assert [(line["event"], line["count"]) for line in said] == [
        ("quarantined originals expire within a week", 2)
    ]


def test_what_could_not_be_erased_goes_next_time(region, waits, monkeypatch):
    made = waits[0]
    with monkeypatch.context() as patch:
        patch.setattr(reviews, "let_go", lambda *_: None)
        reviews.reject(region, made.id, who="anna", reason="no")
    assert kept_of(region, made)
    assert expire(region, datetime.now(UTC)) == Expired(objects=1)
    assert kept_of(region, made) == []
    assert region.ledger.reviews.get(made.id)[0].state is ReviewState.REJECTED


def test_a_changed_record_stops_nothing_else_and_is_told(region, waits, monkeypatch):
    with region.ledger._engine.begin() as connection:
        connection.execute(text("UPDATE review SET state = 'DECIDED' WHERE id = 1"))
    at(monkeypatch, later(31))
    with structlog.testing.capture_logs() as said:
        done = expire(region, later(31))
    assert (done.reviews, done.changed) == (1, 1)
    assert "a review was changed by other hands" in {line["event"] for line in said}
    assert reviews.changed(region) == (1,)
    assert reviews.waiting(region) == ()
    assert (standing(region, later(0)).changed, standing(region, later(0)).is_alarming) == (1, True)


def test_what_was_quarantined_before_there_were_reviews_expires(region, waits, monkeypatch):
    with region.ledger._engine.begin() as connection:
        connection.execute(text("DELETE FROM review"))
    assert reviews.waiting(region) == ()
    with structlog.testing.capture_logs() as said:
        assert expire(region, datetime.now(UTC)) == Expired(changed=2)
    assert ("quarantined files had no review", 2) in {
        (line["event"], line.get("count")) for line in said
    }
    assert [one.days_left for one in reviews.waiting(region)] == [29, 29]
    assert expire(region, datetime.now(UTC)) == Expired()
    at(monkeypatch, later(31))
    assert expire(region, later(31)).reviews == 2


@pytest.mark.parametrize("moved", ["", "UPDATE item SET recorded_at = '2099-01-01 00:00:00'"])
def test_whoever_takes_reviews_away_prolongs_nothing(region, waits, monkeypatch, moved):
    """They count from when the file was recorded, however late a review is begun anew."""
    with region.ledger._engine.begin() as connection:
        connection.execute(text("DELETE FROM review"))
        connection.execute(text(moved or "SELECT 1"))
    assert expire(region, later(29)).changed == 2
    before = [one.review.expires_at for one in reviews.waiting(region)]
    assert all(later(29) < moment <= later(30) for moment in before)
    at(monkeypatch, later(31))
    assert expire(region, later(31)).reviews == 2
    assert [kept_of(region, made) for made in waits] == [[], []]


def test_a_review_begun_anew_counts_from_the_day_of_the_file(region, waits):
    recorded = datetime.now(UTC) - 20 * DAY
    with region.ledger._engine.begin() as connection:
        connection.execute(text("DELETE FROM review"))
        values = {"recorded_at": recorded}
        connection.execute(item.update().values(**values))
    expire(region, datetime.now(UTC))
    assert [one.days_left for one in reviews.waiting(region)] == [9, 9]


@pytest.mark.parametrize(
    "said", ["erased_at = '2026-11-22 00:00:00'", "expires_at = '2099-01-01 00:00:00'"]
)
def test_no_plain_column_keeps_an_original(region, waits, monkeypatch, said):
    """It goes, or its record is told to be changed."""
    with region.ledger._engine.begin() as connection:
        connection.execute(text(f"UPDATE review SET {said} WHERE id = 1"))
    at(monkeypatch, later(31))
    done = expire(region, later(31))
    assert (done.reviews, done.changed) == ((2, 0) if "erased" in said else (1, 1))
    assert bool(kept_of(region, waits[0])) is bool(done.changed)


# ---- what dead runs left -------------------------------------------------------------------


def leave(region, name):
    folder = region.landing / name / "spool-1-run"
    folder.mkdir(parents=True)
    (folder / "1.dcm").write_bytes(b"x")
    return folder


def test_what_ended_runs_left_in_the_landing_goes(region, tmp_path):
    folder = leave(region, "20261122-dead")
    (region.landing / "link").symlink_to(tmp_path)
    (tmp_path / "another.dcm").write_bytes(b"x")
    assert expire(region, later(6.9)) == Expired()
    assert standing(region, later(7.1)).folders == 1
    assert standing(region, later(7.1)).is_alarming
    assert expire(region, later(7.1), but="20261122-dead") == Expired()
    with structlog.testing.capture_logs() as said:
        assert expire(region, later(7.1)) == Expired(folders=1)
    assert said[0]["log_level"] == "warning"
    assert not folder.exists()
    assert (tmp_path / "another.dcm").exists()


def test_what_a_pacs_sent_unasked_waits_however_long(region):
    folders = [leave(region, one) for one in ("received", "odd")]
    assert standing(region, later(700)).folders == 0
    assert expire(region, later(700)) == Expired()
    assert all((folder / "1.dcm").exists() for folder in folders)


def test_a_folder_whose_files_were_set_back_in_time_is_recent(region):
    folder = leave(region, "20261122-alive")
    for path in (folder / "1.dcm", folder, folder.parent):
        os.utime(path, (0, 0))
    assert expire(region, datetime.now(UTC)) == Expired()
    assert folder.exists()


def test_what_a_dead_run_sealed_goes_too(region, export_folder, tmp_path):
    put(export_folder, objects.not_dicom())
    export = registered(region, export_folder, DECISION, 1)
    key = region.keys.quarantine()
    for name in (f"{export.id}/7", "somebody-elses/7"):
        stream = io.BytesIO(b"an original")
        quarantine(stream, region.quarantine, key, name=name, scratch=tmp_path)
    assert expire(region, later(29)) == Expired()
    assert expire(region, later(31)) == Expired(objects=1)
    assert list(region.quarantine.keys("somebody-elses/"))


def test_however_many_exports_the_store_is_walked_once(region, export_folder, monkeypatch):
    put(export_folder, objects.not_dicom())
    for _ in range(3):
        registered(region, export_folder, DECISION, 1)
    walks = []
    genuine = type(region.quarantine).keys
    monkeypatch.setattr(
        type(region.quarantine), "keys", lambda *given: walks.append(given[1:]) or genuine(*given)
    )
    assert expire(region, later(31)) == Expired()
    assert walks == [()]


def test_no_landing_is_no_trouble(region):
    shutil.rmtree(region.landing)
    assert expire(region, datetime.now(UTC)) == Expired()


# ---- other hands ---------------------------------------------------------------------------


def swap(region, one, other):
    """Put one sealed object's bytes in another one's place, and the other way round."""
    bodies = [b"".join(region.quarantine.get(key)) for key in (one, other)]
    for key, body in zip((other, one), bodies, strict=True):
        region.quarantine.remove(key)
        client, bucket = region.quarantine._client, region.quarantine._bucket
        client.put_object(bucket, key, io.BytesIO(body), len(body))


def test_sealed_files_of_two_originals_cannot_be_swapped(region, conflicts, deidentify_with):
    one, other = conflicts
    for mine, yours in zip(kept_of(region, one), kept_of(region, other), strict=True):
        swap(region, mine, yours)
    for call in (
        lambda: reviews.show(region, one.id),
        lambda: reviews.picture(region, one.id, 1, who="anna"),
        lambda: b"".join(reviews.original(region, one.id, who="anna")),
    ):
        with pytest.raises(SealError):
            call()
    reviews.retry(region, one.id, who="anna", reason="so")
    with pytest.raises(SealError):
        applying.apply(region, deidentify_with, one.id, who="anna")
    assert region.ledger.reviews.get(one.id)[0].state is ReviewState.DECIDED


def test_a_proposal_of_another_original_is_none(region, conflicts):
    one, other = conflicts
    for made in (
        replace(one, proposal_key=other.proposal_key),
        replace(one, original_key=other.original_key),
    ):
        with pytest.raises(ProposalError):
            kept(region, made)


def test_an_outcome_that_others_changed_is_not_corrected(region, conflicts, deidentify_with):
    made = conflicts[0]
    reviews.retry(region, made.id, who="anna", reason="so")
    with region.ledger._engine.begin() as connection:
        connection.execute(text("UPDATE item SET outcome = 'SUSPECT'"))
    with pytest.raises(ConflictError, match="other hands"):
        applying.apply(region, deidentify_with, made.id, who="anna")


def test_a_run_changes_no_outcome_of_a_review(region, waits):
    ending = Ending(waits[0].item_id, Outcome.ADMITTED)
    assert region.ledger.record(ending, run="another") == 0
