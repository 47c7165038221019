"""Reviews of what waits in quarantine: who decided what, and what became of it.

A file that could not be proven clean is released only when two different people have decided
the same about this very original. Everything that lets nothing more pass than the walk by itself
would (to walk again, to reject) takes one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import func, or_, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, Reason
from catalog.ledgers.records import Ending
from catalog.ledgers.rows import ending_row, require_one_to_one
from catalog.ledgers.tables import item
from catalog.outcome import Outcome
from catalog.reviews.lines import append, digest_of, lines
from catalog.reviews.records import (
    OPEN,
    Decision,
    Review,
    ReviewAction,
    ReviewState,
    Statement,
)
from catalog.reviews.rows import (
    begun_again,
    chosen,
    locked,
    read,
    write,
)
from catalog.reviews.rules import after_saying, begun, in_force
from catalog.reviews.tables import review
from catalog.reviews.upkeep import Upkeep


class Reviews(Upkeep):
    """The reviews of one region, in its ledger's database, opened with the ledger's key."""

    def all(
        self, *, export_id: str | None = None, states: Iterable[ReviewState] = OPEN
    ) -> tuple[Review, ...]:
        """Give reviews in these states, the oldest first, but those that `changed` tells."""
        wanted = chosen().where(review.c.state.in_(sorted(states)))
        if export_id is not None:
            wanted = wanted.where(item.c.export_id == export_id)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return tuple(one for one in map(self._read, rows) if one is not None)

    def changed(self) -> tuple[int, ...]:
        """Give the numbers of reviews whose record was changed by other hands.

        Whatever their state now says: it may be what was changed.
        """
        kept = or_(review.c.erased_at.is_(None), review.c.state.in_(sorted(OPEN)))
        with reading(self._engine) as connection:
            rows = connection.execute(chosen().where(kept)).all()
        return tuple(row.id for row in rows if self._read(row) is None)

    def _read(self, row: Any) -> Review | None:  # noqa: ANN401 # a row of SQLAlchemy's
        try:
            return read(self._key, row).review
        except ConflictError:
            return None

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

    def decide(self, review_id: int, said: Statement) -> Review:
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
            return self._say(connection, held, said, state)

    def look(self, review_id: int, what: str, *, who: str) -> None:
        """Write down that somebody is about to look at what may show who it is of.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: Nothing of it is kept any more, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            lines(connection, self._key, held)
            if held.review.state not in OPEN:
                raise ConflictError(Reason.REVIEW_STATE)
            said = Statement(ReviewAction.LOOK, who, what)
            self._say(connection, held, said, held.review.state)

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

    def begin(self, review_id: int, what: str, *, who: str) -> Review:
        """Write down what a decision in force is about to publish, before it is.

        From then on it is settled, or withdrawn where nothing was published; no more is decided.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: It is not decided, has expired, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            in_force(held.review, lines(connection, self._key, held), self.digest)
            said = Statement(ReviewAction.BEGIN, who, "", what)
            return self._say(connection, held, said, ReviewState.APPLYING)

    def begun(self, review_id: int) -> tuple[Review, str]:
        """Give a review whose decision is being applied, and what is about to be published.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: Nothing of it is being applied, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            line = begun(held.review, lines(connection, self._key, held))
            return held.review, line.ruling

    def withdraw(self, review_id: int, *, who: str) -> Review:
        """Write down that nothing was published of what was about to be: it is decided again.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: Nothing of it is being applied, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            begun(held.review, lines(connection, self._key, held))
            said = Statement(ReviewAction.WITHDRAW, who, "")
            return self._say(connection, held, said, ReviewState.DECIDED)

    def settle(self, review_id: int, ending: Ending, *, run: str, who: str) -> Review:
        """Record how a file ended when its decision was applied: its outcome changes, once.

        What it was before stays written down. A file that is held back again is to be reviewed
        again, with its new proposal. What is published cannot be too late: no clock is asked.

        Raises:
            NotFoundError: There is no such review.
            ConflictError: Nothing of it was begun, its record was changed, or two originals would
                have one clean UID.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            begun(held.review, lines(connection, self._key, held))
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
            said = Statement(ReviewAction.APPLY, who, "")
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
