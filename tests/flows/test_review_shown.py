"""A decision is about what people were shown, by one detector and one set of rules."""

import dataclasses

import cv2
import numpy as np
import pytest

import deid.pixels.redact
from catalog.errors import NotFoundError
from catalog.outcome import Outcome
from catalog.reviews.records import ReviewState
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from flows import deidentifier
from flows.review import reviews
from tests.flows.making import counts, put
from tests.flows.reviewing import FRAME, NAMED, approved, contradicting, stored, tallies_agree
from tests.objects import part10, tomosynthesis


@pytest.fixture
def original(export_folder):
    ds = contradicting()
    put(export_folder, part10(ds))
    return ds


@pytest.fixture
def waits(original, region, ingest):
    assert counts(ingest()) == {"SUSPECT": 1}
    (one,) = reviews.waiting(region)
    return one.review


def blind(monkeypatch):
    """Let the detector that looks now see nothing."""
    monkeypatch.setattr(deid.pixels.redact.ColourEye, "look", lambda *_: ())


@pytest.mark.parametrize("changed", ["detector", "rules"])
def test_what_another_detector_or_other_rules_showed_is_decided_again(
    region, original, waits, apply, deidentify_with, monkeypatch, changed
):
    approved(region, waits)
    with monkeypatch.context() as patch:
        if changed == "detector":
            patch.setattr(deidentifier, "DETECTOR", "text 99")
        else:
            other = dataclasses.replace(deidentify_with.profile, digest="0" * 64)
            patch.setitem(deidentify_with.__dict__, "profile", other)
        blind(patch)
        after = apply(waits)
    assert (after.state, after.outcome, after.round) == (
        ReviewState.WAITING,
        Outcome.SUSPECT,
        2,
    )
    assert after.reason.startswith("decided by what another detector or other rules had shown")
    assert after.expires_at == waits.expires_at
    assert counts(region.ledger.tally(waits.export_id)) == {"SUSPECT": 1}
    assert tallies_agree(region, waits)
    (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
    assert trace.outcome is Outcome.SUSPECT
    again = reviews.show(region, waits.id).proposal
    assert [(one.where, one.what) for one in again.why.findings] == [("frame 1", "marker")]


def test_what_is_blanked_does_not_rest_on_being_found_again(
    region, original, waits, apply, monkeypatch
):
    approved(region, waits)
    blind(monkeypatch)
    assert apply(waits).outcome is Outcome.ADMITTED
    drawn = original.pixel_array[NAMED] != FRAME[NAMED]
    assert len(np.unique(stored(region, original)[NAMED][drawn])) == 1


def test_a_decision_differs_by_the_detector_and_the_rules_it_rests_on(
    region, waits, deidentify_with
):
    """The key of a proposal is a keyed digest of it, and the digest of a decision holds the key."""
    proposal = reviews.show(region, waits.id).proposal
    assert proposal.rules == deidentify_with.profile.digest
    assert proposal.detector == deidentify_with.versions.detector
    digest, other = region.ledger.reviews.digest, dataclasses.replace(waits, proposal_key="x")
    assert digest(waits, "so") != digest(other, "so")


def test_every_frame_that_something_was_found_in_can_be_seen(
    region, ingest, export_folder, monkeypatch
):
    monkeypatch.setattr("deid.pixels.shown.proposal.MOST_PICTURES", 1)
    ds = tomosynthesis(3)
    found = tuple(Finding(f"frame {number}", "marker") for number in (1, 2, 3))

    def held(*_arguments, **_named):
        raise SuspectError(Reason.MARKER, found)

    put(export_folder, part10(ds))
    with monkeypatch.context() as patch:
        patch.setattr("flows.walk.verdict.admit", held)
        assert counts(ingest()) == {"SUSPECT": 1}
    (listed,) = reviews.waiting(region)
    made, shown = listed.review, reviews.show(region, listed.review.id)
    assert shown.pictures == (1,)
    pictures = [reviews.picture(region, made.id, frame, who="anna") for frame in (1, 2, 3)]
    assert len({cv2.imdecode(np.frombuffer(one, np.uint8), 1).shape for one in pictures}) == 1
    assert sorted(path.name for path in region.landing.iterdir() if "look" in path.name) == []
    with pytest.raises(NotFoundError):
        reviews.picture(region, made.id, 4, who="anna")
