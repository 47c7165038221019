"""Who answers for the data: regions and their holders."""

from dataclasses import asdict

from sqlalchemy import Engine, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.records import Holder, Region
from catalog.tables import holder as holders
from catalog.tables import region as regions
from catalog.vocabulary import HolderMode


def add_region(engine: Engine, region: Region) -> None:
    """Enter a region, or bring its name up to date."""
    with writing(engine) as connection:
        if not insert_if_absent(connection, regions, asdict(region)):
            connection.execute(
                regions.update().where(regions.c.id == region.id).values(name=region.name)
            )


def add_holder(engine: Engine, holder: Holder) -> None:
    """Enter a holder, or bring its names and numbers up to date; its mode is said by `set_mode`.

    Raises:
        NotFoundError: The region is unknown.
        ConflictError: The holder belongs to another region.
    """
    row = asdict(holder)
    row["region_id"] = row.pop("region")
    del row["mode"]
    mine = holders.c.id == holder.id
    with writing(engine) as connection:
        if connection.scalar(select(regions.c.id).where(regions.c.id == holder.region)) is None:
            raise NotFoundError
        if insert_if_absent(connection, holders, row):
            return
        if connection.scalar(select(holders.c.region_id).where(mine)) != holder.region:
            raise ConflictError(Reason.OTHER_HOLDER)
        connection.execute(holders.update().where(mine).values(**row))


def set_mode(engine: Engine, holder_id: str, mode: HolderMode, *, who: str) -> bool:
    """Say whether a holder delivers on permit only; tell whether that is new.

    What an `ON_PERMIT` holder delivered before is found and frozen no more, but for permits that
    it was delivered for; sealed releases keep it.

    Raises:
        NotFoundError: There is none by that id.
    """
    mine = holders.c.id == holder_id
    with writing(engine) as connection:
        present = connection.scalar(select(holders.c.mode).where(mine).with_for_update())
        if present is None:
            raise NotFoundError
        if present == mode:
            return False
        connection.execute(holders.update().where(mine).values(mode=mode))
        audit.record(connection, AccessEvent(who, "", "holder.mode", f"holder:{holder_id}", mode))
    return True


def get_holder(engine: Engine, holder_id: str) -> Holder:
    """Give one holder.

    Raises:
        NotFoundError: There is none by that id.
    """
    for holder in list_holders(engine):
        if holder.id == holder_id:
            return holder
    raise NotFoundError


def list_holders(engine: Engine) -> tuple[Holder, ...]:
    """Give every holder, by id."""
    with reading(engine) as connection:
        rows = connection.execute(select(holders).order_by(holders.c.id)).all()
    return tuple(
        Holder(
            row.id,
            row.region_id,
            row.name,
            row.organisation_number,
            row.hsa_id,
            HolderMode(row.mode),
        )
        for row in rows
    )
