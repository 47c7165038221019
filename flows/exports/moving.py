"""A study that a PACS moved to another patient: what is published under the first is held."""

from dataclasses import dataclass

from catalog.changes.rejections import PUBLISHED
from catalog.ledgers.records import Trace
from catalog.vocabulary import HoldKind
from flows.wiring import RegionParts

REASON = "the study moved to another patient at the source"


@dataclass(frozen=True)
class Moved:
    """What was published of an accession number, and how much of it was held now."""

    studies: int
    instances: int
    held: int


def published(parts: RegionParts, accession: str, issuer: str = "") -> tuple[Trace, ...]:
    """Give what is published of an accession number, each instance once."""
    traces = parts.ledger.by_accession(accession, issuer)
    found = {one.clean_sop_uid: one for one in traces if one.outcome in PUBLISHED}
    return tuple(one for uid, one in found.items() if uid is not None)


def hold_moved(parts: RegionParts, accession: str, issuer: str = "", *, who: str) -> Moved:
    """Hold as CORRECTED what is published of an accession number; again changes nothing.

    The study stays the Subject's that it was published under: a study has one for good. What came
    under the other patient waits in quarantine as CONFLICT.
    """
    found = published(parts, accession, issuer)
    held = 0
    for one in found:
        held += parts.publisher.hold_instance(
            one.clean_sop_uid or "",
            HoldKind.CORRECTED,
            holder_id=parts.ledger.export(one.export_id).holder_id,
            reason=REASON,
            who=who,
        )
    return Moved(len({one.clean_study_uid for one in found}), len(found), held)
