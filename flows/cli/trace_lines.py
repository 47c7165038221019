"""What `mammo trace` tells of an accession number: clean UIDs, and reasons of a closed list."""

from datetime import UTC, datetime

from catalog.ledgers.ledger import Ledger
from catalog.plans.records import AnnouncedState


def trace_lines(ledger: Ledger, accession: str, issuer: str = "") -> list[str]:
    """Tell of each file its outcome, then of each study why no file of it came in; empty if none.

    Raises:
        DatabaseError: The ledger's database did not answer.
    """
    lines = []
    if files := ledger.by_accession(accession, issuer):
        lines.append(
            f"{'export':17}  {'when (UTC)':16}  {'outcome':12} {'clean SOP Instance UID':44} why"
        )
    for one in files:
        when, uid = _moment(one.recorded_at), one.clean_sop_uid or "-"
        lines.append(f"{one.export_id}  {when}  {one.outcome:12} {uid:44} {one.reason}".rstrip())
    for study in ledger.announced.by_accession(accession, issuer):
        if study.state != AnnouncedState.SETTLED:
            why = f": {study.why}" if study.why else ""
            when = _moment(study.changed_at)
            lines.append(f"{study.export_id}  {when}  study {study.state.lower()}{why}")
    return lines


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
