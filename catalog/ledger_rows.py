"""What the ledger's statements are made of."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Select, func, select

from catalog.ledger_tables import item
from catalog.outcome import Outcome

NO_ACCESSION = ""

FORGOTTEN: dict[str, Any] = dict.fromkeys(
    (
        "path_enc",
        "path_index",
        "sop_uid_enc",
        "sop_uid_index",
        "study_uid_enc",
        "study_uid_index",
        "accession_enc",
        "accession_index",
    )
)


def accession_value(issuer: str, accession: str) -> str:
    """Join an accession number with its issuer; empty when there is no number."""
    number = accession.strip()
    # No value of SH or LO holds a backslash (PS3.5 §6.2), so the two cannot run together.
    return f"{issuer.strip()}\\{number}" if number else NO_ACCESSION


def traced() -> Select[Any]:
    """Select what a Trace tells, for files that have an outcome."""
    return (
        select(
            item.c.export_id,
            item.c.outcome,
            item.c.reason,
            item.c.clean_study_uid,
            item.c.clean_sop_uid,
            item.c.revision,
            item.c.recorded_at,
        )
        .where(item.c.outcome.is_not(None))
        .order_by(item.c.id)
    )


def count_outcomes(connection: Connection, export_id: str) -> tuple[Counter[Outcome], int]:
    """Count an export's files per outcome, and those without."""
    statement = (
        select(item.c.outcome, func.count())
        .where(item.c.export_id == export_id)
        .group_by(item.c.outcome)
    )
    counts: Counter[Outcome] = Counter()
    pending = 0
    for word, number in connection.execute(statement):
        if word is None:
            pending = number
        else:
            counts[Outcome(word)] = number
    return counts, pending
