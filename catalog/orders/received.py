"""Orders that a region has received; each is entered once, and decided once."""

from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from catalog.arrivals.records import OrderKind
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.rows import accession_of, original_cell
from catalog.ledgers.tables import export, item
from catalog.orders.records import OrderState, ReceivedOrder
from catalog.orders.tables import received_order, trace_back


class ReceivedOrders:
    """The orders of one region, in its ledger's database."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def last(self) -> int:
        """Give the number of the last order that came; 0 if none has."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.max(received_order.c.sequence))) or 0)

    def enter(self, new: ReceivedOrder) -> bool:
        """Enter an order as it came; tell whether it is new."""
        with writing(self._engine) as connection:
            return entered(connection, new)

    def get(self, order_id: str) -> ReceivedOrder:
        """Give an order.

        Raises:
            NotFoundError: There is none.
        """
        mine = select(received_order).where(received_order.c.id == order_id)
        with reading(self._engine) as connection:
            row = connection.execute(mine).one_or_none()
        if row is None:
            raise NotFoundError
        return order_from(row)

    def all(self) -> tuple[ReceivedOrder, ...]:
        """Give every order, the oldest first."""
        statement = select(received_order).order_by(received_order.c.sequence)
        with reading(self._engine) as connection:
            return tuple(map(order_from, connection.execute(statement).all()))

    def decide(self, order_id: str, state: OrderState, *, who: str, why: str) -> None:
        """Accept or refuse an order that waits; deciding the same again changes nothing.

        Raises:
            NotFoundError: There is none.
            ConflictError: It was decided otherwise, or its time is over.
        """
        with writing(self._engine) as connection:
            decided(connection, order_id, state, who=who, why=why)

    def trace_back(
        self, order_id: str, studies: list[str], *, who: str
    ) -> dict[str, frozenset[str]]:
        """Give the accession numbers of an accepted order's studies, and record to whom.

        Raises:
            NotFoundError: There is no such order.
            ConflictError: No person has accepted it.
        """
        if self.get(order_id).state is not OrderState.ACCEPTED:
            raise ConflictError(Reason.NOT_ACCEPTED)
        found = self.accessions(studies)
        row = {
            "order_id": order_id,
            "who": who,
            "at": now(),
            "found": sum(map(len, found.values())),
        }
        with writing(self._engine) as connection:
            connection.execute(trace_back.insert().values(row))
        return found

    def traced(self, order_id: str) -> tuple[tuple[str, int], ...]:
        """Tell who was given how many accession numbers of an order, each time."""
        mine = select(trace_back).where(trace_back.c.order_id == order_id).order_by(trace_back.c.id)
        with reading(self._engine) as connection:
            return tuple((row.who, row.found) for row in connection.execute(mine))

    def accessions(self, clean_study_uids: list[str]) -> dict[str, frozenset[str]]:
        """Give the accession numbers of studies by their holder; they never leave the region."""
        statement = (
            select(item.c.id, item.c.path_index, item.c.accession_enc, export.c.holder_id)
            .join(export, export.c.id == item.c.export_id)
            .where(item.c.clean_study_uid.in_(clean_study_uids))
            .where(item.c.accession_enc.is_not(None))
        )
        found: dict[str, set[str]] = {}
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        for row in rows:
            cell = original_cell("accession", row.id, row.path_index)
            number = accession_of(self._key.decrypt(cell, row.accession_enc))
            found.setdefault(row.holder_id, set()).add(number)
        return {holder: frozenset(numbers - {""}) for holder, numbers in found.items()}


def entered(connection: Connection, new: ReceivedOrder) -> bool:
    """Enter an order inside a transaction; tell whether it is new."""
    row = {**vars(new), "received_at": now()}
    row["decided_at"] = None if new.state is OrderState.WAITING else now()
    return bool(insert_if_absent(connection, received_order, row))


def decided(
    connection: Connection, order_id: str, state: OrderState, *, who: str, why: str
) -> None:
    """Accept or refuse an order that waits; deciding the same again changes nothing.

    Raises:
        NotFoundError: There is none.
        ConflictError: It was decided otherwise, or its time is over.
    """
    mine = received_order.c.id == order_id
    row = connection.execute(select(received_order).where(mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError
    if row.state == state:
        return
    if row.state != OrderState.WAITING:
        raise ConflictError(Reason.ORDER_STATE)
    if state is OrderState.ACCEPTED and row.expires_at <= now():
        raise ConflictError(Reason.ORDER_EXPIRED)
    values = {"state": state, "who": who, "why": why[:200], "decided_at": now()}
    connection.execute(received_order.update().where(mine).values(values))


def order_from(row: Row[Any]) -> ReceivedOrder:
    """Read an order's row."""
    return ReceivedOrder(
        id=row.id,
        sequence=row.sequence,
        kind=OrderKind(row.kind),
        body=row.body,
        expires_at=row.expires_at,
        state=OrderState(row.state),
        why=row.why,
        who=row.who,
    )
