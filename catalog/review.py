"""Reviews of what waits in quarantine: who decided what, and what became of it.

A file that could not be proven clean is released only when two different people have decided
the same about this very original. Everything that lets nothing more pass than the walk by itself
would (to walk again, to reject) takes one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, func, or_, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.ledger_key import LedgerKey
from catalog.ledger_records import Ending
from catalog.ledger_rows import ending_row, require_one_to_one
from catalog.ledger_tables import export, item
from catalog.outcome import Outcome
from catalog.review_lines import append, digest_of, lines
from catalog.review_records import (
    OPEN,
    Decision,
    Opening,
    Review,
    ReviewAction,
    ReviewState,
    Verdict,
)
from catalog.review_rows import (
    begun_again,
    chosen,
    locked,
    open_review,
    read,
    write,
)
from catalog.review_rules import after_saying, in_force
from catalog.review_tables import review


class Reviews:
    """The reviews of one region, in its ledger's database, opened with the ledger's key."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def all(
        self, *, export_id: str | None = None, states: Iterable[ReviewState] = OPEN
    ) -> tuple[Review, ...]:
        """Give reviews in these states, the oldest first.

        Raises:
            ConflictError: The record of one was changed by other hands.
        """
        wanted = chosen().where(review.c.state.in_(sorted(states)))
        if export_id is not None:
            wanted = wanted.where(item.c.export_id == export_id)
        with reading(self._engine) as connection:
            return tuple(read(self._key, row).review for row in connection.execute(wanted))

    def get(self, review_id: int) -> tuple[Review, tuple[Decision, ...]]:
        """Give one review and all that was decided, oldest first.

        Raises:
            NotFoundError: There is none.
            ConflictError: Its record was changed by other hands.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            return held.review, lines(connection, self._key, held)

    def digest(self, made: Review, ruling: str) -> str:
        """Name a ruling on an original, as two people must agree on it."""
        return digest_of(self._key, made, ruling)

    def decide(self, review_id: int, said: Verdict) -> Review:
        """Write down what a person decided, and give the review as it is then.

        The first who releases may change what they said until a second has said the same.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: The review takes no such decision now (it is over, expired, the same
                person's, or the second differs from the first), or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            every = lines(connection, self._key, held)
            state = after_saying(said, self.digest(held.review, said.ruling), held.review, every)
            after = append(connection, self._key, held, said)
            after = replace(after, review=replace(after.review, state=state))
            write(connection, self._key, after)
            return after.review

    def decided(self, review_id: int) -> tuple[Review, Decision]:
        """Give a review that may be applied now, and the decision that says how.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: It is not decided, has expired, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            every = lines(connection, self._key, held)
            return held.review, in_force(held.review, every, self.digest)

    def settle(self, review_id: int, ending: Ending, *, run: str, who: str) -> Review:
        """Record how a file ended when its decision was applied: its outcome changes, once.

        What it was before stays written down. A file that is held back again is to be reviewed
        again, with its new proposal.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: The review is not decided, its record was changed, or two originals
                would have one clean UID.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            in_force(held.review, lines(connection, self._key, held), self.digest)
            index = connection.scalar(
                select(item.c.path_index).where(item.c.id == held.review.item_id)
            )
            row = ending_row(self._key, ending, index)
            require_one_to_one(connection, [row])
            connection.execute(
                item.update()
                .where(item.c.id == held.review.item_id)
                .values(run=run, recorded_at=now(), **row)
            )
            said = Verdict(ReviewAction.APPLY, who, "")
            after = append(connection, self._key, held, said, ending.outcome)
            if ending.review is not None and ending.quarantine_key is not None:
                after = begun_again(after, ending, ending.review)
            else:
                over = replace(
                    after.review,
                    state=ReviewState.APPLIED,
                    outcome=ending.outcome,
                    reason=ending.reason,
                )
                after = replace(after, review=over)
            write(connection, self._key, after)
            return after.review

    def outcomes(self, made: Review) -> Counter[Outcome]:
        """Count how the other files of a reviewed file's study ended."""
        others = (
            select(item.c.outcome, func.count())
            .where(item.c.export_id == made.export_id, item.c.ordinal == made.ordinal)
            .where(item.c.id != made.item_id, item.c.outcome.is_not(None))
            .group_by(item.c.outcome)
        )
        with reading(self._engine) as connection:
            return Counter({Outcome(row[0]): row[1] for row in connection.execute(others)})

    def over(self, moment: datetime) -> tuple[int, ...]:
        """Give the numbers of reviews of which something may lie in the store, and may not then."""
        wanted = select(review.c.id).where(
            review.c.erased_at.is_(None),
            or_(review.c.state.not_in(sorted(OPEN)), review.c.expires_at <= moment),
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(wanted.order_by(review.c.id)))

    def exports_before(self, moment: datetime) -> frozenset[str]:
        """Give the exports that were registered before a moment."""
        wanted = select(export.c.id).where(export.c.registered_at < moment)
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(wanted))

    def expire(self, review_id: int, *, who: str) -> bool:
        """Write down that a review's time is over, and tell whether that was done now."""
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            lines(connection, self._key, held)
            if held.review.state not in OPEN or held.review.expires_at > now():
                return False
            after = append(connection, self._key, held, Verdict(ReviewAction.EXPIRE, who, ""))
            over = replace(after.review, state=ReviewState.EXPIRED)
            write(connection, self._key, replace(after, review=over))
            return True

    def erased(self, review_id: int) -> None:
        """Write down that nothing of an original is kept any more."""
        with writing(self._engine) as connection:
            made = locked(connection, self._key, review_id).review
            row = {"erased_at": now()}
            connection.execute(review.update().where(review.c.id == made.id).values(**row))
            connection.execute(
                item.update().where(item.c.id == made.item_id).values(quarantine_key=None)
            )

    def adopt(self, opening: Opening) -> int:
        """Begin a review of each quarantined file that has none: from before there were any."""
        none = select(review.c.id).where(review.c.item_id == item.c.id).exists()
        wanted = select(item).where(item.c.quarantine_key.is_not(None), ~none)
        with writing(self._engine) as connection:
            rows = connection.execute(wanted).all()
            for row in rows:
                ending = Ending(
                    row.id,
                    Outcome(row.outcome),
                    row.reason,
                    quarantine_key=row.quarantine_key,
                    review=opening,
                )
                open_review(connection, self._key, ending)
            return len(rows)

    def live(self) -> frozenset[str]:
        """Give the folders in the quarantine that belong to a review that is not over."""
        wanted = select(item.c.export_id, item.c.id).join(review, review.c.item_id == item.c.id)
        wanted = wanted.where(review.c.state.in_(sorted(OPEN)))
        with reading(self._engine) as connection:
            return frozenset(folder(row[0], row[1]) for row in connection.execute(wanted))


def folder(export_id: str, item_id: int) -> str:
    """Name the folder in the quarantine that holds all that is kept of one file."""
    return f"{export_id}/{item_id}"
