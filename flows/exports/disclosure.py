"""The disclosure decision: what an export may not leave its holder without (EHDS Art. 60)."""

from datetime import date

from catalog.records import DisclosureDecision, Holder
from catalog.vocabulary import DeliveryState, HolderMode
from flows.errors import ExportRefusedError
from flows.wiring import RegionParts


def require_decision(decision: DisclosureDecision, *, today: date) -> None:
    """Refuse a disclosure decision that is incomplete or over.

    Raises:
        ExportRefusedError: With what to mend.
    """
    said = (decision.reference, decision.legal_basis, decision.purpose, decision.controller)
    if not all(text.strip() for text in said):
        message = (
            "the export has no complete disclosure decision: reference, legal basis, purpose "
            "and controller must all be said"
        )
        raise ExportRefusedError(message)
    if decision.valid_until < today:
        message = f"the disclosure decision ended on {decision.valid_until}; a new one is needed"
        raise ExportRefusedError(message)


def require_ordered(parts: RegionParts, holder: Holder, decision: DisclosureDecision) -> None:
    """Refuse what no permit asks for, where the holder delivers on permit only.

    Raises:
        ExportRefusedError: The decision names no order of this holder's, or one that is over.
    """
    found = parts.ledger.cohort_orders.under(decision.reference)
    if found is None and holder.mode is HolderMode.STANDING:
        return
    over = {DeliveryState.REFUSED, DeliveryState.WITHDRAWN}
    if found is None or found.holder != holder.id or found.state in over:
        message = (
            "the holder delivers on permit only: accept an order of the hub's (mammo orders list), "
            "or give the order's number as the decision's reference"
        )
        raise ExportRefusedError(message)
