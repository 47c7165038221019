"""What comes of a decision: applied whole or not at all, whatever breaks in between."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import deid.deidentify
import deid.pixels.redact
from catalog.errors import DatabaseError, Reason
from catalog.holds import list_holds
from catalog.ledgers.records import Ending
from catalog.outcome import Outcome
from catalog.protections.protection import Flags
from catalog.reviews.records import ReviewState
from catalog.vocabulary import Flag
from deid.findings import Finding
from flows.demo.burn import Text
from flows.errors import ExportRefusedError, RetriableError
from flows.review import applying, reviews
from flows.review.applying import one_at_a_time
from flows.review.expiry import expire, standing
from flows.walk.verdict import Verdict
from tests.flows.conftest import TODAY, decision
from tests.flows.making import counts, put
from tests.flows.reviewing import (
    FRAME,
    NAME,
    NAMED,
    approved,
    contradicting,
    kept_of,
    refused,
    stored,
    tallies_agree,
)
from tests.objects import INSTANCE, mammogram, part10


def test_a_crash_between_publish_and_record_ends_as_without_one(
    region, original, waits, apply, monkeypatch
):
    approved(region, waits)

    def crash(*_arguments, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(region.ledger.reviews, "settle", crash)
        with pytest.raises(KeyboardInterrupt):
            apply(waits)
    assert len(kept_of(region, waits)) == 3
    assert apply(waits).outcome is Outcome.ADMITTED
    assert tallies_agree(region, waits)
    assert stored(region, original).shape == FRAME.shape


@pytest.fixture
def half(region, waits, apply, monkeypatch):
    """A review whose original is published, while the ledger could not say so."""
    approved(region, waits)
    with monkeypatch.context() as patch:
        patch.setattr(region.ledger.reviews, "settle", _down)
        with pytest.raises(DatabaseError):
            apply(waits)
    return region.ledger.reviews.get(waits.id)[0]


def _down(*_arguments, **_named):
    raise DatabaseError


def test_what_is_published_is_rejected_by_nobody(region, original, half, apply):
    assert half.state is ReviewState.APPLYING
    refused(Reason.REVIEW_BEGUN, reviews.reject, region, half.id, who="eva", reason="no")
    assert len(kept_of(region, half)) == 3
    assert apply(half).outcome is Outcome.ADMITTED
    assert tallies_agree(region, half)
    assert stored(region, original).shape == FRAME.shape
    (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
    assert trace.revision == 1


def test_what_is_published_does_not_expire(region, half, apply, monkeypatch):
    later = datetime.now(UTC) + timedelta(days=40)
    for module in ("catalog.reviews.upkeep", "catalog.reviews.rules"):
        monkeypatch.setattr(f"{module}.now", lambda: later)
    done = expire(region, later)
    assert (done.reviews, done.changed) == (0, 0)
    assert standing(region, later).is_alarming
    assert apply(half).state is ReviewState.APPLIED
    assert tallies_agree(region, half)
    assert kept_of(region, half) == []


def test_what_is_published_is_recorded_though_all_has_changed(
    region, original, half, apply, monkeypatch, protection
):
    """Not walked again: neither the rules nor her flags of today take back what is published."""
    protection.table.enter({"195703129808": Flags(Flag.YES, Flag.NO, TODAY)})
    monkeypatch.setattr(applying, "require_decision", _down)
    monkeypatch.setattr(applying, "Walk", _down)
    assert apply(half, protection=protection).outcome is Outcome.ADMITTED
    assert tallies_agree(region, half)
    assert [one.kind.value for one in list_holds(region.publisher._engine)] == ["PROTECTED"]


@pytest.mark.parametrize("end", ["reject", "apply", "expire"])
def test_what_was_begun_and_not_published_is_taken_back(region, waits, apply, monkeypatch, end):
    approved(region, waits)
    with monkeypatch.context() as patch:
        patch.setattr(applying, "publish", _down)
        with pytest.raises(DatabaseError):
            apply(waits)
    assert region.ledger.reviews.get(waits.id)[0].state is ReviewState.APPLYING
    if end == "reject":
        after = reviews.reject(region, waits.id, who="eva", reason="no")
    elif end == "apply":
        after = apply(waits)
    else:
        later = datetime.now(UTC) + timedelta(days=40)
        for module in ("catalog.reviews.upkeep", "catalog.reviews.rules"):
            monkeypatch.setattr(f"{module}.now", lambda: later)
        assert expire(region, later).reviews == 1
        after = region.ledger.reviews.get(waits.id)[0]
    wanted = {"reject": "REJECTED", "apply": "APPLIED", "expire": "EXPIRED"}
    assert after.state == wanted[end]
    assert tallies_agree(region, waits)
    actions = [one.action.value for one in region.ledger.reviews.get(waits.id)[1]]
    assert actions[:4] == ["APPROVE", "APPROVE", "BEGIN", "WITHDRAW"]


def test_counts_that_were_not_recorded_are_taken_back(region, waits, apply, monkeypatch):
    """A walk that ends otherwise publishes nothing, but its outcome: rejected, that goes too."""
    reviews.retry(region, waits.id, who="anna", reason="so")
    monkeypatch.setattr(applying.Walk, "all", _refused_walk)
    with monkeypatch.context() as patch:
        patch.setattr(region.ledger.reviews, "settle", _down)
        with pytest.raises(DatabaseError):
            apply(waits)
    assert not tallies_agree(region, waits)
    reviews.reject(region, waits.id, who="eva", reason="no")
    assert tallies_agree(region, waits)


def _refused_walk(_walk, files):
    return [Verdict(Ending(item.id, Outcome.REFUSED, "so")) for item, _path in files]


def test_trouble_of_another_kind_is_not_the_landing_s(region):
    with pytest.raises(BrokenPipeError), one_at_a_time(region):
        raise BrokenPipeError
    shutil.rmtree(region.landing)
    region.landing.write_bytes(b"")
    with pytest.raises(RetriableError, match="landing"), one_at_a_time(region):
        pass


def test_text_that_was_left_is_let_pass_nowhere_else(
    region, ingest, apply, export_folder, monkeypatch
):
    """Two people let pass what a picture showed; a better eye then finds another text there."""
    ds = mammogram(pixels=FRAME, text=(NAME, Text("EVA QVIST", 0.55, 0.04, height=22)))
    put(export_folder, part10(ds))
    plan = deid.pixels.redact.plan_blank
    with monkeypatch.context() as patch:
        patch.setattr(deid.pixels.redact, "plan_blank", _half_blind(plan))
        assert counts(ingest()) == {"SUSPECT": 1}
    (listed,) = reviews.waiting(region)
    made = listed.review
    assert made.reason == "text is left in the pixels"
    approved(region, made)
    again = deid.deidentify.read_again
    with monkeypatch.context() as patch:
        patch.setattr(deid.deidentify, "read_again", _also_elsewhere(again))
        assert apply(made).outcome is Outcome.SUSPECT
    approved(region, made)
    assert apply(made).outcome is Outcome.ADMITTED
    now = stored(region, ds)
    drawn = ds.pixel_array[NAMED] != FRAME[NAMED]
    assert len(np.unique(now[NAMED][drawn])) == 1


def _half_blind(plan):
    """Let what is in the lower half not be blanked, so that only the second eye finds it."""

    def half(writings, layout, **boxes):
        upper = (it for it in writings if it.line.corners()[:, 1].max() < layout.rows / 2)
        return plan(tuple(upper), layout, **boxes)

    return half


def _also_elsewhere(again):
    """Find one more text in the frame, where no picture showed any."""

    def look(*arguments, **named):
        found = again(*arguments, **named)
        return tuple(dict.fromkeys((*found, Finding("frame 1", "text"))))

    return look


def test_two_of_one_study_applied_at_once_are_both_counted(region, ingest, apply, export_folder):
    views = (("lcc", 1), ("lmlo", 2))
    put(
        export_folder,
        *(part10(contradicting(view=view, SOPInstanceUID=f"{INSTANCE}.{n}")) for view, n in views),
    )
    assert counts(ingest()) == {"SUSPECT": 2}
    both = [listed.review for listed in reviews.waiting(region)]
    for made in both:
        approved(region, made)
    with ThreadPoolExecutor(2) as pool:
        ended = [one.outcome for one in pool.map(apply, both)]
    assert ended == [Outcome.ADMITTED] * 2
    assert counts(region.ledger.tally(both[0].export_id)) == {"ADMITTED": 2}
    assert tallies_agree(region, both[0])


def test_a_flag_that_came_meanwhile_keeps_her_out(region, waits, apply, protection):
    approved(region, waits)
    protection.table.enter({"195703129808": Flags(Flag.YES, Flag.NO, TODAY)})
    after = apply(waits, protection=protection)
    assert (after.state, after.outcome) == (ReviewState.APPLIED, Outcome.REFUSED)
    assert kept_of(region, waits) == []
    assert tallies_agree(region, waits)


def test_a_disclosure_decision_that_is_over_lets_nothing_pass(
    region, waits, apply, monkeypatch, tmp_path
):
    approved(region, waits)
    genuine = region.ledger.export

    def ended(export_id):
        export = genuine(export_id)
        return type(export)(
            export.id,
            export.holder_id,
            export.path,
            export.claimed,
            decision(valid_until=TODAY.replace(year=2020)),
        )

    monkeypatch.setattr(region.ledger, "export", ended)
    with pytest.raises(ExportRefusedError):
        apply(waits)
    assert reviews.show(region, waits.id).listed.review.state is ReviewState.DECIDED
