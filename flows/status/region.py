"""A region's work at one moment: plans, what waits, what ended, and what its receiver took."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.ledgers.ledger import Ledger
from catalog.outcome import Outcome
from catalog.plans.records import Plan, PlanState
from catalog.plans.work import Endings, Lag, Place
from flows.exports.content import content_of
from flows.exports.nights import Nights
from flows.exports.pushed import Standing, standing
from flows.exports.stopping import is_stopped
from flows.sources.audit_trail import lost, waiting
from flows.sources.landing import AUDIT, Landing
from flows.sources.pushes import STATUS_FILE

DAY = timedelta(days=1)


@dataclass(frozen=True)
class PlanStatus:
    """One plan: where it stands, and when its night opens; None if it never does."""

    id: str
    holder: str
    source: str
    state: PlanState
    night: datetime | None


@dataclass(frozen=True)
class RegionStatus:
    """What a region's ledger and landing say.

    Attributes:
        moment: When they were asked.
        stopped: `mammo exports stop` was said, and not taken back.
        lags: By holder and source.
        ended: All files that ever ended; `lately` those of the last day.
        unended: Enrolled files without an outcome, by holder.
        quarantined: Originals that wait for people, by holder.
        receiver: What the receiver last wrote; empty where none ever ran.
        pushed: What was pushed and waits in the landing.
        ended_unasked: Files that waited in vain, by outcome.
        orders: Orders by criteria that run, by holder; `orders_late` those of them that are late.
        audit_waiting: Audit messages that the region's log has not taken; `audit_lost` never will.
    """

    moment: datetime
    stopped: bool
    plans: tuple[PlanStatus, ...]
    lags: Mapping[Place, Lag]
    ended: Endings
    lately: Endings
    unended: Mapping[str, int]
    quarantined: Mapping[str, int]
    receiver: Mapping[str, Any]
    pushed: Standing
    ended_unasked: Mapping[Outcome, int]
    orders: Mapping[str, int]
    orders_late: Mapping[str, int]
    audit_waiting: int
    audit_lost: int


def region_status(ledger: Ledger, landing: Path, moment: datetime) -> RegionStatus:
    """Ask a ledger and a landing.

    Raises:
        DatabaseError: The ledger's database did not answer.
    """
    asked = [(one.holder, one.days_left(moment.date())) for one in ledger.cohort_orders.all()]
    running = [(holder, left) for holder, left in asked if left is not None]
    return RegionStatus(
        moment=moment,
        stopped=is_stopped(landing),
        plans=tuple(_plan_status(one, moment) for one in ledger.plans.all()),
        lags=ledger.work.lags(),
        ended=ledger.work.ended(),
        lately=ledger.work.ended(moment - DAY),
        unended=ledger.work.unended(),
        quarantined=ledger.work.quarantined(),
        receiver=_receiver(landing / STATUS_FILE),
        pushed=standing(ledger, Landing(landing)),
        ended_unasked=ledger.unasked.ended(),
        orders=Counter(holder for holder, _ in running),
        orders_late=Counter(holder for holder, left in running if left < 0),
        audit_waiting=waiting(landing / AUDIT),
        audit_lost=lost(landing / AUDIT),
    )


def next_night(plan: Plan, moment: datetime) -> datetime | None:
    """Give the moment at which a plan may go on; None if it never does so by itself."""
    if plan.state is not PlanState.ACTIVE:
        return None
    schedule = content_of(plan.content).schedule
    return Nights.of(schedule).opens_at(moment) if schedule.cron else None


def _plan_status(plan: Plan, moment: datetime) -> PlanStatus:
    night = next_night(plan, moment)
    return PlanStatus(plan.id, plan.holder_id, plan.source, plan.state, night)


def _receiver(path: Path) -> Mapping[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
