"""What each Hold stops is one table, and the catalogue does what it says."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from catalog import holds, permits, releases
from catalog.columns import now
from catalog.database import writing
from catalog.errors import HeldError
from catalog.holds import EFFECTS, HoldTarget, Reach
from catalog.holds.effects import table
from catalog.search import Query, search
from catalog.tables import permit as permits_table
from catalog.vocabulary import HoldKind, HoldScope
from tests.catalog.making import TODAY, WHO, draft, instance, new_revision, permit, prepared
from tests.catalog.test_releases import built

DOCS = Path(__file__).parents[2] / "docs" / "holds.md"
SCOPES = {
    HoldScope.SUBJECT: "subject-1",
    HoldScope.STUDY: "2.25.1",
    HoldScope.INSTANCE: "2.25.1.1.1",
    HoldScope.REVISION: "1",
}


def grant(engine: Engine, name: str, days: int) -> str:
    """Grant a permit so many days ago, and build its release."""
    permits.create(engine, permit(name))
    with writing(engine) as connection:
        mine = permits_table.update().where(permits_table.c.id == name)
        connection.execute(mine.values(created_at=now() - timedelta(days=days)))
    return built(engine, permit_id=name)


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1, new_revision(instance(1, 1))))
    publisher.publish(draft(2, new_revision(instance(2, 1))))
    grant(catalogue_engine, "before", 9)
    grant(catalogue_engine, "after", 1)
    return catalogue_engine


def hold(engine: Engine, kind: HoldKind, scope: HoldScope) -> int:
    target, since = HoldTarget(scope, SCOPES[scope]), now() - timedelta(days=5)
    with writing(engine) as connection:
        return holds.stop(connection, kind, target, reason="r", who="officer", since=since)


def is_served(engine: Engine, permit_id: str) -> bool:
    try:
        releases.servable(engine, permit_id, "2.25.91.1.1", who=WHO, today=TODAY)
    except HeldError:
        served = False
    else:
        served = True
    manifest = releases.manifest(engine, permit_id, who=WHO, today=TODAY)
    assert ("2.25.91.1.1" in {one.sop_uid for one in manifest}) is served
    return served


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", HoldKind)
def test_reads_and_freezes_follow_the_table(
    engine: Engine, kind: HoldKind, scope: HoldScope
) -> None:
    assert is_served(engine, "before")
    assert is_served(engine, "after")
    number = hold(engine, kind, scope)
    effect = EFFECTS[kind]
    assert is_served(engine, "before") is (effect.open_permits is Reach.NONE)
    assert is_served(engine, "before") is (effect.downloads is Reach.LATER)
    assert not is_served(engine, "after")
    frozen = releases.freeze(engine, "before", Query(), today=TODAY)
    assert frozen.instances == 1
    assert len(search(engine, Query()).studies) == 1
    releases.discard(engine, frozen.id)
    assert holds.lift(engine, number, who="officer", reason="r")
    assert is_served(engine, "after")
    assert len(search(engine, Query()).studies) == 2


def test_a_hold_that_says_no_other_moment_counts_from_when_it_is_placed(engine: Engine) -> None:
    target = HoldTarget(HoldScope.SUBJECT, "subject-1")
    holds.place(engine, HoldKind.OPTED_OUT, target, reason="r", who="officer")
    assert is_served(engine, "after")
    permits.create(engine, permit("later"))
    assert built(engine, permit_id="later")
    (one,) = releases.list_studies(engine, "later", who=WHO, today=TODAY)
    assert one.study_uid == "2.25.92"


def test_every_kind_is_in_the_table_and_every_kind_stops_what_is_new() -> None:
    assert set(EFFECTS) == set(HoldKind)
    assert {effect.freezes for effect in EFFECTS.values()} == {Reach.ALL}


def test_the_documentation_has_the_table() -> None:
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("|")]
    assert lines == table()
