"""Sealing beside what would change its cohort: one of two transactions waits for the other."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, text

from catalog import holds, permits, releases
from catalog.database import connect, writing
from catalog.erasures import erasing, references
from catalog.erasures.erasing import Asked
from catalog.errors import PermitError, RaceError
from catalog.holds import HoldTarget
from catalog.permits import revoking
from catalog.releases import Release, sealing
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, ReleaseState
from tests.catalog.making import TODAY, draft, permit, prepared
from tests.catalog.test_releases import DOOR, rekeyed

IMAGE = HoldTarget(HoldScope.INSTANCE, "2.25.1.1.1")
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def stocked(engine: Engine) -> Engine:
    prepared(engine).publish(draft(1))
    permits.create(engine, permit())
    return engine


@pytest.fixture
def engine(postgres_databases: Callable[[str], str]) -> Iterator[Engine]:
    made = connect(postgres_databases("catalogue"))
    yield stocked(made)
    made.dispose()


def complete(engine: Engine) -> str:
    release = releases.freeze(engine, "permit-1", Query(), today=TODAY)
    made = [rekeyed(ref) for ref in releases.pending(engine, release.id)]
    releases.add_instance(engine, release.id, *made)
    return release.id


def settle(engine: Engine, other: Future[Release] | Future[int]) -> None:
    """Wait until the other transaction is over, or waits for a lock of ours."""
    while not other.done():
        with engine.connect() as connection:
            if connection.scalar(text(WAITING)):
                return


@contextmanager
def meanwhile() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_a_hold_that_is_being_placed_is_waited_for(engine: Engine) -> None:
    release = complete(engine)
    with meanwhile() as pool:
        with writing(engine) as connection:
            holds.stop(connection, HoldKind.RECALLED, IMAGE, reason="r", who="officer")
            sealed = pool.submit(releases.seal, engine, release, today=TODAY)
            settle(engine, sealed)
        assert sealed.result().instances == 3
    (told,) = releases.list_studies(engine, "permit-1", **DOOR)
    assert told.instances == 3


def test_a_hold_waits_for_what_is_being_sealed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, asked, placed = complete(engine), sealing.unfinished, []

    with meanwhile() as pool:

        def halfway(release_id: str) -> object:
            one = pool.submit(
                holds.place, engine, HoldKind.RECALLED, IMAGE, reason="r", who="officer"
            )
            settle(engine, one)
            placed.append((one, one.done()))
            return asked(release_id)

        monkeypatch.setattr(sealing, "unfinished", halfway)
        assert releases.seal(engine, release, today=TODAY).instances == 4
        ((one, already),) = placed
        assert not already
        assert one.result() > 0


def test_a_revocation_that_is_under_way_is_waited_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, done, sealed = complete(engine), revoking.withdraw, []

    with meanwhile() as pool:

        def halfway(*told: object, **more: object) -> int:
            sealed.append(pool.submit(releases.seal, engine, release, today=TODAY))
            settle(engine, sealed[0])
            return done(*told, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(revoking, "withdraw", halfway)
        assert permits.revoke(engine, "permit-1", who="officer", reason="r") == ("permit-1",)
        with pytest.raises(PermitError):
            sealed[0].result()
    (left,) = releases.releases_of(engine, "permit-1")
    assert left.state is ReleaseState.BUILDING


def test_what_was_erased_before_it_was_sealed_is_not_counted(catalogue_engine: Engine) -> None:
    engine = stocked(catalogue_engine)
    release = complete(engine)
    erasing.begin(engine, Asked(IMAGE, case="1", reason="r", who="officer"), {})
    sealed = releases.seal(engine, release, today=TODAY)
    assert sealed.instances == 3 == len(list(releases.manifest(engine, "permit-1", **DOOR)))


def test_a_freeze_in_the_midst_of_an_erasure_is_a_race_and_no_end(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(HoldTarget(HoldScope.STUDY, "2.25.1"), "7/2026", "she asked for it", "officer")
    forget = references.forget

    def after_a_freeze(*told: Any) -> None:
        releases.freeze(engine, "permit-1", Query(), today=TODAY)
        forget(*told)

    with monkeypatch.context() as patch:
        patch.setattr(references, "forget", after_a_freeze)
        with pytest.raises(RaceError):
            erasing.begin(engine, asked, {})
    erasing.begin(engine, asked, {})
