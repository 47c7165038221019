"""Errands: asked for by the console, taken by one worker at a time, answered once."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, and_, case, func, or_, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errands.records import WAITS, Errand, ErrandKind, ErrandState, NewErrand, Taken
from catalog.errands.tables import errand
from catalog.errors import ConflictError, NotFoundError, Reason

MOST_TRIES = 2
#: What waits for nothing that was asked before, or who asks much could keep a stop from coming.
_URGENT = (ErrandKind.STOP, ErrandKind.GO)
_SHOWN = (
    *(errand.c.id, errand.c.kind, errand.c.target, errand.c.who, errand.c.state),
    *(errand.c.asked_at, errand.c.expires_at, errand.c.ended_at, errand.c.answer),
)


class Errands:
    """The errands of one region, in its ledger's database; no key is needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, new: NewErrand) -> None:
        """Enter an errand."""
        moment = now()
        row = {
            **vars(new),
            "state": ErrandState.ASKED,
            "tries": 0,
            "asked_at": moment,
            "expires_at": moment + WAITS,
        }
        with writing(self._engine) as connection:
            connection.execute(errand.insert().values(row))

    def get(self, errand_id: str) -> Errand:
        """Give an errand as it stands.

        Raises:
            NotFoundError: There is none.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_shown().where(errand.c.id == errand_id)).one_or_none()
        if row is None:
            raise NotFoundError
        return _errand(row)

    def latest(self, limit: int) -> tuple[Errand, ...]:
        """Give the errands that were asked for last, the newest first."""
        newest = _shown().order_by(errand.c.asked_at.desc(), errand.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(map(_errand, connection.execute(newest).all()))

    def waiting(self, who: str) -> int:
        """Count what one person asked that has not ended."""
        late = and_(errand.c.state == ErrandState.ASKED, errand.c.expires_at <= now())
        open_ = and_(errand.c.state.in_((ErrandState.ASKED, ErrandState.TAKEN)), ~late)
        count = select(func.count()).select_from(errand).where(errand.c.who == who, open_)
        with reading(self._engine) as connection:
            return connection.scalar(count) or 0

    def entered_by(self, source: str) -> str | None:
        """Give who last entered a source through the console; None if nobody did."""
        entered = (
            errand.c.kind == ErrandKind.SOURCE_ADD,
            errand.c.target == source,
            errand.c.state == ErrandState.DONE,
        )
        last = select(errand.c.who).where(*entered).order_by(errand.c.ended_at.desc()).limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(last)

    def take(self, by: str, until: datetime, kinds: Collection[ErrandKind]) -> Taken | None:
        """Give the oldest errand of some kinds that nobody works on; None when there is none.

        A stop, and what takes it back, come before all else, in the order of asking.
        What a dead worker held is taken again when its lease is over; whoever does it twice must
        be safe to.
        """
        moment = now()
        fresh = and_(errand.c.state == ErrandState.ASKED, errand.c.expires_at > moment)
        wanted = (
            select(errand)
            .where(
                or_(fresh, and_(_left(moment), errand.c.tries < MOST_TRIES)),
                errand.c.kind.in_(sorted(kinds)),
            )
            .order_by(
                case((errand.c.kind.in_(_URGENT), 0), else_=1), errand.c.asked_at, errand.c.id
            )
            .limit(1)
        )
        with reading(self._engine) as connection:  # a look costs no lock while nothing waits
            if connection.execute(wanted).first() is None:
                return None
        with writing(self._engine) as connection:
            alone = wanted.with_for_update(skip_locked=True)
            row = connection.execute(alone).one_or_none()
            if row is None:
                return None
            mine = errand.update().where(errand.c.id == row.id)
            taken = {"state": ErrandState.TAKEN, "leased_by": by, "leased_until": until}
            connection.execute(mine.values(tries=row.tries + 1, **taken))
        kind = ErrandKind(row.kind)
        return Taken(row.id, kind, row.target, row.who, row.sealed, by, row.tries + 1)

    def renew(self, taken: Taken, until: datetime) -> None:
        """Lengthen a lease.

        Raises:
            ConflictError: It is somebody else's by now.
        """
        self._change(taken, leased_until=until)

    def end(self, taken: Taken, state: ErrandState, answer: Mapping[str, Any]) -> None:
        """Answer an errand; what was asked is erased with it.

        Raises:
            ConflictError: Somebody else works on it by now.
        """
        said = json.dumps(answer, allow_nan=False, ensure_ascii=False)
        self._change(taken, answer=said, **_over(state))

    def _change(self, taken: Taken, **values: Any) -> None:  # noqa: ANN401 # of any column
        mine = errand.update().where(errand.c.id == taken.id, errand.c.leased_by == taken.by)
        with writing(self._engine) as connection:
            if not connection.execute(mine.values(values)).rowcount:
                raise ConflictError(Reason.LEASE)

    def expire(self) -> int:
        """End what nobody took in time, and what workers died of; count them."""
        moment = now()
        late = and_(errand.c.state == ErrandState.ASKED, errand.c.expires_at <= moment)
        lost = and_(_left(moment), errand.c.tries >= MOST_TRIES)
        with writing(self._engine) as connection:
            ended = connection.execute(
                errand.update().where(late).values(_over(ErrandState.EXPIRED))
            ).rowcount
            failed = errand.update().where(lost).values(_over(ErrandState.FAILED))
            return ended + connection.execute(failed).rowcount

    def forget_answers(self, before: datetime) -> int:
        """Erase the answers that were given before a moment; that they were asked for stays."""
        old = errand.update().where(errand.c.ended_at < before, errand.c.answer.is_not(None))
        with writing(self._engine) as connection:
            return connection.execute(old.values(answer=None)).rowcount


def _left(moment: datetime) -> Any:  # noqa: ANN401 # a condition of SQLAlchemy's
    return and_(errand.c.state == ErrandState.TAKEN, errand.c.leased_until <= moment)


def _over(state: ErrandState) -> dict[str, Any]:
    nobodys = {"sealed": None, "leased_by": None, "leased_until": None}
    return {"state": state, "ended_at": now(), **nobodys}


def _shown() -> Select[Any]:
    return select(*_SHOWN)


def _errand(row: Row[Any]) -> Errand:
    state = ErrandState(row.state)
    if state is ErrandState.ASKED and row.expires_at <= now():
        state = ErrandState.EXPIRED  # no worker is there to write it
    return Errand(
        id=row.id,
        kind=ErrandKind(row.kind),
        target=row.target,
        who=row.who,
        state=state,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        answer=None if row.answer is None else json.loads(row.answer),
    )
