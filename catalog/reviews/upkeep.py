"""What of reviews may not stay for ever, and what they have in common with deciding."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Ending
from catalog.ledgers.tables import export, item
from catalog.outcome import Outcome
from catalog.reviews.lines import append, lines
from catalog.reviews.records import OPEN, Opening, Review, ReviewAction, ReviewState, Statement
from catalog.reviews.rows import Held, chosen, locked, open_review, read, write
from catalog.reviews.tables import review

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Upkeep:
    """Reviews as they begin, run out and are erased."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def _say(
        self, connection: Connection, held: Held, said: Statement, state: ReviewState
    ) -> Review:
        after = append(connection, self._key, held, said)
        after = replace(after, review=replace(after.review, state=state))
        write(connection, self._key, after)
        return after.review

    def over(self, moment: datetime) -> tuple[int, ...]:
        """Give the numbers of reviews of which something may lie in the store, and may not then.

        What is sealed counts: a plain column prolongs nothing. Those that were changed are given.
        """
        wanted = chosen().where(or_(review.c.erased_at.is_(None), review.c.state.in_(sorted(OPEN))))
        with reading(self._engine) as connection:
            found = connection.execute(wanted).all()
        return tuple(row.id for row in found if self._is_over(row, moment))

    def _is_over(self, row: Any, moment: datetime) -> bool:  # noqa: ANN401 # a row of SQLAlchemy's
        try:
            made = read(self._key, row).review
        except ConflictError:
            return True
        return made.state not in OPEN or made.expires_at <= moment

    def exports_before(self, moment: datetime) -> frozenset[str]:
        """Give the exports that were registered before a moment."""
        wanted = select(export.c.id).where(export.c.registered_at < moment)
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(wanted))

    def expire(self, review_id: int, *, who: str, ordered: str = "") -> bool:
        """Write down that a review's time is over, and tell whether that was done now.

        `ordered` is the order by which it is, before its time.

        Raises:
            ConflictError: Its decision is being applied, or its record was changed.
        """
        with writing(self._engine) as connection:
            held = locked(connection, self._key, review_id)
            lines(connection, self._key, held)
            if held.review.state not in OPEN or (held.review.expires_at > now() and not ordered):
                return False
            if held.review.state is ReviewState.APPLYING:
                raise ConflictError(Reason.REVIEW_BEGUN)
            said = Statement(ReviewAction.EXPIRE, who, ordered and f"erased by order {ordered}")
            self._say(connection, held, said, ReviewState.EXPIRED)
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

    def adopt(self, quarantined: timedelta) -> int:
        """Begin a review of each quarantined file that has none, and count them.

        They are from before there were any, or other hands have taken theirs away: nothing stays
        longer for that. Days count from when the file was recorded.
        """
        none = select(review.c.id).where(review.c.item_id == item.c.id).exists()
        wanted = select(item).where(item.c.quarantine_key.is_not(None), ~none)
        with writing(self._engine) as connection:
            rows = connection.execute(wanted).all()
            for row in rows:
                recorded = min(row.recorded_at or _LONG_AGO, now())
                opening = Opening("", recorded + quarantined)
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
