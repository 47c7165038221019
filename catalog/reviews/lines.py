"""Lines of what was decided: each sealed for its place, and chained to the one before."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from catalog.columns import now
from catalog.errors import ConflictError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.outcome import Outcome
from catalog.reviews.records import Decision, Review, ReviewAction, Statement
from catalog.reviews.rows import FIRST, Held, opened, place, sealed_text
from catalog.reviews.tables import review_decision


def append(
    connection: Connection,
    key: LedgerKey,
    held: Held,
    said: Statement,
    outcome: Outcome | None = None,
) -> Held:
    """Add one line to what was decided, and give the review with the end of its chain."""
    number, moment = held.review.decisions + 1, now()
    digest = digest_of(key, held.review, said.ruling)
    plain = {"action": said.action, "who": said.who, "digest": digest, "outcome": outcome}
    told = {
        **plain,
        "made_at": moment.isoformat(),
        "round": held.review.round,
        "reason": said.reason,
        "ruling": said.ruling,
    }
    cell = key.encrypt(_decision_cell(held.review.id, number), sealed_text(told))
    chain = _link(key, held.chain, cell)
    row = {
        **plain,
        "review_id": held.review.id,
        "number": number,
        "made_at": moment,
        "cell_enc": cell,
        "chain": chain,
    }
    connection.execute(review_decision.insert().values(**row))
    return Held(replace(held.review, decisions=number), chain)


def lines(connection: Connection, key: LedgerKey, held: Held) -> tuple[Decision, ...]:
    """Give all that was decided, oldest first.

    Raises:
        ConflictError: A line was changed, moved, added or taken away by other hands.
    """
    mine = review_decision.c.review_id == held.review.id
    every = connection.execute(
        select(review_decision).where(mine).order_by(review_decision.c.number)
    ).all()
    chain, found = FIRST, []
    for number, row in enumerate(every, 1):
        chain = _link(key, chain, row.cell_enc)
        found.append(_line(key, held.review.id, number, row))
        if chain != row.chain or row.number != number:
            raise ConflictError(Reason.REVIEW_CHANGED)
    if chain != held.chain or len(found) != held.review.decisions:
        raise ConflictError(Reason.REVIEW_CHANGED)
    return tuple(found)


def _line(key: LedgerKey, review_id: int, number: int, row: Any) -> Decision:  # noqa: ANN401 # a row of SQLAlchemy's
    told = opened(key, _decision_cell(review_id, number), row.cell_enc)
    made = Decision(
        number=number,
        round=told["round"],
        action=ReviewAction(told["action"]),
        who=told["who"],
        made_at=datetime.fromisoformat(told["made_at"]),
        reason=told["reason"],
        ruling=told["ruling"],
        digest=told["digest"],
        outcome=None if told["outcome"] is None else Outcome(told["outcome"]),
    )
    plain = (row.action, row.who, row.made_at, row.digest, row.outcome)
    if plain != (made.action, made.who, made.made_at, made.digest, made.outcome):
        raise ConflictError(Reason.REVIEW_CHANGED)
    return made


def digest_of(key: LedgerKey, made: Review, ruling: str) -> str:
    """Name a ruling on one original in one round; another original's is never the same.

    The key of the proposal is a keyed digest of what people are shown, and of the detector and
    the rules that it came from.
    """
    bound = (place(made), made.round, made.original_key, made.proposal_key, ruling)
    return key.index("review_decision.digest", json.dumps(bound))


def _link(key: LedgerKey, before: str, cell: bytes) -> str:
    return key.index("review_decision.chain", before + hashlib.sha256(cell).hexdigest())


def _decision_cell(review_id: int, number: int) -> str:
    return f"review_decision.cell\0{review_id}\0{number}"
