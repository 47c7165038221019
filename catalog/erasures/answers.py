"""The hub's side of an order to erase: what the region answered, signed, as it was signed."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError
from sqlalchemy import Engine, select

from catalog import audit
from catalog.arrivals.records import OrderKind, RegionKey
from catalog.arrivals.tables import issued_order
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.erasures.tables import erasure_answer
from catalog.erasures.wire import CONTEXT, ErasureAnswer, Statement
from catalog.errors import ConflictError, NotFoundError, Reason


@dataclass(frozen=True)
class Answered:
    """How one order to erase stands: what its region said, if it said anything yet."""

    region: str
    sequence: int
    issued_at: datetime
    expires_at: datetime
    statement: Statement | None


def take(engine: Engine, key: RegionKey, told: ErasureAnswer) -> bool:
    """Keep a region's answer, and tell whether it is new.

    Raises:
        ConflictError: It is not signed by the key, not of the form, or another was given before.
        NotFoundError: The region has no such order to erase.
    """
    said = _read(key, told)
    mine = (issued_order.c.region_id == key.region_id, issued_order.c.sequence == said.sequence)
    with writing(engine) as connection:
        order = connection.execute(select(issued_order).where(*mine)).one_or_none()
        if order is None or order.kind != OrderKind.ERASE or said.region != key.region_id:
            raise NotFoundError
        if json.loads(order.body).get("id") != said.order:
            raise NotFoundError
        row = {
            "order_id": order.id,
            "key_id": key.id,
            "statement": told.statement,
            "signature": told.signature,
            "received_at": now(),
        }
        if not insert_if_absent(connection, erasure_answer, row):
            there = select(erasure_answer.c.statement).where(erasure_answer.c.order_id == order.id)
            if connection.scalar(there) != told.statement:
                raise ConflictError(Reason.ORDER_STATE)
            return False
        what = f"region:{key.region_id}/order:{said.sequence}"
        count = f"{said.studies} studies, {said.files} files"
        event = AccessEvent(f"region:{key.region_id}/{key.id}", "", "erased", what, count)
        audit.record(connection, event)
        return True


def _read(key: RegionKey, told: ErasureAnswer) -> Statement:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))
        signature = base64.b64decode(told.signature, validate=True)
        public.verify(signature, CONTEXT + told.statement.encode())
        return Statement.model_validate_json(told.statement, strict=True)
    except (InvalidSignature, ValidationError, ValueError):
        raise ConflictError(Reason.NOT_SIGNED) from None


def every(engine: Engine) -> tuple[Answered, ...]:
    """Give every order to erase with its answer, the oldest first."""
    wanted = (
        select(issued_order, erasure_answer.c.statement)
        .outerjoin(erasure_answer, erasure_answer.c.order_id == issued_order.c.id)
        .where(issued_order.c.kind == OrderKind.ERASE)
        .order_by(issued_order.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(wanted).all()
    return tuple(
        Answered(
            row.region_id,
            row.sequence,
            row.issued_at,
            row.expires_at,
            None if row.statement is None else Statement.model_validate_json(row.statement),
        )
        for row in rows
    )
