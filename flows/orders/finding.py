"""A significant finding leads back to her clinic, and nowhere else (EHDS Art. 58(3)).

The hub signs an order that names a study of the space; only the region's ledger knows whose it is.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from catalog.arrivals.records import OrderKind
from catalog.errors import ConflictError, Reason
from catalog.findings import findings
from catalog.findings.findings import Finding
from catalog.ledgers.ledger import Ledger
from flows.orders.issuing import issue
from flows.orders.wire import TraceBack, read

DAYS = 30


def confirm(engine: Engine, key: Ed25519PrivateKey, finding_id: int, *, who: str) -> Finding:
    """Confirm a finding as a second person, and sign the order that traces it back.

    Raises:
        NotFoundError: There is none, or its image was erased.
        ConflictError: The same person reported it, or it is confirmed.
    """
    found = findings.whence(engine, finding_id, who=who)
    (permit,) = (one.permit_id for one in findings.every(engine) if one.id == finding_id)
    order = issue(
        engine,
        key,
        found.region,
        OrderKind.TRACE_BACK,
        [found.study_uid],
        named={"permit": permit, "case": f"finding-{finding_id}"},
        days=DAYS,
        who=who,
    )
    return findings.confirm(engine, finding_id, region=found.region, order=order, who=who)


def trace(ledger: Ledger, order_id: str, *, who: str) -> Mapping[str, frozenset[str]]:
    """Give the original accession numbers that an accepted order leads to, by holder.

    Who asked is recorded first. They stay in the region; empty, if the ledger has forgotten them.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It is of another kind, or no person has accepted it.
    """
    order = read(ledger.orders.get(order_id).body)
    if not isinstance(order, TraceBack):
        raise ConflictError(Reason.NO_TRACE)
    return ledger.orders.trace_back(order_id, list(order.studies), who=who)
