"""The schedules of plans at the region's Prefect server: made anew from the ledger, which is right.

Every plan that is active and has a cron line has one schedule of the export deployment, named by
the plan's id; what belongs to no such plan goes.
"""

from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from catalog.plans.plans import Plans
from catalog.plans.records import PlanState
from flows.errors import StudyError
from flows.exports.content import Schedule, content_of
from flows.ingest.names import DEPLOYMENT, PLANNED


def set_up(plans: Plans) -> int:
    """Make the server's schedules what the plans say, and count them.

    Raises:
        StudyError: The server does not answer, or does not know the flow.
    """
    try:
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(f"{PLANNED}/{DEPLOYMENT}")
            return _set_up(client, deployment.id, plans)
    except ObjectNotFound:
        message = "the region's Prefect server does not know the export flow; run: mammo up"
        raise StudyError(message) from None
    except httpx.HTTPError:
        message = (
            "what was said is kept, but the region's Prefect server does not answer; "
            "schedules follow with: mammo up"
        )
        raise StudyError(message) from None


def _set_up(client: SyncPrefectClient, deployment: UUID, plans: Plans) -> int:
    wanted = {
        plan.id: schedule
        for plan in plans.all()
        if plan.state is PlanState.ACTIVE and (schedule := content_of(plan.content).schedule).cron
    }
    for present in client.read_deployment_schedules(deployment):
        if _is_same(present, wanted):
            del wanted[str(present.slug)]
        else:
            client.delete_deployment_schedule(deployment, present.id)
    if wanted:
        client.create_deployment_schedules(
            deployment, [_schedule(plan_id, one) for plan_id, one in wanted.items()]
        )
    return len(wanted)


def _is_same(present: DeploymentSchedule, wanted: dict[str, Schedule]) -> bool:
    schedule = wanted.get(present.slug or "")
    return (
        schedule is not None
        and isinstance(present.schedule, CronSchedule)
        and (present.schedule.cron, present.schedule.timezone) == (schedule.cron, schedule.timezone)
        and present.active
    )


def _schedule(plan_id: str, schedule: Schedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        schedule=CronSchedule(cron=schedule.cron, timezone=schedule.timezone),
        active=True,
        parameters={"plan_id": plan_id},
        slug=plan_id,
    )
