"""What waits in quarantine: shown to people, decided by two, and walked again as they decided."""

import shutil

import cv2
import numpy as np
import pytest

from catalog.errors import NotFoundError, Reason
from catalog.outcome import Outcome
from catalog.publishing.study_rows import clean_key
from catalog.reviews.records import ReviewState
from deid.pixels.shown.proposal import UNRULED
from flows.quarantine.proposals import kept
from flows.review import applying, reviews
from flows.review.reviews import ReviewError
from flows.review.rulings import RulingError, as_text, from_text
from tests import objects
from tests.flows.making import counts, put
from tests.flows.reviewing import (
    FRAME,
    MARKED,
    NAMED,
    approved,
    contradicting,
    kept_of,
    refused,
    stored,
    tallies_agree,
)
from tests.objects import INSTANCE, mammogram, part10

# ---- shown ---------------------------------------------------------------------------------


def test_what_is_suspect_waits_with_a_proposal_and_a_picture(region, waits):
    (listed,) = reviews.waiting(region, outcome=Outcome.SUSPECT)
    assert (listed.days_left, listed.review.state) == (30, ReviewState.WAITING)
    assert reviews.waiting(region, outcome=Outcome.CONFLICT) == ()
    assert reviews.waiting(region, export_id="another") == ()
    shown = reviews.show(region, waits.id)
    proposal = shown.proposal
    assert [(one.where, one.what) for one in proposal.why.findings] == [("frame 1", "marker")]
    assert {box.kind for box in proposal.boxes} == {"text", "marker"}
    assert (proposal.rows, proposal.columns, proposal.frames) == (1200, 900, 1)
    assert shown.pictures == (1,)
    picture = cv2.imdecode(
        np.frombuffer(reviews.picture(region, waits.id, 1, who="anna"), np.uint8), 1
    )
    assert picture.shape == (1200, 900, 3)
    assert (picture == (0, 176, 255)).all(axis=2).sum() > 500  # the name's box
    assert (picture == (96, 208, 64)).all(axis=2).sum() > 300  # the marker's
    with pytest.raises(NotFoundError):
        reviews.picture(region, waits.id, 2, who="anna")


def test_the_original_comes_back_as_it_was(region, original, waits):
    assert b"".join(reviews.original(region, waits.id, who="anna")) == part10(original)


def test_what_is_known_of_her_is_kept_with_it(region, waits):
    hers = kept(region, waits).hers
    assert "zata" in {needle.text for needle in hers.needles}
    assert "zata" in hers.words


# ---- decided -------------------------------------------------------------------------------


def test_two_people_release_it_though_the_source_is_gone(
    region, original, waits, apply, export_folder
):
    first = reviews.approve(region, waits.id, who="anna", reason="the marker is right")
    assert first.state is ReviewState.SECOND
    refused(Reason.REVIEW_STATE, apply, waits)
    refused(
        Reason.SAME_PERSON, reviews.approve, region, waits.id, who="anna", reason="the same again"
    )
    assert counts(region.ledger.tally(waits.export_id)) == {"ADMITTED": 1, "SUSPECT": 1}
    second = reviews.approve(region, waits.id, who="bo", reason="so it is")
    assert second.state is ReviewState.DECIDED
    shutil.rmtree(export_folder)
    after = apply(waits)
    assert (after.state, after.outcome) == (ReviewState.APPLIED, Outcome.ADMITTED)
    assert counts(region.ledger.tally(waits.export_id)) == {"ADMITTED": 2}
    assert tallies_agree(region, waits)
    before, now = original.pixel_array, stored(region, original)
    assert (now[MARKED] == before[MARKED]).all()
    assert (before[NAMED] != FRAME[NAMED]).sum() > 1000
    drawn = before[NAMED] != FRAME[NAMED]
    assert len(np.unique(now[NAMED][drawn])) == 1
    assert kept_of(region, waits) == []
    assert [path.name for path in region.landing.iterdir()] == [".review"]
    assert [one.action.value for one in reviews.show(region, waits.id).decisions] == [
        "APPROVE",
        "APPROVE",
        "BEGIN",
        "APPLY",
    ]
    refused(Reason.REVIEW_STATE, apply, waits)


def test_what_only_a_sibling_told_is_sought_when_all_sources_are_gone(
    region, ingest, apply, export_folder
):
    ds = contradicting(FilterMaterial="ZATA FLICKNAMN")
    sibling = mammogram(
        view="rcc", SOPInstanceUID=f"{INSTANCE}.2", OtherPatientNames="Flicknamn^Zäta"
    )
    put(export_folder, part10(ds), part10(sibling))
    ingest()
    (listed,) = reviews.waiting(region)
    approved(region, listed.review)
    shutil.rmtree(export_folder)
    assert apply(listed.review).outcome is Outcome.ADMITTED
    (trace,) = region.ledger.by_instance(ds.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    assert b"FLICKNAMN" not in b"".join(region.clean.get(key))


def test_more_is_blanked_as_two_people_say(region, original, waits, apply):
    box = (1, 300, 500, 360, 540)
    said = {"who": "anna", "reason": "a letter of hers", "blank": [box]}
    reviews.redact(region, waits.id, **said)
    refused(
        Reason.OTHER_DECISION, reviews.approve, region, waits.id, who="bo", reason="not the same"
    )
    digest = reviews.show(region, waits.id).decisions[-1].digest
    with pytest.raises(ReviewError, match=f"quarantine show {waits.id}"):
        reviews.confirm(region, waits.id, "0" * 12, who="bo", reason="guessed")
    made = reviews.confirm(region, waits.id, digest[:12], who="bo", reason="seen")
    assert made.state is ReviewState.DECIDED
    assert apply(waits).outcome is Outcome.ADMITTED
    before, now = original.pixel_array, stored(region, original)
    changed = np.argwhere((now != before)[400:700])
    assert changed.min(axis=0).tolist() == [100, 300]
    assert (now[500:541, 300:361] == now[500, 300]).all()
    untouched = np.ones(before.shape, bool)
    untouched[495:545, 295:365] = False
    untouched[1040:1150, 0:420] = False
    assert (now[untouched] == before[untouched]).all()


def test_what_two_people_keep_is_not_blanked(region, original, waits, apply):
    boxes = reviews.show(region, waits.id).proposal.boxes
    texts = [box.number for box in boxes if box.kind == "text"]
    for who in ("anna", "bo"):
        reviews.redact(region, waits.id, who=who, reason="an invented woman", keep=texts)
    assert apply(waits).outcome is Outcome.ADMITTED
    assert (stored(region, original) == original.pixel_array).all()


def test_one_person_rejects_and_nothing_is_kept(region, waits, apply):
    assert len(kept_of(region, waits)) == 3
    assert reviews.reject(region, waits.id, who="anna", reason="no").state is ReviewState.REJECTED
    assert kept_of(region, waits) == []
    assert reviews.waiting(region) == ()
    assert counts(region.ledger.tally(waits.export_id)) == {"ADMITTED": 1, "SUSPECT": 1}
    refused(Reason.REVIEW_STATE, reviews.picture, region, waits.id, 1, who="anna")
    refused(Reason.REVIEW_STATE, reviews.original, region, waits.id, who="anna")
    refused(Reason.REVIEW_STATE, apply, waits)


def test_to_walk_it_again_lets_nothing_pass(region, waits, apply):
    reviews.retry(region, waits.id, who="anna", reason="after an update")
    after = apply(waits)
    assert (after.state, after.round, after.outcome) == (ReviewState.WAITING, 2, Outcome.SUSPECT)
    assert after.original_key == waits.original_key
    assert reviews.show(region, waits.id).proposal.why.findings
    assert tallies_agree(region, waits)
    approved(region, waits)
    assert apply(waits).outcome is Outcome.ADMITTED


def test_what_nobody_let_pass_is_found_again(region, waits, apply, deidentify_with, monkeypatch):
    """A waiver is of what people saw, by place and kind, and of nothing else."""
    approved(region, waits)
    text = region.ledger.reviews.decided(waits.id)[1].ruling
    assert from_text(text).waived
    monkeypatch.setattr(
        applying, "from_text", lambda _: from_text(text.replace("frame 1", "frame 2"))
    )
    assert apply(waits).outcome is Outcome.SUSPECT


def test_nobody_decides_without_a_reason(region, waits):
    for call in (reviews.approve, reviews.reject, reviews.retry):
        for reason in ("", "  "):
            with pytest.raises(ReviewError, match="say why"):
                call(region, waits.id, who="anna", reason=reason)


def test_a_decision_must_be_one(region, waits):
    outside = "1 frames of 900 × 1200"
    for said, words in (
        ({}, "say what"),
        ({"keep": [99]}, "no box 99"),
        ({"blank": [(2, 0, 0, 5, 5)]}, outside),
        ({"blank": [(1, 0, 0, 901, 5)]}, outside),
        ({"blank": [(1, 5, 0, 5, 5)]}, outside),
    ):
        with pytest.raises(RulingError, match=words):
            reviews.redact(region, waits.id, who="anna", reason="so", **said)
    assert reviews.show(region, waits.id).decisions == ()


def test_a_marker_s_box_is_kept_anyway(region, waits):
    boxes = reviews.show(region, waits.id).proposal.boxes
    (number, *_) = [box.number for box in boxes if box.kind == "marker"]
    with pytest.raises(RulingError, match="a marker, and is kept anyway"):
        reviews.redact(region, waits.id, who="anna", reason="so", keep=[number])


def test_a_ruling_is_read_as_it_was_written(region, waits):
    reviews.redact(region, waits.id, who="anna", reason="so", blank=[(1, 1, 2, 30, 40)])
    text = reviews.show(region, waits.id).decisions[-1].ruling
    assert as_text(from_text(text)) == text
    chosen = ((1, 2), (30, 2), (30, 40), (1, 40))
    assert chosen in {box.corners for box in from_text(text).blank}


def test_a_look_at_what_identifies_is_written_down(region, waits):
    reviews.show(region, waits.id)
    reviews.picture(region, waits.id, 1, who="anna")
    with pytest.raises(NotFoundError):
        reviews.picture(region, waits.id, 7, who="anna")
    reviews.original(region, waits.id, who="bo")
    looks = [(one.who, one.action, one.reason) for one in reviews.show(region, waits.id).decisions]
    assert looks == [("anna", "LOOK", "picture of frame 1"), ("bo", "LOOK", "original")]
    first = reviews.approve(region, waits.id, who="anna", reason="so")
    reviews.picture(region, waits.id, 1, who="bo")
    digest = region.ledger.reviews.digest(first, reviews.show(region, waits.id).decisions[2].ruling)
    after = reviews.confirm(region, waits.id, digest[:12], who="bo", reason="so")
    assert after.state is ReviewState.DECIDED


def test_a_fault_in_the_rules_stops_no_study(region, ingest, export_folder, monkeypatch):
    def fault(*_arguments):
        raise ZeroDivisionError

    put(export_folder, part10(contradicting()))
    for module in ("flows.walk.admit", "deid.pixels.shown.proposal"):
        monkeypatch.setattr(f"{module}.screen", fault)
    assert counts(ingest()) == {"SUSPECT": 1}
    (listed,) = reviews.waiting(region)
    assert UNRULED in reviews.show(region, listed.review.id).proposal.said


# ---- asked anew ----------------------------------------------------------------------------


# ---- others than suspects ------------------------------------------------------------------


def test_a_conflict_is_shown_and_can_be_rejected_or_walked_again(
    region, ingest, apply, export_folder
):
    one, other = map(part10, objects.same_uid_other_pixels())
    put(export_folder, one)
    ingest()
    put(export_folder, other)
    assert counts(ingest()) == {"CONFLICT": 1}
    (listed,) = reviews.waiting(region, outcome=Outcome.CONFLICT)
    made = listed.review
    assert reviews.show(region, made.id).pictures == (1,)
    refused(Reason.NOT_RELEASABLE, reviews.approve, region, made.id, who="anna", reason="so")
    reviews.retry(region, made.id, who="anna", reason="so")
    assert apply(made).outcome is Outcome.CONFLICT
    reviews.reject(region, made.id, who="anna", reason="so")


def test_what_is_unreadable_is_kept_without_a_picture(region, ingest, apply, export_folder):
    put(export_folder, objects.truncated(), objects.not_dicom())
    assert counts(ingest(claimed=1)) == {"UNREADABLE": 2}
    one, other = (listed.review for listed in reviews.waiting(region))
    assert len(kept_of(region, one)) == 1
    assert reviews.show(region, one.id).proposal is None
    refused(Reason.NOT_RELEASABLE, reviews.approve, region, one.id, who="anna", reason="so")
    reviews.retry(region, other.id, who="anna", reason="so")
    assert apply(other).outcome is Outcome.UNREADABLE
    assert tallies_agree(region, one)
    assert b"".join(reviews.original(region, other.id, who="anna")) == objects.not_dicom()


def test_what_could_not_be_checked_is_let_pass_by_nobody(region, waits, monkeypatch):
    there = kept(region, waits)
    bare = type(there.proposal)(type(there.proposal.why)("SUSPECT", "unchecked"), "p")
    monkeypatch.setattr(reviews, "kept", lambda *_: type(there)(bare, {}, None))
    with pytest.raises(RulingError, match="nothing was found"):
        reviews.approve(region, waits.id, who="anna", reason="so")
