"""What few studies have is found by an index that begins with it, not by a walk through all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Select, select

from catalog.sightings.tables import pixel_facts, quality_flag
from catalog.tables import instance, revision, study

if TYPE_CHECKING:
    from catalog.search import Query

_FEW = 5_000


def among_few(connection: Connection, query: "Query") -> Iterator[ColumnElement[bool]]:
    """Give the condition that a study is one of few, if few have what is looked for.

    Else the studies are walked in the order of their handles until a page is full. That is quick
    where much matches, and would read all of them where little does.
    """
    for candidates in _candidates(query):
        found = connection.scalars(candidates.limit(_FEW + 1)).all()
        if len(found) <= _FEW:
            yield study.c.id.in_(candidates)
            return


def _candidates(query: "Query") -> Iterator[Select[tuple[int]]]:
    """Select the studies that meet one condition each, by an index that begins with it."""
    of = select(instance.c.study_id)
    if query.flag is not None:
        flagged = of.join(revision, revision.c.instance_id == instance.c.id).join(quality_flag)
        yield flagged.where(quality_flag.c.flag == query.flag)
    if query.laterality_agrees is not None:
        measured = of.join(revision, revision.c.instance_id == instance.c.id).join(pixel_facts)
        yield measured.where(pixel_facts.c.laterality_agrees.is_(query.laterality_agrees))
    pairs = ((query.view, instance.c.view), (query.laterality, instance.c.laterality))
    place = [column == value for value, column in pairs if value is not None]
    for value, column in ((query.kind, instance.c.kind), (query.vendor, instance.c.vendor)):
        if value is not None:
            yield of.where(column == value, *place)
    if query.view is not None:
        yield of.where(*place)
