"""Search finds what matches, page by page, and never what is held."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from catalog import holds, tables
from catalog.database import reading
from catalog.errors import CursorError, NotFoundError
from catalog.facets import candidates
from catalog.holds import HoldTarget
from catalog.outcome import Outcome
from catalog.search import Page, Query, search
from catalog.vocabulary import HoldKind, HoldScope, Kind, Laterality, View
from tests.catalog.making import draft, instance, new_revision, prepared


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1))
    other = {"vendor": "SIEMENS", "kind": Kind.DBT, "exam_year": 2022, "age_band": "60-64"}
    publisher.publish(draft(2, *(new_revision(instance(2, n, **other)) for n in (1, 2))))
    film = {"kind": Kind.FILM, "exam_year": None, "age_band": None, "view": View.UNKNOWN}
    publisher.publish(
        draft(
            3,
            new_revision(instance(3, 1, **film)),
            export_id="export-2",
            holder_id="skane",
            region="sk",
        )
    )
    return catalogue_engine


def sizes(page: Page) -> list[int]:
    return sorted(study.instances for study in page.studies)


QUERIES: list[tuple[Query, list[int]]] = [
    (Query(), [1, 2, 4]),
    (Query(view=View.MLO), [1, 2]),
    (Query(view=View.UNKNOWN), [1]),
    (Query(laterality=Laterality.RIGHT), [2]),
    (Query(view=View.CC, laterality=Laterality.RIGHT), [1]),
    (Query(vendor="SIEMENS"), [2]),
    (Query(vendor="SIEMENS", laterality=Laterality.RIGHT), []),
    (Query(kind=Kind.FILM), [1]),
    (Query(kind=Kind.S2D), []),
    (Query(age_band="50-54"), [4]),
    (Query(exam_year_from=2020), [2]),
    (Query(exam_year_to=2019), [4]),
    (Query(exam_year_from=2019, exam_year_to=2022), [2, 4]),
    (Query(holder="skane"), [1]),
    (Query(holder="nobody"), []),
]


def test_a_query_counts_the_instances_that_match(engine: Engine) -> None:
    for query, expected in QUERIES:
        assert sizes(search(engine, query)) == expected, query


@pytest.mark.parametrize("common", [0, 0.6, 2])
@pytest.mark.parametrize("step", [1, 2])
def test_a_query_finds_the_same_however_it_is_found(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, common: float, step: int
) -> None:
    monkeypatch.setattr(candidates, "_STEP", step)
    monkeypatch.setattr(candidates, "_COMMON", common)
    for query, expected in QUERIES:
        assert sizes(search(engine, query)) == expected, query


def test_a_row_tells_what_it_may_and_no_identity(engine: Engine) -> None:
    (row,) = search(engine, Query(vendor="HOLOGIC", kind=Kind.FFDM)).studies
    assert (row.holder, row.exam_year, row.age_band) == ("vgr", 2019, "50-54")
    assert row.views == ("CC", "MLO")
    assert row.lateralities == ("L", "R")
    assert (row.kinds, row.vendors) == (("FFDM",), ("HOLOGIC",))
    assert (row.instances, row.size) == (4, 10_000)
    assert len(row.study_key) == 32
    assert "2.25" not in repr(row)
    assert "subject" not in repr(row)


HOLDS: list[tuple[HoldScope, str, list[int]]] = [
    (HoldScope.SUBJECT, "subject-1", [1, 2]),
    (HoldScope.STUDY, "2.25.2", [1, 4]),
    (HoldScope.INSTANCE, "2.25.1.1.1", [1, 2, 3]),
    (HoldScope.INSTANCE, "2.25.3.1.1", [2, 4]),
    (HoldScope.REVISION, "1", [1, 2, 3]),
    (HoldScope.SUBJECT, "2.25.2", [1, 2, 4]),
]


def placed(engine: Engine) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(tables.hold)).one()


@pytest.mark.parametrize(("scope", "value", "expected"), HOLDS)
def test_what_is_held_is_neither_shown_nor_counted(
    engine: Engine, scope: HoldScope, value: str, expected: list[int]
) -> None:
    target = HoldTarget(scope, value)
    number = holds.place(engine, HoldKind.OPTED_OUT, target, reason="she asked", who="officer")
    assert sizes(search(engine, Query())) == expected
    there = placed(engine)
    assert (there.id, there.kind, there.lifted_at) == (number, HoldKind.OPTED_OUT, None)
    for _ in range(2):
        holds.lift(engine, number, who="officer")
    assert sizes(search(engine, Query())) == [1, 2, 4]
    assert placed(engine).lifted_at is not None
    assert "object at" in repr(target)
    with pytest.raises(NotFoundError):
        holds.lift(engine, number + 1, who="officer")


def test_a_hold_can_wait_for_what_it_stops(catalogue_engine: Engine) -> None:
    publisher = prepared(catalogue_engine)
    target = HoldTarget(HoldScope.SUBJECT, "subject-1")
    holds.place(catalogue_engine, HoldKind.OPTED_OUT, target, reason="first", who="officer")
    publisher.publish(draft(1))
    publisher.publish(draft(2))
    assert len(search(catalogue_engine, Query()).studies) == 1


def test_an_instance_is_back_when_a_held_revision_is_replaced(catalogue_engine: Engine) -> None:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1, new_revision(instance(1, 1))))
    target = HoldTarget(HoldScope.REVISION, "1")
    holds.place(catalogue_engine, HoldKind.RECALLED, target, reason="text", who="officer")
    assert search(catalogue_engine, Query()).studies == ()
    better = new_revision(instance(1, 1), "better")
    publisher.publish(draft(1, better, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    assert sizes(search(catalogue_engine, Query())) == [1]


def walk(engine: Engine, query: Query, limit: int) -> list[str]:
    keys: list[str] = []
    cursor: str | None = None
    while True:
        page = search(engine, query, cursor=cursor, limit=limit)
        keys += [study.study_key for study in page.studies]
        if page.next_cursor is None:
            return keys
        cursor = page.next_cursor


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_the_pages_hold_every_study_once(catalogue_engine: Engine, limit: int) -> None:
    publisher = prepared(catalogue_engine)
    for number in range(1, 8):
        publisher.publish(draft(number, new_revision(instance(number, 1))))
    keys = walk(catalogue_engine, Query(view=View.CC), limit)
    assert len(keys) == len(set(keys)) == 7
    assert keys == sorted(keys)


@pytest.fixture(scope="module")
def sqlite_engine(sqlite_databases: Any) -> Any:
    from catalog.database import connect

    engine = connect(sqlite_databases("catalogue"))
    publisher = prepared(engine)
    for number in (1, 2):
        publisher.publish(draft(number))
    yield engine
    engine.dispose()


@given(cursor=st.text(max_size=60) | st.binary(max_size=30).map(lambda raw: raw.hex()))
@settings(max_examples=100, deadline=None)
def test_a_foreign_cursor_is_refused(sqlite_engine: Engine, cursor: str) -> None:
    with pytest.raises(CursorError):
        search(sqlite_engine, Query(), cursor=cursor)


def test_a_cursor_is_bound_to_its_query_and_to_its_text(sqlite_engine: Engine) -> None:
    cursor = search(sqlite_engine, Query(), limit=1).next_cursor
    assert cursor is not None
    with pytest.raises(CursorError):
        search(sqlite_engine, Query(view=View.CC), cursor=cursor)
    for place in range(len(cursor)):
        changed = "A" if cursor[place] != "A" else "B"
        with pytest.raises(CursorError):
            search(sqlite_engine, Query(), cursor=cursor[:place] + changed + cursor[place + 1 :])


def companions(study: int) -> list[Any]:
    """Make a CAD result and a segmentation as they come along with a study's images."""
    blank = {"view": View.UNKNOWN, "laterality": Laterality.UNKNOWN, "rows": 0, "columns": 0}
    return [
        new_revision(instance(study, 8, kind=Kind.CAD_SR, vendor="ICAD", frames=0, **blank)),
        new_revision(instance(study, 9, kind=Kind.SEG, vendor="OTHER", **blank)),
    ]


def test_images_are_counted_apart_from_what_comes_along(catalogue_engine: Engine) -> None:
    publisher = prepared(catalogue_engine)
    images = [new_revision(instance(1, number)) for number in range(1, 5)]
    publisher.publish(draft(1, *images, *companions(1)))
    publisher.publish(draft(2, *companions(2)))
    found = {study.images: study for study in search(catalogue_engine, Query()).studies}
    assert (found[4].images, found[4].instances) == (4, 6)
    assert (found[4].vendors, found[4].views) == (("HOLOGIC",), ("CC", "MLO"))
    assert found[4].lateralities == ("L", "R")
    assert found[4].kinds == ("CAD_SR", "FFDM", "SEG")
    assert (found[0].images, found[0].instances) == (0, 2)
    assert found[0].vendors == ("ICAD", "OTHER")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(companions=False), [(4, 4)]),
        (Query(view=View.CC), [(2, 2)]),
        (Query(laterality=Laterality.LEFT), [(2, 2)]),
        (Query(kind=Kind.CAD_SR), [(0, 1), (0, 1)]),
        (Query(kind=Kind.CAD_SR, companions=False), []),
        (Query(vendor="ICAD"), [(0, 1), (0, 1)]),
    ],
)
def test_a_query_says_whether_it_means_images_only(
    catalogue_engine: Engine, query: Query, expected: list[tuple[int, int]]
) -> None:
    publisher = prepared(catalogue_engine)
    images = [new_revision(instance(1, number)) for number in range(1, 5)]
    publisher.publish(draft(1, *images, *companions(1)))
    publisher.publish(draft(2, *companions(2)))
    studies = search(catalogue_engine, query).studies
    assert sorted((study.images, study.instances) for study in studies) == expected
