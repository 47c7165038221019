"""Who answers for the data: regions and their holders."""

from dataclasses import asdict

from sqlalchemy import Engine, select

from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.records import Holder, Region
from catalog.tables import holder as holders
from catalog.tables import region as regions


def add_region(engine: Engine, region: Region) -> None:
    """Enter a region, or bring its name up to date."""
    with writing(engine) as connection:
        if not insert_if_absent(connection, regions, asdict(region)):
            connection.execute(
                regions.update().where(regions.c.id == region.id).values(name=region.name)
            )


def add_holder(engine: Engine, holder: Holder) -> None:
    """Enter a holder, or bring its names and numbers up to date.

    Raises:
        NotFoundError: The region is unknown.
        ConflictError: The holder belongs to another region.
    """
    row = asdict(holder)
    row["region_id"] = row.pop("region")
    mine = holders.c.id == holder.id
    with writing(engine) as connection:
        if connection.scalar(select(regions.c.id).where(regions.c.id == holder.region)) is None:
            raise NotFoundError
        if insert_if_absent(connection, holders, row):
            return
        if connection.scalar(select(holders.c.region_id).where(mine)) != holder.region:
            raise ConflictError(Reason.OTHER_HOLDER)
        connection.execute(holders.update().where(mine).values(**row))


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
        Holder(row.id, row.region_id, row.name, row.organisation_number, row.hsa_id) for row in rows
    )
