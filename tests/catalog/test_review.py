"""Reviews: two people release, one rejects; nothing of it is changed unseen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, NewItem
from catalog.outcome import Outcome
from catalog.reviews.records import (
    OPEN,
    Decision,
    Opening,
    Review,
    ReviewAction,
    ReviewState,
)
from catalog.reviews.review import Reviews
from catalog.reviews.rules import in_force
from tests.catalog.reviewing import DAYS, LATER, SECRET, decided, held_back, refused, said
from tests.catalog.test_ledger import EXPORT


@pytest.fixture
def reviews(ledger: Ledger) -> Reviews:
    return ledger.reviews


def test_what_is_quarantined_waits(ledger: Ledger, made: Review) -> None:
    assert (made.state, made.round, made.outcome, made.reason) == ("WAITING", 1, "SUSPECT", "why")
    assert made.expires_at == LATER
    assert ledger.reviews.get(made.id) == (made, ())
    assert ledger.reviews.all(export_id="other") == ()
    other = ledger.items(EXPORT.id, 1)[0]
    ledger.record(Ending(other.id, Outcome.REFUSED), run="run")
    assert len(ledger.reviews.all()) == 1
    with pytest.raises(NotFoundError):
        ledger.reviews.get(made.id + 1)


def test_one_person_releases_nothing(reviews: Reviews, made: Review) -> None:
    assert reviews.decide(made.id, said("anna")).state is ReviewState.SECOND
    for same in ("anna", " ANNA"):
        refused(Reason.SAME_PERSON, reviews.decide, made.id, said(same))
    refused(Reason.REVIEW_STATE, reviews.decided, made.id)


def test_two_people_release_what_both_said(reviews: Reviews, made: Review) -> None:
    decided(reviews, made)
    _, decision = reviews.decided(made.id)
    assert (decision.who, decision.ruling, decision.reason) == ("bo", "{}", SECRET)
    refused(Reason.REVIEW_STATE, reviews.decide, made.id, said("eva"))
    assert [one.who for one in reviews.get(made.id)[1]] == ["anna", "bo"]


def test_the_second_must_say_the_same(reviews: Reviews, made: Review) -> None:
    reviews.decide(made.id, said("anna"))
    refused(Reason.OTHER_DECISION, reviews.decide, made.id, said("bo", "{1}"))
    assert reviews.decide(made.id, said("anna", "{1}")).state is ReviewState.SECOND
    refused(Reason.OTHER_DECISION, reviews.decide, made.id, said("bo"))
    assert reviews.decide(made.id, said("bo", "{1}")).state is ReviewState.DECIDED


@pytest.mark.parametrize("outcome", [Outcome.CONFLICT, Outcome.UNREADABLE])
def test_only_what_is_suspect_is_released(ledger: Ledger, outcome: Outcome) -> None:
    made = held_back(ledger, outcome)
    refused(Reason.NOT_RELEASABLE, ledger.reviews.decide, made.id, said("anna"))
    again = ledger.reviews.decide(made.id, said("anna", "", ReviewAction.RETRY))
    assert again.state is ReviewState.DECIDED
    assert ledger.reviews.decided(made.id)[1].ruling == ""


def test_to_walk_again_waives_nothing(reviews: Reviews, made: Review) -> None:
    reviews.decide(made.id, said("anna", "{waives}", ReviewAction.RETRY))
    refused(Reason.REVIEW_STATE, reviews.decided, made.id)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_one_person_rejects_at_any_time(reviews: Reviews, made: Review, before: int) -> None:
    for who in ("anna", "bo")[:before]:
        reviews.decide(made.id, said(who))
    rejected = reviews.decide(made.id, said("bo", "", ReviewAction.REJECT))
    assert rejected.state is ReviewState.REJECTED
    for action in ReviewAction:
        refused(Reason.REVIEW_STATE, reviews.decide, made.id, said("eva", "{}", action))
    assert reviews.all() == ()


HAPPENS = [ReviewAction[name] for name in ("BEGIN", "WITHDRAW", "APPLY", "EXPIRE", "LOOK")]


@pytest.mark.parametrize("action", HAPPENS)
def test_nobody_decides_what_only_happens(
    reviews: Reviews, made: Review, action: ReviewAction
) -> None:
    refused(Reason.REVIEW_STATE, reviews.decide, made.id, said("anna", "", action))


def test_a_decision_that_was_applied_changes_the_outcome_once(
    ledger: Ledger, reviews: Reviews, made: Review
) -> None:
    decided(reviews, made)
    ending = Ending(made.item_id, Outcome.ADMITTED)
    refused(Reason.REVIEW_STATE, reviews.settle, made.id, ending, run="review-1", who="bo")
    assert reviews.begin(made.id, "{what}", who="bo").state is ReviewState.APPLYING
    after = reviews.settle(made.id, ending, run="review-1", who="bo")
    assert after.state is ReviewState.APPLIED
    assert ledger.progress(EXPORT.id).counts == {Outcome.ADMITTED: 1}
    last = reviews.get(made.id)[1][-1]
    assert (last.action, last.outcome, last.who) == (ReviewAction.APPLY, Outcome.ADMITTED, "bo")
    refused(Reason.REVIEW_STATE, reviews.settle, made.id, ending, run="review-2", who="bo")
    assert reviews.over(datetime.now(UTC)) == (made.id,)
    reviews.erased(made.id)
    assert reviews.over(datetime.now(UTC)) == ()
    assert reviews.get(made.id)[0].outcome is Outcome.ADMITTED


def test_what_was_begun_is_only_settled_or_withdrawn(
    reviews: Reviews, made: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(reviews, made)
    for call in (reviews.begun, lambda one: reviews.withdraw(one, who="bo")):
        refused(Reason.REVIEW_STATE, call, made.id)
    reviews.begin(made.id, "{what}", who="bo")
    assert reviews.begun(made.id)[1] == "{what}"
    for action in ReviewAction:
        refused(Reason.REVIEW_BEGUN, reviews.decide, made.id, said("eva", "{}", action))
    refused(Reason.REVIEW_STATE, reviews.begin, made.id, "{what}", who="bo")
    monkeypatch.setattr("catalog.reviews.upkeep.now", lambda: LATER)
    refused(Reason.REVIEW_BEGUN, reviews.expire, made.id, who="expiry")
    monkeypatch.undo()
    assert reviews.withdraw(made.id, who="bo").state is ReviewState.DECIDED
    assert reviews.decided(made.id)[1].ruling == "{}"
    assert reviews.decide(made.id, said("eva", "", ReviewAction.REJECT)).state == "REJECTED"


def test_what_is_published_is_never_too_late_to_record(
    reviews: Reviews, made: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(reviews, made)
    reviews.begin(made.id, "{what}", who="bo")
    monkeypatch.setattr("catalog.reviews.rules.now", lambda: LATER)
    ending = Ending(made.item_id, Outcome.ADMITTED)
    assert reviews.settle(made.id, ending, run="r", who="bo").state is ReviewState.APPLIED


def test_a_look_is_written_down_and_decides_nothing(reviews: Reviews, made: Review) -> None:
    reviews.look(made.id, "original", who="eva")
    refused(Reason.REVIEW_STATE, reviews.decided, made.id)
    reviews.decide(made.id, said("anna"))
    reviews.look(made.id, "picture of frame 1", who="bo")
    refused(Reason.SAME_PERSON, reviews.decide, made.id, said("anna"))
    assert reviews.decide(made.id, said("bo")).state is ReviewState.DECIDED
    reviews.look(made.id, "original", who="anna")
    assert reviews.decided(made.id)[1].who == "bo"
    looks = [(line.who, line.reason) for line in reviews.get(made.id)[1] if line.action == "LOOK"]
    assert looks == [("eva", "original"), ("bo", "picture of frame 1"), ("anna", "original")]
    reviews.begin(made.id, "{what}", who="bo")
    reviews.look(made.id, "original", who="anna")
    assert reviews.begun(made.id)[1] == "{what}"
    reviews.settle(made.id, Ending(made.item_id, Outcome.ADMITTED), run="r", who="bo")
    refused(Reason.REVIEW_STATE, reviews.look, made.id, "original", who="anna")


def test_one_changed_record_hides_no_other(
    ledger: Ledger, made: Review, ledger_engine: Engine
) -> None:
    other = held_back(ledger, at=1)
    assert ledger.reviews.changed() == ()
    for state in ("DECIDED", "REJECTED"):
        with ledger_engine.begin() as connection:
            changed = text("UPDATE review SET state = :state WHERE id = :id")
            connection.execute(changed, {"state": state, "id": made.id})
        assert [one.id for one in ledger.reviews.all()] == [other.id]
        assert ledger.reviews.changed() == (made.id,)


def test_a_long_reason_is_cut_where_the_ledger_has_no_room(ledger: Ledger) -> None:
    item = ledger.items(EXPORT.id, 0)[0]
    opening = Opening("", LATER)
    reason = "of a kind: " + ", ".join(f"kind {n:03} of many" for n in range(30))
    ending = Ending(item.id, Outcome.SUSPECT, reason, quarantine_key="k", review=opening)
    ledger.record(ending, run="run")
    (made,) = ledger.reviews.all()
    assert len(made.reason) == 200
    assert (made.reason[:11], made.reason[-1]) == ("of a kind: ", "…")
    assert Ending(1, Outcome.SUSPECT, "x" * 200).reason == "x" * 200


def test_what_is_held_back_again_is_reviewed_again(reviews: Reviews, made: Review) -> None:
    decided(reviews, made)
    reviews.begin(made.id, "{what}", who="bo")
    opening = Opening("e/1/p2.sealed", LATER + timedelta(days=30))
    ending = Ending(
        made.item_id,
        Outcome.SUSPECT,
        "another",
        quarantine_key=made.original_key,
        review=opening,
    )
    again = reviews.settle(made.id, ending, run="review-1", who="bo")
    assert (again.state, again.round, again.reason) == (ReviewState.WAITING, 2, "another")
    assert again.expires_at == LATER
    refused(Reason.REVIEW_STATE, reviews.decided, made.id)
    assert reviews.decide(made.id, said("bo")).state is ReviewState.SECOND
    assert reviews.decide(made.id, said("anna")).state is ReviewState.DECIDED
    assert reviews.digest(made, "{}") != reviews.digest(again, "{}")


def test_the_other_files_of_the_study_are_counted(ledger: Ledger, made: Review) -> None:
    assert ledger.reviews.outcomes(made) == {}
    other = ledger.items(EXPORT.id, 0)[1]
    ledger.record(Ending(other.id, Outcome.ADMITTED), run="run")
    ledger.record(Ending(ledger.items(EXPORT.id, 1)[0].id, Outcome.KNOWN), run="run")
    assert ledger.reviews.outcomes(made) == {Outcome.ADMITTED: 1}


def line(number: int, who: str, **changes: object) -> Decision:
    moment = datetime.now(UTC)
    action = ReviewAction.APPROVE
    return replace(Decision(number, 1, action, who, moment, "", "{}", "d", None), **changes)


@pytest.mark.parametrize(
    ("outcome", "second"),
    [
        (Outcome.SUSPECT, line(2, "Anna ")),
        (Outcome.SUSPECT, line(2, "bo", digest="e")),
        (Outcome.SUSPECT, line(2, "bo", round=2)),
        (Outcome.SUSPECT, line(2, "bo", action=ReviewAction.APPLY)),
        (Outcome.CONFLICT, line(2, "bo")),
    ],
)
def test_a_state_alone_releases_nothing(outcome: Outcome, second: Decision) -> None:
    fields = (1, 1, "e", 0, Outcome.SUSPECT, "", ReviewState.DECIDED, 1, LATER, LATER, "o", "p", 2)
    made = Review(*fields)
    assert in_force(made, (line(1, "anna"), line(2, "bo")), lambda *_: "d").number == 2
    other = line(1, "anna", digest="e"), line(2, "bo")
    for every in ((line(1, "anna"), second), other, (line(1, "anna"),), ()):
        with pytest.raises(ConflictError):
            in_force(replace(made, outcome=outcome), every, lambda *_: "d")


# ---- time ----------------------------------------------------------------------------------


def aged(ledger: Ledger, made: Review) -> Review:
    """Open another review, that is over already."""
    item = ledger.items(EXPORT.id, 1)[0]
    key = f"{EXPORT.id}/{item.id}/o.sealed"
    past = datetime.now(UTC) - timedelta(seconds=1)
    ending = Ending(
        item.id, Outcome.SUSPECT, "why", quarantine_key=key, review=Opening("p.sealed", past)
    )
    ledger.record(ending, run="run")
    return next(one for one in ledger.reviews.all() if one.id != made.id)


def test_what_has_expired_takes_no_decision_and_says_expired(ledger: Ledger, made: Review) -> None:
    reviews, old = ledger.reviews, aged(ledger, made)
    for action in (ReviewAction.APPROVE, ReviewAction.RETRY, ReviewAction.REJECT):
        refused(Reason.REVIEW_EXPIRED, reviews.decide, old.id, said("anna", "", action))
    assert reviews.over(datetime.now(UTC)) == (old.id,)
    assert reviews.expire(old.id, who="expiry")
    assert not reviews.expire(old.id, who="expiry")
    assert not reviews.expire(made.id, who="expiry")
    after, (line,) = reviews.get(old.id)
    assert (after.state, line.action) == (ReviewState.EXPIRED, ReviewAction.EXPIRE)
    assert ledger.progress(EXPORT.id).counts == {Outcome.SUSPECT: 2}
    assert reviews.live() == {f"{EXPORT.id}/{made.item_id}"}


def test_a_decision_is_not_in_force_for_ever(
    ledger: Ledger, made: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(ledger.reviews, made)
    monkeypatch.setattr("catalog.reviews.rules.now", lambda: LATER)
    refused(Reason.REVIEW_EXPIRED, ledger.reviews.decided, made.id)


def test_what_was_quarantined_before_there_were_reviews_is_adopted(
    ledger: Ledger, made: Review
) -> None:
    item = ledger.items(EXPORT.id, 1)[0]
    ledger.record(Ending(item.id, Outcome.CONFLICT, "x", quarantine_key="k"), run="run")
    assert ledger.reviews.adopt(DAYS) == 1
    assert ledger.reviews.adopt(DAYS) == 0
    adopted = ledger.reviews.all()[-1]
    assert (adopted.item_id, adopted.outcome, adopted.original_key) == (item.id, "CONFLICT", "k")


def test_a_file_that_was_enrolled_only_is_not_adopted(ledger: Ledger) -> None:
    ledger.enroll(EXPORT.id, [NewItem("new", 3, 1)])
    assert ledger.reviews.adopt(DAYS) == 0
    assert ledger.reviews.all(states=OPEN) == ()
    assert replace(EXPORT).id in ledger.reviews.exports_before(LATER)
