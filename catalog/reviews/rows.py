"""Rows of reviews: all that a decision rests on is sealed for its place.

Whoever may write the database but has no key cannot change a review, a decision or their order,
nor take one away, unseen: the review's sealed cell says how many there are, and ends their chain.
What nobody can see from within is a whole database put back to what it was before.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from catalog.columns import now
from catalog.database import insert_if_absent
from catalog.errors import ConflictError, LedgerKeyError, NotFoundError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Ending
from catalog.ledgers.tables import item
from catalog.outcome import Outcome
from catalog.reviews.records import Opening, Review, ReviewState
from catalog.reviews.tables import review

FIRST = ""


@dataclass(frozen=True, repr=False)
class Held:
    """A review as it is sealed, and the end of its chain of decisions."""

    review: Review
    chain: str = FIRST


def open_review(connection: Connection, key: LedgerKey, ending: Ending) -> None:
    """Begin the review of a file that was just recorded as quarantined; again changes nothing."""
    opening, original = ending.review, ending.quarantine_key
    if opening is None or original is None:
        return
    found = connection.execute(
        select(item.c.export_id, item.c.ordinal).where(item.c.id == ending.item_id)
    ).one()
    moment = now()
    row = {
        "item_id": ending.item_id,
        "state": ReviewState.WAITING,
        "created_at": moment,
        "expires_at": opening.expires_at,
        "facts_enc": b"",
    }
    if not insert_if_absent(connection, review, row):
        return
    number = connection.scalar(select(review.c.id).where(review.c.item_id == ending.item_id))
    made = Review(
        id=int(number or 0),
        item_id=ending.item_id,
        export_id=found.export_id,
        ordinal=found.ordinal,
        outcome=ending.outcome,
        reason=ending.reason,
        state=ReviewState.WAITING,
        round=1,
        created_at=moment,
        expires_at=opening.expires_at,
        original_key=original,
        proposal_key=opening.proposal_key,
        decisions=0,
    )
    write(connection, key, Held(made))


def begun_again(held: Held, ending: Ending, opening: Opening) -> Held:
    """Begin another round: a decision was applied, and the file is held back once more.

    It expires when it would have: no decision makes an original stay longer.
    """
    again = replace(
        held.review,
        outcome=ending.outcome,
        reason=ending.reason,
        state=ReviewState.WAITING,
        round=held.review.round + 1,
        original_key=ending.quarantine_key or "",
        proposal_key=opening.proposal_key,
    )
    return replace(held, review=again)


def chosen() -> Select[Any]:
    """Select reviews with what their items say, in the order they came in."""
    return (
        select(
            review,
            item.c.export_id,
            item.c.ordinal,
            item.c.outcome.label("item_outcome"),
            item.c.reason.label("item_reason"),
            item.c.quarantine_key,
        )
        .join(item, item.c.id == review.c.item_id)
        .order_by(review.c.id)
    )


def locked(connection: Connection, key: LedgerKey, review_id: int) -> Held:
    """Give a review that nobody else changes until the transaction ends.

    Raises:
        NotFoundError: There is none.
        ConflictError: Its record was changed by other hands.
    """
    found = connection.execute(chosen().where(review.c.id == review_id).with_for_update()).first()
    if found is None:
        raise NotFoundError
    return read(key, found)


def read(key: LedgerKey, row: Any) -> Held:  # noqa: ANN401 # a row of SQLAlchemy's
    """Open a review's sealed cell, and hold the plain columns against it.

    Raises:
        ConflictError: They differ: somebody changed the record.
    """
    facts = opened(key, _facts_cell(row.id, row.item_id), row.facts_enc)
    made = Review(
        id=row.id,
        item_id=row.item_id,
        export_id=row.export_id,
        ordinal=row.ordinal,
        outcome=Outcome(facts["outcome"]),
        reason=facts["reason"],
        state=ReviewState(facts["state"]),
        round=facts["round"],
        created_at=datetime.fromisoformat(facts["created_at"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
        original_key=facts["original_key"],
        proposal_key=facts["proposal_key"],
        decisions=facts["decisions"],
    )
    plain = (row.state, row.created_at, row.expires_at, row.item_outcome, row.item_reason)
    sealed = (made.state, made.created_at, made.expires_at, made.outcome, made.reason)
    kept = row.quarantine_key in {None, made.original_key}
    if plain != sealed or not kept or place(made) != facts["place"]:
        raise ConflictError(Reason.REVIEW_CHANGED)
    return Held(made, facts["chain"])


def write(connection: Connection, key: LedgerKey, held: Held) -> None:
    """Write a review's state and all that its decisions rest on, sealed for its row."""
    made = held.review
    facts = {
        "place": place(made),
        "outcome": made.outcome,
        "reason": made.reason,
        "state": made.state,
        "round": made.round,
        "created_at": made.created_at.isoformat(),
        "expires_at": made.expires_at.isoformat(),
        "original_key": made.original_key,
        "proposal_key": made.proposal_key,
        "decisions": made.decisions,
        "chain": held.chain,
    }
    sealed = key.encrypt(_facts_cell(made.id, made.item_id), sealed_text(facts))
    connection.execute(
        review.update()
        .where(review.c.id == made.id)
        .values(state=made.state, expires_at=made.expires_at, facts_enc=sealed)
    )


def place(made: Review) -> str:
    """Say which file of which study and export a review is of."""
    return f"{made.export_id}/{made.ordinal}/{made.item_id}"


def _facts_cell(review_id: int, item_id: int) -> str:
    return f"review.facts\0{review_id}\0{item_id}"


def sealed_text(told: dict[str, Any]) -> str:
    """Write down what is to be sealed."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def opened(key: LedgerKey, cell: str, value: bytes) -> dict[str, Any]:
    """Read what was sealed for a cell.

    Raises:
        ConflictError: It was changed, or sealed for another cell.
    """
    try:
        told: dict[str, Any] = json.loads(key.decrypt(cell, bytes(value)))
    except LedgerKeyError:
        raise ConflictError(Reason.REVIEW_CHANGED) from None
    return told
