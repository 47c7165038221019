"""Write what search asks of studies, from what the catalogue holds of them."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from catalog.batches import batches
from catalog.database import reading, writing
from catalog.facets.tables import (
    FLAG_BITS,
    OTHER_FLAG,
    search_appearance,
    search_cell,
    search_stratum,
    study_facet,
)
from catalog.search import latest
from catalog.sightings.tables import pixel_facts, quality_flag
from catalog.tables import instance, revision, study
from catalog.vocabulary import Flag

LOOKS = ("kind", "view", "laterality", "vendor", "flags", "laterality_agrees")
WHOSE = ("holder_id", "exam_year", "age_band")
_MANY = 20_000


SOME = study.c.id.in_(bindparam("ids", expanding=True))
STRETCH = study.c.id.between(bindparam("first"), bindparam("last"))


def keep(connection: Connection, study_ids: Iterable[int]) -> None:
    """Write anew what search asks of some studies, in the transaction of what changed them."""
    for some in batches(study_ids):
        for statement in _statements(connection.dialect.name, SOME):
            connection.execute(statement, {"ids": some})


def keep_all(engine: Engine) -> None:
    """Write all of it anew, some thousand studies at a time; it may run beside everything else."""
    locked = select(study.c.id).where(STRETCH).with_for_update()
    for ends in stretches(engine):
        with writing(engine) as connection:
            connection.execute(locked, ends).all()
            for statement in _statements(connection.dialect.name, STRETCH):
                connection.execute(statement, ends)


def stretches(engine: Engine) -> Iterator[dict[str, int]]:
    """Give the ends of stretches, in one of which each study is; see `STRETCH`."""
    with reading(engine) as connection:
        last = connection.scalar(select(func.max(study.c.id))) or 0
    for first in range(0, last + 1, _MANY):
        yield {"first": first, "last": first + _MANY - 1}


@lru_cache
def _statements(dialect: str, which: ColumnElement[bool]) -> tuple[Executable, ...]:
    """Make what is run one after the other for some studies; once, as making it takes longest."""
    keys = select(study.c.key).where(which)
    said = due(which).subquery("said")
    facets = (
        select(said.c.study_key, search_appearance.c.id, search_stratum.c.id)
        .join(search_appearance, _same(search_appearance, said, LOOKS))
        .join(search_stratum, _same(search_stratum, said, WHOSE))
    )
    mine = study_facet.select().where(study_facet.c.study_key.in_(keys)).subquery("found")
    return (
        study_facet.delete().where(study_facet.c.study_key.in_(keys)),
        _added(dialect, search_appearance, _looks(which).subquery("found"), LOOKS),
        _added(dialect, search_stratum, _strata(which).subquery("found"), WHOSE),
        study_facet.insert().from_select(list(study_facet.c.keys()), facets),
        _added(dialect, search_cell, mine, ("appearance_id", "stratum_id")),
    )


def _added(dialect: str, table: Table, found: FromClause, names: tuple[str, ...]) -> Executable:
    """Add what was not there; in one order, so that two who add do not wait for each other."""
    new = [found.c[name] for name in names]
    there = exists().where(_same(table, found, names)).correlate(found)
    rows = select(*new).where(~there).distinct().order_by(*new)
    words: Any = postgresql if dialect == "postgresql" else sqlite
    added: Executable = words.insert(table).from_select(list(names), rows).on_conflict_do_nothing()
    return added


def _same(one: FromClause, other: FromClause, names: tuple[str, ...]) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in names))


def due(which: ColumnElement[bool]) -> Select[Any]:
    """Select what must be kept of some studies, in words: handle, how objects look, and whose."""
    found, whose = _looks(which).subquery("found"), _strata(which).subquery("whose")
    words = (*(found.c[name] for name in LOOKS), *(whose.c[name] for name in WHOSE))
    return select(found.c.study_key, *words).join(whose, whose.c.study_key == found.c.study_key)


def _strata(which: ColumnElement[bool]) -> Select[Any]:
    return select(
        study.c.key.label("study_key"),
        study.c.holder_id,
        _or_else(study.c.exam_year, 0),
        _or_else(study.c.age_band, ""),
    ).where(which)


def _or_else(column: Column[Any], value: object) -> ColumnElement[Any]:
    return func.coalesce(column, value).label(column.name)


def _looks(which: ColumnElement[bool]) -> Select[Any]:
    """Select how the objects of some studies look by their latest revisions, each look once."""
    bit = case(dict(FLAG_BITS), value=quality_flag.c.flag, else_=OTHER_FLAG)
    flags = select(func.coalesce(func.sum(bit), 0)).where(
        quality_flag.c.revision_id == revision.c.id
    )
    agrees = case(
        (pixel_facts.c.laterality_agrees.is_(True), Flag.YES.value),
        (pixel_facts.c.laterality_agrees.is_(False), Flag.NO.value),
        else_=Flag.UNKNOWN.value,
    )
    return (
        select(
            study.c.key.label("study_key"),
            instance.c.kind,
            instance.c.view,
            instance.c.laterality,
            instance.c.vendor,
            flags.correlate(revision).scalar_subquery().label("flags"),
            agrees.label("laterality_agrees"),
        )
        .select_from(study)
        .join(instance, instance.c.study_id == study.c.id)
        .join(revision, latest())
        .outerjoin(pixel_facts, pixel_facts.c.revision_id == revision.c.id)
        .where(which)
        .distinct()
    )
