"""The disclosure decision: what an export may not leave its holder without (EHDS Art. 60)."""

from datetime import date

from catalog.records import DisclosureDecision
from flows.errors import ExportRefusedError


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
