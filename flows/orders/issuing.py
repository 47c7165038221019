"""The hub's side of orders: a person with the order key signs; the intake only hands them out."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from json import dumps

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from catalog.arrivals import orders
from catalog.arrivals.records import OrderKind
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
