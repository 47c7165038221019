"""Orders by criteria in a region: accepted as a plan, done when all of it has its outcome, told.

The plan asks the source for the years; view, side, vendor, kind and age band, which no source can
be asked for reliably, are judged of each de-identified object before anything of it leaves
(`flows.walk.verdict`).
"""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.arrivals.answers import OrderAnswer
from catalog.arrivals.records import OrderKind
from catalog.errors import ConflictError, IntakeError, NotFoundError
from catalog.orders.records import CohortOrder
from catalog.outcome import Outcome
from catalog.plans.records import Plan, PlanState
from catalog.records import DisclosureDecision
from catalog.vocabulary import DeliveryState, Ground, ProtectionSource
from flows import log
from flows.errors import PermanentError, PlanError
from flows.exports.content import Content, Selection
from flows.exports.planning import enter_decided, known_source
from flows.intake.client import Intake
from flows.orders.policy import Course, Policy
from flows.wiring import RegionParts

POLICY = "the region's policy"
#: A PACS is never asked for everything; before that year no archive has mammograms as DICOM.
_FIRST_YEAR = 1990
_TELLABLE = {DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.DELIVERED}


class _Stood(BaseModel):
    """How the hub says that an order stands: it may have more time, or been taken back."""

    model_config = ConfigDict(extra="forbid")

    state: DeliveryState
    due_on: date

    @classmethod
    def read(cls, told: object) -> Self:
        try:
            return cls.model_validate(told)
        except ValidationError:
            raise IntakeError from None


def accept(
    parts: RegionParts,
    order_id: str,
    *,
    who: str,
    source: str,
    protection_source: ProtectionSource,
) -> str:
    """Accept an order: it becomes a plan, paused; give the plan's id. Again changes nothing.

    Args:
        parts: The region's.
        order_id: Which.
        who: Who accepts it for the holder.
        source: Which source is asked.
        protection_source: Where its knowledge of protected identities comes from.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It was decided otherwise, or its time is over.
        PlanError: The source or that knowledge is not named, or does not fit.
        ExportRefusedError: The holder is not the region's.
        SourceError: There is no such source.
    """
    found = parts.ledger.cohort_orders.get(order_id)
    plan_id = found.plan_id or f"o-{order_id[:16]}"
    if found.state is DeliveryState.SENT:
        _require_named(source, protection_source)
        _plan(parts, found, plan_id, who=who, source=source, protection_source=protection_source)
    parts.ledger.cohort_orders.accept(order_id, plan_id=plan_id, who=who)
    return plan_id


def _require_named(source: str, protection_source: ProtectionSource) -> None:
    if not source:
        message = "say from which source: --source, or `source` in the region's policy"
        raise PlanError(message)
    if protection_source is ProtectionSource.UNKNOWN:
        message = (
            "say where its knowledge of protected identities comes from: --protection-source, or "
            "`protection_source` in the region's policy; else nothing of it may leave"
        )
        raise PlanError(message)


def _plan(
    parts: RegionParts,
    found: CohortOrder,
    plan_id: str,
    *,
    who: str,
    source: str,
    protection_source: ProtectionSource,
) -> None:
    """Enter the plan, unless a run that ended too early did."""
    with suppress(NotFoundError):
        parts.ledger.plans.get(plan_id)
        return
    whole = known_source(parts, source).kind.is_taken_whole
    content = Content(selection=Selection(everything=True) if whole else _years(found))
    purposes = ", ".join(f"Article {one}" for one in found.signed["purposes"])
    plan = Plan(
        id=plan_id,
        holder_id=found.holder,
        source=source,
        decision=DisclosureDecision(
            reference=found.reference,
            legal_basis="EHDS Article 60(2)",
            purpose=f"{purposes}: permit {found.signed['permit']}",
            controller=found.holder,
            valid_until=found.order.expires_at.date(),
            protection_source=protection_source,
        ),
        content=content.model_dump_json(),
        state=PlanState.PAUSED,
        who=who,
    )
    enter_decided(parts, plan, content)


def _years(found: CohortOrder) -> Selection:
    """Say the years of an order as a PACS is asked for them: by study date, up to today."""
    criteria, today = found.criteria, datetime.now(UTC).date()
    first = date(criteria.exam_year_from or _FIRST_YEAR, 1, 1)
    to = criteria.exam_year_to
    last = today if to is None else min(today, date(to, 12, 31))
    if last < first:
        message = "the order asks for years that have not come; accept it later, or refuse it"
        raise PlanError(message)
    return Selection(first=first, last=last)


def finish(parts: RegionParts, order_id: str) -> dict[str, int]:
    """Say that an order is fulfilled; give how many objects ended how.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It is not accepted, or the hub took it back.
        PlanError: Its plan has more to do, or an export of it is not finished.
    """
    found = parts.ledger.cohort_orders.get(order_id)
    found.require_lawful()
    if not _is_over(parts, found):
        message = "its plan has more to do: mammo exports show, or cancel it first"
        raise PlanError(message)
    counts: Counter[str] = Counter()
    for export in parts.ledger.exports():
        if export.decision.reference != found.reference:
            continue
        tally = parts.ledger.tally(export.id)
        if not tally.matches:
            message = "an export of it is not finished: mammo exports list"
            raise PlanError(message)
        counts.update({outcome.value: number for outcome, number in tally.counts.items()})
    told = {name: number for name, number in counts.items() if number}
    parts.ledger.cohort_orders.finish(order_id, told)
    return told


def _is_over(parts: RegionParts, found: CohortOrder) -> bool:
    """Tell whether nothing more comes by a plan; of what is taken whole only people know."""
    plan = parts.ledger.plans.get(found.plan_id)
    whole = parts.ledger.plans.source(plan.source).kind.is_taken_whole
    return whole or plan.state in {PlanState.DONE, PlanState.CANCELLED}


def refuse(parts: RegionParts, order_id: str, *, ground: Ground, who: str, why: str) -> None:
    """Refuse an order; the hub is told the ground, and the words stay here.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It was decided otherwise.
    """
    parts.ledger.cohort_orders.refuse(order_id, ground=ground, who=who, why=why)


def exchange(parts: RegionParts, policy: Policy, intake: Intake) -> None:
    """Do what the policy lets run, end what is fulfilled, and tell the hub how orders stand.

    Raises:
        IntakeError: The hub did not answer; it is told the next time.
    """
    for one in parts.ledger.cohort_orders.all():
        try:
            _go_on(parts, policy, one)
        except (PermanentError, ConflictError) as error:  # a person has to look; others go on
            log.get().warning("order waits for a person", order=one.order.id, reason=str(error))
    tell(parts, intake)


def _go_on(parts: RegionParts, policy: Policy, one: CohortOrder) -> None:
    if one.state is DeliveryState.SENT and policy.course(OrderKind.COHORT) is Course.RUN:
        whence, knowledge = policy.source, policy.protection_source
        accept(parts, one.order.id, who=POLICY, source=whence, protection_source=knowledge)
    elif one.state is DeliveryState.ACCEPTED and _is_done(parts, one):
        finish(parts, one.order.id)


def _is_done(parts: RegionParts, one: CohortOrder) -> bool:
    return parts.ledger.plans.get(one.plan_id).state is PlanState.DONE


def tell(parts: RegionParts, intake: Intake) -> None:
    """Tell the hub of every order how it stands, where it does not know.

    Raises:
        IntakeError: The hub did not answer.
    """
    for one in parts.ledger.cohort_orders.all():
        if one.state not in _TELLABLE:
            continue
        if one.told is one.state and one.state is not DeliveryState.ACCEPTED:
            continue
        try:
            stood = _Stood.read(intake.ask("POST", "/orders/answers", _answer(one).canonical()))
        except (ConflictError, NotFoundError) as error:
            log.get().warning("answer refused", order=one.order.id, reason=str(error))
            continue
        parts.ledger.cohort_orders.told(one.order.id, stood.state, stood.due_on)


def _answer(one: CohortOrder) -> OrderAnswer:
    counts = {Outcome(name): number for name, number in one.counts.items()}
    return OrderAnswer.model_validate(
        {
            "order": one.order.id,
            "state": one.state,
            "ground": one.ground,
            "counts": counts if one.state is DeliveryState.DELIVERED else None,
        }
    )
