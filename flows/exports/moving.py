"""A study that a PACS moved to another patient: held under one, walked again for the other."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.changes.rejections import PUBLISHED
from catalog.changes.rescans import Looked
from catalog.ledgers.records import Trace
from catalog.plans.records import Announced, PlanState
from catalog.publishing.moves import MOVED
from catalog.vocabulary import HoldKind
from flows.exports.running import register
from flows.wiring import RegionParts

REASON = MOVED


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

    Only then may the study become another Subject's: when it is walked again, and comes as hers,
    its images get a Revision under her. A person lifts these Holds when that is as it should be.
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


def walk_again(parts: RegionParts, accession: str, issuer: str = "") -> tuple[str, ...]:
    """Let the studies of an accession number be fetched and walked again, by the plans they are of.

    Returns:
        The plans; none where no plan can ask for it, as of a folder or of what was pushed.

    Raises:
        ExportRefusedError: A plan's decision is over.
    """
    ledger = parts.ledger
    wanted: dict[str, set[str]] = defaultdict(set)
    for export_id, study_uid in ledger.announced.originals(accession, issuer):
        plan_id = ledger.rescans.plan_of(export_id)
        if plan_id is not None:
            wanted[plan_id].add(study_uid)
    done = []
    for plan_id, studies in sorted(wanted.items()):
        plan = ledger.plans.get(plan_id)
        if (
            plan.state is PlanState.CANCELLED
            or ledger.plans.source(plan.source).kind.is_taken_whole
        ):
            continue
        again = [Announced(uid, accession, issuer) for uid in sorted(studies)]
        if plan.state is PlanState.DONE:  # first: one that is active and has nothing is done again
            ledger.plans.move(plan.id, PlanState.ACTIVE)
        register(parts, plan, again, Looked(plan.id, len(again), datetime.now(UTC)))
        done.append(plan.id)
    return tuple(done)
