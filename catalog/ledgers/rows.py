"""What the ledger's statements are made of."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from catalog.errors import ConflictError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Ending
from catalog.ledgers.tables import item
from catalog.outcome import Outcome
from catalog.records import DisclosureDecision
from catalog.vocabulary import ProtectionSource

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
        "pixels_index",
    )
)


_PAIRS = (("sop_uid_index", "clean_sop_uid"), ("study_uid_index", "clean_study_uid"))


def export_cell(export_id: str) -> str:
    """Name the one sealed cell of an export's row."""
    return f"export.path\0{export_id}"


def path_cell(export_id: str, ordinal: int, path_index: str) -> str:
    """Name the cell of an item's path; its row has no number yet when it is sealed."""
    return f"item.path\0{export_id}\0{ordinal}\0{path_index}"


def original_cell(column: str, item_id: int, path_index: str | None) -> str:
    """Name another sealed cell of an item's row."""
    return f"item.{column}\0{item_id}\0{path_index or ''}"


def decision_of(row: Row[Any]) -> DisclosureDecision:
    """Give the disclosure decision that a row holds."""
    return DisclosureDecision(
        reference=row.reference,
        legal_basis=row.legal_basis,
        purpose=row.purpose,
        controller=row.controller,
        valid_until=row.valid_until,
        protection_source=ProtectionSource(row.protection_source),
    )


def ending_row(key: LedgerKey, ending: Ending, path_index: str | None) -> dict[str, Any]:
    """Make the columns of an ending, sealed for the row they are for."""
    return {
        "outcome": ending.outcome,
        "reason": ending.reason,
        "foreign_file": ending.foreign,
        "clean_study_uid": ending.clean_study_uid,
        "clean_sop_uid": ending.clean_sop_uid,
        "revision": ending.revision,
        "quarantine_key": ending.quarantine_key,
        "expires_at": ending.expires_at,
        **_original_row(key, ending, path_index),
        **_making_row(key, ending),
    }


def _making_row(key: LedgerKey, ending: Ending) -> dict[str, Any]:
    making = ending.making
    if making is None:
        return {}
    return {
        "pixels_index": key.index("item.pixels", making.original),
        "clean_pixels": making.clean,
        "made_by": making.by,
    }


def _original_row(key: LedgerKey, ending: Ending, path_index: str | None) -> dict[str, Any]:
    original = ending.original
    if original is None:
        return {}
    values = {
        "sop_uid": original.sop_uid,
        "study_uid": original.study_uid,
        "accession": accession_value(original.issuer, original.accession),
    }
    row: dict[str, Any] = {}
    for column, value in values.items():
        if value == NO_ACCESSION:
            continue
        cell = original_cell(column, ending.item_id, path_index)
        row[f"{column}_enc"] = key.encrypt(cell, value)
        row[f"{column}_index"] = key.index(f"item.{column}", value)
    return row


def require_one_to_one(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Stop if two originals have one clean UID, or one original two, here or in what is recorded.

    Raises:
        ConflictError: They do; a key was changed, or the keyed UIDs collide.
    """
    known = [row for row in rows if row.get("sop_uid_index")]
    for original, clean in _PAIRS:
        pairs = {(row[original], row[clean]) for row in known if row.get(original) and row[clean]}
        if pairs:
            _require_pairs(connection, original, clean, pairs)


def _require_pairs(
    connection: Connection, original: str, clean: str, pairs: set[tuple[str, str]]
) -> None:
    column, other = item.c[original], item.c[clean]
    touched = or_(column.in_({one for one, _ in pairs}), other.in_({one for _, one in pairs}))
    recorded = select(column, other).where(touched, column.is_not(None), other.is_not(None))
    every = pairs | {(row[0], row[1]) for row in connection.execute(recorded.distinct())}
    if not len(every) == len({one for one, _ in every}) == len({one for _, one in every}):
        raise ConflictError(Reason.COLLISION)


def accession_value(issuer: str, accession: str) -> str:
    """Join an accession number with its issuer; empty when there is no number."""
    number = accession.strip()
    # No value of SH or LO holds a backslash (PS3.5 §6.2), so the two cannot run together.
    return f"{issuer.strip()}\\{number}" if number else NO_ACCESSION


def accession_of(value: str) -> str:
    """Give the number out of what was joined."""
    return value.rpartition("\\")[2]


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
