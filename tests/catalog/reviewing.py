"""A file that was held back, and what people say of it."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.errors import ConflictError, Reason
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending
from catalog.outcome import Outcome
from catalog.reviews.records import (
    Opening,
    Review,
    ReviewAction,
    ReviewState,
    Statement,
)
from catalog.reviews.review import Reviews
from tests.catalog.test_ledger import EXPORT

DAYS = timedelta(days=30)
LATER = datetime.now(UTC) + DAYS
SECRET = "Ring Provström Åsa"


def said(who: str, ruling: str = "{}", action: ReviewAction = ReviewAction.APPROVE) -> Statement:
    return Statement(action, who, SECRET, ruling)


def held_back(ledger: Ledger, outcome: Outcome = Outcome.SUSPECT, at: int = 0) -> Review:
    item = ledger.items(EXPORT.id, 0)[at]
    opening = Opening(f"{EXPORT.id}/{item.id}/p.sealed", LATER)
    key = f"{EXPORT.id}/{item.id}/o.sealed"
    ledger.record(Ending(item.id, outcome, "why", quarantine_key=key, review=opening), run="run")
    (made,) = [one for one in ledger.reviews.all() if one.item_id == item.id]
    return made


def refused(reason: Reason, call: object, *arguments: object, **named: object) -> None:
    with pytest.raises(ConflictError) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    assert caught.value.reason is reason


def decided(reviews: Reviews, made: Review) -> None:
    reviews.decide(made.id, said("anna"))
    assert reviews.decide(made.id, said("bo")).state is ReviewState.DECIDED
