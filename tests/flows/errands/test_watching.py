"""The worker of errands says what goes wrong, and keeps what it works on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from catalog.database import reading, writing
from catalog.errands.errands import Errands
from catalog.errands.records import ErrandKind, ErrandState
from catalog.errands.seal import seal
from catalog.errands.tables import errand
from catalog.errors import Reason
from flows.errands import answering
from flows.errands.answering import Worker
from flows.errors import StudyError
from flows.keys.errands import errand_key
from flows.wiring import RegionParts
from tests.flows.conftest import on_both

SECRET = "Provström Åsa 19570312-9808"
SECONDS = 30.0


@contextmanager
def watching(region: RegionParts) -> Iterator[Thread]:
    worker = Worker(region, ())
    thread = Thread(target=worker.watch)
    thread.start()
    try:
        yield thread
    finally:
        worker.ending.set()
        thread.join(SECONDS)


def until(met: Callable[[], bool], thread: Thread) -> None:
    over = time.monotonic() + SECONDS
    while not met():
        assert thread.is_alive()
        assert time.monotonic() < over
        thread.join(0.05)


def stop(region: RegionParts) -> str:
    public = errand_key(region.keys.root).public_key()
    asked = seal(public, {}, kind=ErrandKind.STOP, target="", who="eva")
    region.ledger.errands.ask(asked)
    return asked.id


def rename(region: RegionParts, name: str, other: str) -> None:
    with writing(region.ledger._engine) as connection:
        connection.execute(text(f"ALTER TABLE {name} RENAME TO {other}"))


@on_both
def test_a_schema_that_is_not_there_is_told_and_waited_for(
    region: RegionParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "REST", 0.1)
    rename(region, "errand", "away")
    with capture_logs() as said, watching(region) as thread:
        until(lambda: bool(said), thread)
        assert said[0] == {
            "event": "failed",
            "log_level": "warning",
            "part": "errands",
            "error": Reason.SCHEMA.value,
        }
        rename(region, "away", "errand")
        asked = stop(region)
        until(lambda: region.ledger.errands.get(asked).state is ErrandState.DONE, thread)


def test_what_nobody_expects_ends_it_and_is_told_by_its_kind(
    region: RegionParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(Errands, "expire", breaks)
    with capture_logs() as said, pytest.raises(StudyError, match="errands failed: ValueError"):
        Worker(region, ()).watch()
    assert [(one["part"], one["error"]) for one in said] == [("errands", "ValueError")]


def test_a_lease_lasts_as_long_as_what_is_quick_takes(
    region: RegionParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, done = Event(), answering.do

    def slowly(*given: Any) -> Any:
        assert go_on.wait(2 * SECONDS)
        return done(*given)

    monkeypatch.setattr(answering, "do", slowly)
    monkeypatch.setattr(answering, "TIDIED", 0.1)
    asked = stop(region)
    with watching(region) as thread:
        try:
            until(lambda: leased_until(region) is not None, thread)
            first = leased_until(region)
            assert first is not None
            until(lambda: (leased_until(region) or first) > first + timedelta(seconds=0.2), thread)
        finally:
            go_on.set()
        until(lambda: region.ledger.errands.get(asked).state is ErrandState.DONE, thread)


def leased_until(region: RegionParts) -> datetime | None:
    with reading(region.ledger._engine) as connection:
        return connection.scalar(select(errand.c.leased_until))
