"""An announced study as the ledger keeps it: its UID sealed, and found again by indexes."""

from typing import Any

from sqlalchemy import Row

from catalog.columns import now
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.rows import accession_value
from catalog.plans.records import Announced, AnnouncedState


def sealed(key: LedgerKey, export_id: str, ordinal: int, study: Announced) -> dict[str, Any]:
    """Give the row of a study that its source announced just now."""
    moment = now()
    state = AnnouncedState.SKIPPED if study.skipped else AnnouncedState.WAITING
    return {
        "export_id": export_id,
        "ordinal": ordinal,
        "study_uid_enc": key.encrypt(_cell(export_id, ordinal), study.study_uid),
        "study_uid_index": study_index(key, study.study_uid),
        "accession_index": accession_index(key, study.accession, study.issuer),
        "instances": study.instances,
        "state": state,
        "tries": 0,
        "why": study.why,
        "due_at": moment,
        "changed_at": moment,
    }


def study_uid(key: LedgerKey, row: Row[Any]) -> str:
    """Open a row's UID; empty once it is forgotten."""
    if row.study_uid_enc is None:
        return ""
    return key.decrypt(_cell(row.export_id, row.ordinal), row.study_uid_enc)


def study_index(key: LedgerKey, uid: str) -> str:
    """Give the index by which a study is found; an item's of the same study is the same."""
    return key.index("item.study_uid", uid)


def accession_index(key: LedgerKey, accession: str, issuer: str) -> str | None:
    """Give the index by which an accession number's studies are found; None without a number."""
    value = accession_value(issuer, accession)
    return key.index("item.accession", value) if value else None


def _cell(export_id: str, ordinal: int) -> str:
    return f"announced.study_uid\0{export_id}\0{ordinal}"
