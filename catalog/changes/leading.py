"""Which exports a plan may still go on with."""

from typing import Any

from sqlalchemy import Select, select

from catalog.changes.tables import rescan
from catalog.plans.records import PlanState
from catalog.plans.tables import plan, plan_window


def led() -> Select[Any]:
    """Select the exports to which a plan leads that was not cancelled; no others go on."""
    by_window = select(plan_window.c.export_id).join(plan, plan.c.id == plan_window.c.plan_id)
    by_look = select(rescan.c.export_id).join(plan, plan.c.id == rescan.c.plan_id)
    goes_on = plan.c.state != PlanState.CANCELLED
    both = by_window.where(goes_on).union(by_look.where(goes_on)).subquery()
    return select(both.c.export_id).where(both.c.export_id.is_not(None))
