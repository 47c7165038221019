"""Whether what is kept for search is what the catalogue holds: all of it is worked out anew."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, except_, exists, select

from catalog.database import reading
from catalog.facets.keeping import LOOKS, STRETCH, WHOSE, due, stretches
from catalog.facets.tables import search_appearance, search_cell, search_stratum, study_facet
from catalog.tables import study


def differing(engine: Engine) -> Iterator[str]:
    """Give the handle of each study of which something else is kept than must be.

    Such a study may be missing from what a search finds. `keeping.keep_all` mends it.

    Raises:
        DatabaseError: The database did not answer.
    """
    for ends in stretches(engine):
        with reading(engine) as connection:
            found = sorted(_differing(connection, ends))
        yield from found


def _differing(connection: Connection, ends: dict[str, int]) -> set[str]:
    kept, must = _kept(STRETCH), due(STRETCH)
    both = (except_(must, kept), except_(kept, must))
    rows = [row for one in both for row in connection.execute(one, ends)]
    its = study_facet.c
    known = exists().where(
        search_cell.c.appearance_id == its.appearance_id, search_cell.c.stratum_id == its.stratum_id
    )
    lost = select(its.study_key).join(study, study.c.key == its.study_key).where(STRETCH, ~known)
    return {row[0] for row in rows} | set(connection.scalars(lost, ends))


def _kept(which: ColumnElement[bool]) -> Select[Any]:
    words = (
        *(search_appearance.c[name] for name in LOOKS),
        *(search_stratum.c[name] for name in WHOSE),
    )
    return (
        select(study_facet.c.study_key, *words)
        .join(study, study.c.key == study_facet.c.study_key)
        .join(search_appearance, search_appearance.c.id == study_facet.c.appearance_id)
        .join(search_stratum, search_stratum.c.id == study_facet.c.stratum_id)
        .where(which)
    )
