"""The hub's side of orders: a person with the order key signs; the intake only hands them out."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from json import dumps

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from catalog.arrivals import orders
from catalog.arrivals.records import OrderKind
from catalog.calendar import months_later
from catalog.database import reading
from catalog.deliveries import orders as deliveries
from catalog.deliveries.records import MONTHS, expiry
from catalog.permits.lines import is_over
from catalog.vocabulary import DeliveryState
from flows.orders.wire import read, sign


def issue(
    engine: Engine,
    key: Ed25519PrivateKey,
    region: str,
    kind: OrderKind,
    studies: Sequence[str],
    *,
    named: Mapping[str, str],
    days: int,
    who: str,
) -> str:
    """Sign an order for a region; give its id.

    Args:
        engine: The catalogue.
        key: The hub's order key; it lies with no service.
        region: For whom.
        kind: What is ordered.
        studies: UIDs inside the space.
        named: The permit and the case, as the kind needs them.
        days: How long it is good for.
        who: Who orders it.

    Raises:
        OrderError: It is not of the schema.
        NotFoundError: There is no such region.
    """
    moment = datetime.now(UTC).replace(microsecond=0)
    expires = moment + timedelta(days=days)
    told = {
        "version": 1,
        "id": secrets.token_hex(16),
        "region": region,
        "sequence": orders.next_sequence(engine, region),
        "issued": moment.isoformat(),
        "expires": expires.isoformat(),
        "kind": kind,
        "studies": list(studies),
        **named,
    }
    order = read(dumps(told))
    orders.issue(engine, region, kind, sign(order, key), expires_at=expires, who=who)
    return order.id


def sign_waiting(engine: Engine, key: Ed25519PrivateKey, *, who: str) -> tuple[str, ...]:
    """Sign what permits ask holders for; give the orders' ids. Now their clocks run.

    What a permit asked for that has expired meanwhile, and that none followed, is left unsigned.

    Raises:
        RaceError: Somebody else signs at this moment; do it again.
    """
    moment = datetime.now(UTC).replace(microsecond=0)
    waiting = [
        one
        for one in deliveries.find_all(engine)
        if one.state is DeliveryState.ASKED and not _is_over(engine, one.permit_id, moment.date())
    ]
    due = months_later(moment.date(), MONTHS)
    for one in waiting:
        told = {
            "version": 1,
            "id": one.id,
            "region": one.region,
            "sequence": orders.next_sequence(engine, one.region),
            "issued": moment.isoformat(),
            "expires": expiry(due).isoformat(),
            "kind": OrderKind.COHORT,
            "permit": one.permit_id,
            "holder": one.holder,
            "criteria": dict(one.criteria),
            "purposes": one.purposes,
            "tier": one.tier,
            "due": due.isoformat(),
        }
        signed = sign(read(dumps(told)), key)
        deliveries.send(engine, one.id, signed, due=due, who=who)
    return tuple(one.id for one in waiting)


def _is_over(engine: Engine, permit_id: str, today: date) -> bool:
    with reading(engine) as connection:
        return is_over(connection, permit_id, today=today)
