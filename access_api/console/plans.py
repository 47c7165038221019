"""Plans of exports: reckoned, entered, begun, paused, resumed, cancelled; all stopped at once."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from access_api.access import guarded_router
from access_api.console.asking import ASKS, Asks
from access_api.console.desk import OpenDesk
from access_api.console.people import Administrator
from access_api.console.problems import REFUSALS
from access_api.console.wire import (
    ErrandAnswer,
    ExportId,
    LatestParameters,
    PlanAsked,
    PlanId,
    PreviewAsked,
)
from catalog.errands.records import ErrandKind
from catalog.errands.view import ExportShown, PlanShown, WindowShown

router = guarded_router(tag="Plans")


class PlanAnswer(BaseModel):
    """A plan and its stretches of study dates, each with how far it is."""

    plan: PlanShown
    windows: list[WindowShown]


@router.post("/previews", summary="Reckon a plan", **ASKS)
def preview_plan(told: PreviewAsked, asks: Asks) -> ErrandAnswer:
    """Count studies, and estimate bytes, time and nights; nothing moves."""
    return asks.ask(ErrandKind.PREVIEW, told.source, {"plan": told.plan})


@router.get("/plans", summary="Every plan", responses=REFUSALS)
def list_plans(_: Administrator, desk: OpenDesk) -> list[PlanShown]:
    """Give every plan without its selection, the newest first."""
    return list(desk.view.plans())


@router.post("/plans", summary="Enter a plan", **ASKS)
def schedule_plan(told: PlanAsked, asks: Asks) -> ErrandAnswer:
    """Enter a plan; it runs in its own nights from then on, until it is done or cancelled."""
    said = told.model_dump(mode="json", exclude={"source"})
    return asks.ask(ErrandKind.SCHEDULE, told.source, said)


@router.get("/plans/{plan}", summary="How far a plan is", responses=REFUSALS)
def show_plan(plan: PlanId, _: Administrator, desk: OpenDesk) -> PlanAnswer:
    """Give a plan's state, and of each stretch of days studies and files by how they ended."""
    found, windows = desk.view.plan(plan)
    return PlanAnswer(plan=found, windows=list(windows))


@router.post("/plans/{plan}/run", summary="Go on with a plan now", **ASKS)
def run_plan(plan: PlanId, asks: Asks) -> ErrandAnswer:
    """Begin a run outside of the plan's nights; `GET /plans/{plan}` shows how far it is."""
    return asks.ask(ErrandKind.RUN, plan)


@router.post("/plans/{plan}/pause", summary="Let a plan rest", **ASKS)
def pause_plan(plan: PlanId, asks: Asks) -> ErrandAnswer:
    """Let a plan rest; what is under way stops after the present object."""
    return asks.ask(ErrandKind.PAUSE, plan)


@router.post("/plans/{plan}/resume", summary="Let a plan go on", **ASKS)
def resume_plan(plan: PlanId, asks: Asks) -> ErrandAnswer:
    """Let a paused plan go on in its next night."""
    return asks.ask(ErrandKind.RESUME, plan)


@router.post("/plans/{plan}/cancel", summary="End a plan for good", **ASKS)
def cancel_plan(plan: PlanId, asks: Asks) -> ErrandAnswer:
    """End a plan for good; what came in stays."""
    return asks.ask(ErrandKind.CANCEL, plan)


@router.post("/stop", summary="Stop every plan of the region", **ASKS)
def stop(asks: Asks) -> ErrandAnswer:
    """Stop every export after its present object, until `/go`."""
    return asks.ask(ErrandKind.STOP)


@router.post("/go", summary="Take a stop back", **ASKS)
def go(asks: Asks) -> ErrandAnswer:
    """Let plans go on in their nights."""
    return asks.ask(ErrandKind.GO)


@router.get("/exports", summary="The latest exports", responses=REFUSALS)
def list_exports(
    _: Administrator, desk: OpenDesk, asked: Annotated[LatestParameters, Query()]
) -> list[ExportShown]:
    """Give the exports that were registered last, each with how far it is."""
    return list(desk.view.exports(asked.limit))


@router.get("/exports/{export}", summary="How far an export is", responses=REFUSALS)
def show_export(export: ExportId, _: Administrator, desk: OpenDesk) -> ExportShown:
    """Give an export's studies by state, and its files by outcome."""
    return desk.view.export(export)
