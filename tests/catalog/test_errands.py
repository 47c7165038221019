"""Errands are taken by one worker at a time, answered once, and are over when nobody comes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from catalog.columns import now
from catalog.database import connect, writing
from catalog.errands.errands import Errands
from catalog.errands.records import ErrandKind, ErrandState, NewErrand
from catalog.errands.tables import errand
from catalog.errors import ConflictError, NotFoundError

EVERY = frozenset(ErrandKind)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    made = connect(ledger_url)
    yield made
    made.dispose()


@pytest.fixture
def errands(engine: Engine) -> Errands:
    return Errands(engine)


def later(minutes: float = 10) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def new(number: int, kind: ErrandKind = ErrandKind.GO) -> NewErrand:
    return NewErrand(f"{number:032x}", kind, "", "eva", b"sealed")


def test_each_is_taken_once_by_however_many(errands: Errands) -> None:
    for number in range(12):
        errands.ask(new(number))

    def work(by: int) -> list[str]:
        mine = []
        while (taken := errands.take(str(by), later(), EVERY)) is not None:
            errands.end(taken, ErrandState.DONE, {"by": by})
            mine.append(taken.id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        found = [one for mine in pool.map(work, range(4)) for one in mine]
    assert sorted(found) == [new(number).id for number in range(12)]


def test_the_oldest_comes_first_and_kinds_are_told_apart(errands: Errands) -> None:
    kinds = (ErrandKind.PREVIEW, ErrandKind.STOP, ErrandKind.GO)
    for number, kind in enumerate(kinds):
        errands.ask(new(number, kind))
    quick = EVERY - {ErrandKind.PREVIEW}
    taken = [errands.take("w", later(), quick) for _ in range(3)]
    assert [one.kind for one in taken if one] == [ErrandKind.STOP, ErrandKind.GO]


def test_an_answer_is_given_once_and_erases_what_was_asked(
    errands: Errands, engine: Engine
) -> None:
    errands.ask(new(1))
    taken = errands.take("w", later(), EVERY)
    assert taken is not None
    assert taken.sealed == b"sealed"
    errands.end(taken, ErrandState.DONE, {"a": "å"})
    with pytest.raises(ConflictError):
        errands.end(taken, ErrandState.FAILED, {})
    found = errands.get(taken.id)
    assert (found.state, found.answer) == (ErrandState.DONE, {"a": "å"})
    with engine.connect() as connection:
        assert connection.scalar(errand.select().with_only_columns(errand.c.sealed)) is None


def test_what_a_dead_worker_held_is_taken_again_once(errands: Errands) -> None:
    errands.ask(new(1))
    first = errands.take("dead", later(-1), EVERY)
    second = errands.take("w", later(-1), EVERY)
    assert first is not None
    assert second is not None
    assert (second.id, second.tries) == (first.id, 2)
    with pytest.raises(ConflictError):
        errands.end(first, ErrandState.DONE, {})
    with pytest.raises(ConflictError):
        errands.renew(first, later())
    assert errands.take("w", later(), EVERY) is None
    assert errands.expire() == 1
    assert errands.get(first.id).state is ErrandState.FAILED


def test_a_lease_that_is_renewed_is_nobody_else_s(errands: Errands) -> None:
    errands.ask(new(1))
    taken = errands.take("w", later(-1), EVERY)
    assert taken is not None
    errands.renew(taken, later())
    assert errands.take("other", later(), EVERY) is None


def test_what_nobody_takes_in_time_is_over(errands: Errands, engine: Engine) -> None:
    errands.ask(new(1))
    with writing(engine) as connection:
        connection.execute(errand.update().values(expires_at=now() - timedelta(seconds=1)))
    assert errands.get(new(1).id).state is ErrandState.EXPIRED
    assert errands.take("w", later(), EVERY) is None
    assert errands.expire() == 1
    assert errands.latest(5)[0].state is ErrandState.EXPIRED
    assert errands.expire() == 0


def test_answers_are_forgotten_and_that_they_were_asked_is_not(errands: Errands) -> None:
    errands.ask(new(1))
    taken = errands.take("w", later(), EVERY)
    assert taken is not None
    errands.end(taken, ErrandState.DONE, {"a": 1})
    assert errands.forget_answers(later(-1)) == 0
    assert errands.forget_answers(later(1)) == 1
    found = errands.get(taken.id)
    assert (found.answer, found.who, found.state) == (None, "eva", ErrandState.DONE)
    with pytest.raises(NotFoundError):
        errands.get("0" * 32)
