"""How environments stand with what they must delete: single objects, and all of ended permits."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from catalog.database import reading
from catalog.deletions import whole
from catalog.deletions.objects import asked
from catalog.deletions.records import Standing
from catalog.deletions.tables import deletion


def standings(
    engine: Engine, environment: str = "", *, today: date, permit_id: str = ""
) -> tuple[Standing, ...]:
    """Tell how environments stand with each permit of which anything was ever to be deleted."""
    account = environment or None
    due, said = asked(account, permit_id or None), deletion.c.confirmed_at.is_not(None)
    told = select(
        deletion.c.account_id, deletion.c.permit_id, func.count(), func.max(deletion.c.confirmed_at)
    ).where(said)
    if account is not None:
        told = told.where(deletion.c.account_id == account)
    if permit_id:
        told = told.where(deletion.c.permit_id == permit_id)
    left = select(due.c.account_id, due.c.permit_id, func.count(), func.min(due.c.asked_at))
    with reading(engine) as connection:
        open_ = _by_permit(connection, left.group_by(due.c.account_id, due.c.permit_id))
        done = _by_permit(connection, told.group_by(deletion.c.account_id, deletion.c.permit_id))
        found = whole.due(connection, today=today, permit_id=permit_id, environment=environment)
    ended = {(one.environment, one.permit_id): one for one in found}
    nothing = (0, None)
    return tuple(
        Standing(*key, *open_.get(key, nothing), *done.get(key, nothing), ended.get(key))
        for key in sorted(open_.keys() | done.keys() | ended.keys())
    )


def _by_permit(
    connection: Connection, wanted: Select[Any]
) -> dict[tuple[str, str], tuple[int, datetime | None]]:
    return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(wanted)}
