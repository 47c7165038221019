"""What is kept for search is what the catalogue holds, whatever happened to it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.sql import Executable

from catalog import holds
from catalog.database import connect, migrate, reading, writing
from catalog.erasures import erasing
from catalog.errors import CatalogError
from catalog.facets import candidates
from catalog.facets.checking import differing
from catalog.facets.keeping import keep_all
from catalog.facets.tables import FLAG_BITS, OTHER_FLAG, search_cell, study_facet
from catalog.holds import HoldTarget
from catalog.outcome import Outcome
from catalog.search import Page, Query, search
from catalog.sightings.tables import pixel_facts, quality_flag
from catalog.vocabulary import HoldKind, HoldScope, Kind, QualityFlag
from tests.catalog.making import draft, instance, new_revision, prepared
from tests.catalog.test_database import BEFORE
from tests.catalog.test_derived import FACTS, image, mask, study
from tests.catalog.test_erasures import asked
from tests.conftest import Databases


def test_each_flag_has_a_bit_of_its_own() -> None:
    assert set(FLAG_BITS) == set(QualityFlag)
    assert len(set(FLAG_BITS.values())) == len(FLAG_BITS)
    assert all(bit.bit_count() == 1 and bit < OTHER_FLAG for bit in FLAG_BITS.values())


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    """Publish images with flags, what was derived of one, and a revision of it without."""
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1))
    publisher.publish(draft(2, *(new_revision(instance(2, n, kind=Kind.DBT)) for n in (1, 2))))
    publisher.publish(study(image(1), image(2), derived=(mask(1),)))
    plain = replace(FACTS, flags=(), laterality_agrees=False)
    again = replace(image(1, "better"), pixel_facts=plain)
    publisher.publish(
        study(again, export_id="export-2", outcomes={Outcome.REVISED: 1}, study_ordinal=9)
    )
    return catalogue_engine


def change(engine: Engine, *statements: Executable) -> None:
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(statement)


def test_it_is_kept_as_studies_are_published_and_revised(engine: Engine) -> None:
    assert list(differing(engine)) == []
    with reading(engine) as connection:
        assert len(connection.execute(select(study_facet)).all()) == 4 + 2 + 2
    assert len(search(engine, Query(flag="saturated")).studies) == 1
    assert len(search(engine, Query(laterality_agrees=False, flag="saturated")).studies) == 0
    assert len(search(engine, Query(kind=Kind.SEG)).studies) == 0


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        (HoldScope.SUBJECT, "subject-1"),
        (HoldScope.STUDY, "2.25.2"),
        (HoldScope.INSTANCE, "2.25.7.1.2"),
    ],
)
def test_it_goes_with_what_is_erased(engine: Engine, scope: HoldScope, value: str) -> None:
    before = kept(engine)
    erasing.begin(engine, asked(scope, value), {})
    assert list(differing(engine)) == []
    assert len(kept(engine)) < len(before)


def kept(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        return sorted(tuple(row) for row in connection.execute(select(study_facet)))


BROKEN = {
    "a row too few": [study_facet.delete().where(study_facet.c.appearance_id == 1)],
    "another flag": [
        quality_flag.update().where(quality_flag.c.flag == "saturated").values(flag="nearly empty")
    ],
    "another side": [pixel_facts.update().values(laterality_agrees=None)],
    "no cell": [search_cell.delete()],
    "another year": [text("UPDATE study SET exam_year = 1999")],
    "no year": [text("UPDATE study SET exam_year = NULL, age_band = NULL")],
    "a row too many": [text("DELETE FROM quality_flag"), text("DELETE FROM pixel_facts")],
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_not_so_is_found_and_mended(engine: Engine, case: str) -> None:
    change(engine, *BROKEN[case])
    assert list(differing(engine)) != []
    keep_all(engine)
    assert list(differing(engine)) == []


def test_a_study_that_is_not_published_leaves_nothing(engine: Engine) -> None:
    before = kept(engine)
    with pytest.raises(CatalogError):
        prepared_again(engine).publish(
            draft(3, new_revision(instance(3, 1)), outcomes={Outcome.REVISED: 1})
        )
    assert kept(engine) == before


def prepared_again(engine: Engine):
    from catalog.publishing.publish import CataloguePublisher

    return CataloguePublisher(engine)


def test_many_that_are_held_do_not_end_a_search(
    catalogue_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = prepared(catalogue_engine)
    for number in range(1, 25):
        publisher.publish(draft(number, new_revision(instance(number, 1))))
    order = [one.study_key for one in search(catalogue_engine, Query(), limit=99).studies]
    with reading(catalogue_engine) as connection:
        uids = dict(connection.execute(text("SELECT key, study_uid FROM study")).all())
    for key in order[:20]:
        target = HoldTarget(HoldScope.STUDY, uids[key])
        holds.place(catalogue_engine, HoldKind.RECALLED, target, reason="", who="officer")
    for common in (0, 2):
        monkeypatch.setattr(candidates, "_STEP", 5)
        monkeypatch.setattr(candidates, "_COMMON", common)
        page = search(catalogue_engine, Query(vendor="HOLOGIC"), limit=1)
        assert handles(page) == order[20:21]
        rest = search(catalogue_engine, Query(vendor="HOLOGIC"), cursor=page.next_cursor, limit=9)
        assert (handles(rest), rest.next_cursor) == (order[21:], None)


def handles(page: Page) -> list[str]:
    return [one.study_key for one in page.studies]


def test_it_is_written_for_what_was_there_before(databases: Databases) -> None:
    url = databases(None)
    migrate(url, until="c0002")
    engine = connect(url)
    change(engine, *map(text, BEFORE))
    migrate(url, until="c0011")
    change(
        engine,
        *(
            text(f"INSERT INTO quality_flag VALUES (1, '{flag}')")
            for flag in ("no air seen", "cut off", "clipped black")
        ),
        text(
            "INSERT INTO pixel_facts (revision_id, breast_share, laterality, laterality_agrees,"
            " saturated_share) VALUES (1, 0.5, 'R', '0', 0.0)"
        ),
    )
    migrate(url)
    assert len(kept(engine)) == 1
    assert list(differing(engine)) == []
    assert len(search(engine, Query(flag="no air seen", laterality_agrees=False)).studies) == 1
    assert len(search(engine, Query(flag="cut off")).studies) == 1
    assert len(search(engine, Query(flag="saturated")).studies) == 0
    engine.dispose()
