"""Handles of the studies that may be on a page, in order: all that match, held or not.

Handles are random, so where one study in 200 matches, a page of 50 is found by walking 10 000 of
them in order, whatever is asked together with what. Where fewer match, all of them are gathered
cell by cell, an index range each, and the first of them are taken. Neither looks at more than
some ten thousand rows for a page, and which of the two it is, the first studies walked tell.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    select,
    true,
)

from catalog.deliveries.giving import holder_stands
from catalog.facets.tables import (
    FLAG_BITS,
    OTHER_FLAG,
    search_appearance,
    search_cell,
    search_stratum,
    study_facet,
)
from catalog.tables import study
from catalog.vocabulary import COMPANIONS, Flag

if TYPE_CHECKING:
    from catalog.search import Query

_STEP = 500
"""Studies walked before it is told how many match."""
_COMMON = 0.005
"""Share of studies that match from which on they are walked, and below which gathered."""
_REMEMBERED = 256
"""Queries whose statements are kept: making one takes longer than running it."""
_MOST = 2000
"""Handles given at a time, at most."""


def candidates(
    connection: Connection, query: "Query", *, after: str, want: int
) -> Iterator[Sequence[str]]:
    """Give handles after one, some at a time: `want`, then more, as what is held shows no page."""
    walked = found = 0
    step, waiting = _STEP, list[str]()
    while found >= _COMMON * walked:
        until = _end(connection, after, step)
        asked = {"after": after, "until": until, "want": want - len(waiting)}
        keys = connection.scalars(_walked(query, ends=until is not None), asked).all()
        waiting += keys
        if len(waiting) == want:
            yield waiting
            after, want, waiting = waiting[-1], _more(want), []
        elif until is None:
            yield waiting
            return
        else:
            after, walked, found, step = until, walked + step, found + len(keys), step * 2
    wanted = _gathered(query, connection.dialect.name, by_look=_by_look(connection, query))
    while True:
        asked = {"after": after, "want": want - len(waiting)}
        waiting += connection.scalars(wanted, asked).all()
        yield waiting
        if len(waiting) < want:
            return
        after, want, waiting = waiting[-1], _more(want), []


def _more(want: int) -> int:
    return min(want * 4, _MOST)


def _end(connection: Connection, after: str, step: int) -> str | None:
    """Give the handle so many studies after one; None if there are not as many."""
    wanted = select(study.c.key).where(study.c.key > after).order_by(study.c.key)
    return connection.scalar(wanted.offset(step - 1).limit(1))


@lru_cache(_REMEMBERED)
def _walked(query: "Query", *, ends: bool) -> Select[Any]:
    """Select handles of a stretch that match, in order; `after`, `until` and `want` are bound."""
    its = study_facet.c
    wanted = select(its.study_key).distinct().where(its.study_key > bindparam("after"))
    if ends:
        wanted = wanted.where(its.study_key <= bindparam("until"))
    # A sum is in no index: the stretch is read in its order, and nothing is sorted.
    if looks := _looks(query):
        wanted = wanted.where((its.appearance_id + 0).in_(_ids(search_appearance.c.id, looks)))
    if whose := _whose(query):
        wanted = wanted.where((its.stratum_id + 0).in_(_ids(search_stratum.c.id, whose)))
    return wanted.order_by(its.study_key).limit(bindparam("want", type_=Integer))


@lru_cache(_REMEMBERED)
def _gathered(query: "Query", dialect: str, *, by_look: bool) -> Select[Any]:
    """Select the first handles of all that match, cell by cell; `after` and `want` are bound."""
    cell, its = search_cell.c, study_facet.c
    same = and_(its.appearance_id == cell.appearance_id, its.stratum_id == cell.stratum_id)
    later, want = its.study_key > bindparam("after"), bindparam("want", type_=Integer)
    if dialect == "postgresql":
        # So each cell is a range of the index, and never a join of all with all.
        some = select(its.study_key).where(same, later).correlate(search_cell)
        first = some.order_by(its.study_key).limit(want).lateral("first")
        every = select(first.c.study_key).select_from(search_cell).join(first, true())
    else:
        every = select(its.study_key).select_from(search_cell).join(study_facet, same).where(later)
    found = every.where(*_cells(query, by_look=by_look)).subquery("found")
    return select(found.c.study_key).distinct().order_by(found.c.study_key).limit(want)


def _cells(query: "Query", *, by_look: bool) -> Iterator[ColumnElement[bool]]:
    """Give the conditions on a cell; what a sum is made of is not what an index begins with."""
    look, stratum = search_cell.c.appearance_id, search_cell.c.stratum_id
    if looks := _looks(query):
        first = look if by_look else look + 0
        yield first.in_(_ids(search_appearance.c.id, looks))
    if whose := _whose(query):
        first = stratum + 0 if by_look else stratum
        yield first.in_(_ids(search_stratum.c.id, whose))


def _by_look(connection: Connection, query: "Query") -> bool:
    """Tell whether fewer cells have the looks that are asked for than are of such studies."""
    looks, whose = _looks(query), _whose(query)
    if not (looks and whose):
        return bool(looks)
    look, stratum = search_appearance.c.id, search_stratum.c.id
    counted = (_ids(look, looks), select(look), _ids(stratum, whose), select(stratum))
    numbers = (select(func.count()).select_from(one.subquery()) for one in counted)
    row = connection.execute(select(*(number.scalar_subquery() for number in numbers))).one()
    return bool(row[0] * row[3] < row[2] * row[1])


def _ids(number: ColumnElement[int], conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return select(number).where(*conditions)


def _looks(query: "Query") -> tuple[ColumnElement[bool], ...]:
    """Give the conditions of a query on how an object looks."""
    its = search_appearance.c
    pairs = (
        (query.view, its.view),
        (query.laterality, its.laterality),
        (query.vendor, its.vendor),
        (query.kind, its.kind),
    )
    conditions = [column == value for value, column in pairs if value is not None]
    if not query.companions:
        conditions.append(its.kind.not_in(COMPANIONS))
    if query.flag is not None:
        bit = FLAG_BITS.get(query.flag)
        has = its.flags >= OTHER_FLAG if bit is None else its.flags.bitwise_and(bit) != 0
        conditions.append(has)
    if query.laterality_agrees is not None:
        conditions.append(
            its.laterality_agrees == (Flag.YES if query.laterality_agrees else Flag.NO)
        )
    return tuple(conditions)


def _whose(query: "Query") -> tuple[ColumnElement[bool], ...]:
    """Give the conditions of a query on a study."""
    its = search_stratum.c
    pairs = (
        (query.holder, its.holder_id.__eq__),
        (query.age_band, its.age_band.__eq__),
        (query.exam_year_from, its.exam_year.__ge__),
        (query.exam_year_to, its.exam_year.__le__),
    )
    conditions = [compare(value) for value, compare in pairs if value is not None]
    if query.exam_year_to is not None:
        conditions.append(its.exam_year > 0)
    if query.holder is not None:
        # Whose studies nobody may find, of them none is looked through.
        conditions.append(holder_stands(its.holder_id))
    return tuple(conditions)
