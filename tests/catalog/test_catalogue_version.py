"""The catalogue version of a release: after an erasure, no number means another state again."""

import pytest
from sqlalchemy import Engine, text

from catalog import permits, releases
from catalog.database import connect, migrate, writing
from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.erasures.version import catalogue_version
from catalog.holds import HoldTarget
from catalog.publishing.publish import CataloguePublisher
from catalog.search import Query
from catalog.vocabulary import HoldScope
from tests.catalog.making import TODAY, draft, permit, prepared


def version(engine: Engine) -> int:
    return releases.freeze(engine, "permit-1", Query(), today=TODAY).catalogue_version


def erase(engine: Engine, study: int) -> None:
    target = HoldTarget(HoldScope.STUDY, f"2.25.{study}")
    erasing.begin(engine, Asked(target, case="1", reason="r", who="officer"), {})


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    made = prepared(catalogue_engine)
    for study in (1, 2):
        made.publish(draft(study))
    permits.create(catalogue_engine, permit())
    return made


@pytest.mark.parametrize("order", [(2, 1), (1, 2)], ids=["newest first", "oldest first"])
def test_each_state_has_a_version_of_its_own_and_it_rises(
    catalogue_engine: Engine, publisher: CataloguePublisher, order: tuple[int, int]
) -> None:
    found = [version(catalogue_engine)]
    assert version(catalogue_engine) == found[0]
    for number, study in enumerate(order, 3):
        erase(catalogue_engine, study)
        found.append(version(catalogue_engine))
        publisher.publish(draft(number))
        found.append(version(catalogue_engine))
    assert found == sorted(set(found))


def test_an_erasure_of_before_leaves_no_release_above_the_version(database_url: str) -> None:
    migrate(database_url, until="c0018")
    engine = connect(database_url)
    with writing(engine) as connection:
        for statement in BEFORE:
            connection.execute(text(statement))
    migrate(database_url)
    with writing(engine) as connection:
        assert catalogue_version(connection) == 43
    engine.dispose()


BEFORE = (
    (
        "INSERT INTO permit (id, title, purpose, tier, valid_from, valid_until, created_at) VALUES"
        " ('p', 't', 'p', 'PSEUDO_SPE', '2026-11-22', '2026-11-23', '2026-11-22 00:00:00')"
    ),
    (
        "INSERT INTO release (id, number, permit_id, state, query, instances, catalogue_version,"
        " frozen_at) VALUES ('r', 1, 'p', 'BUILDING', '{}', 0, 41, '2026-11-22 00:00:00')"
    ),
    (
        'INSERT INTO erasure (scope, "case", reason, who, studies, instances, begun_at)'
        " VALUES ('STUDY', '1', 'r', 'o', 1, 4, '2026-11-22 00:00:00')"
    ),
    (
        'INSERT INTO erasure (scope, "case", reason, who, studies, instances, begun_at)'
        " VALUES ('STUDY', '2', 'r', 'o', 1, 4, '2026-11-22 00:00:00')"
    ),
)
