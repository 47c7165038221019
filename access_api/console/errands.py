"""What was asked of the worker, and its answers; an examination is traced so, too."""

import time
from typing import Annotated, Final

import anyio
from fastapi import Query
from starlette.concurrency import run_in_threadpool

from access_api.access import guarded_router
from access_api.console.asking import ASKS, Asks
from access_api.console.desk import OpenDesk
from access_api.console.people import Administrator
from access_api.console.problems import REFUSALS
from access_api.console.wire import (
    ANSWERS,
    ErrandAnswer,
    ErrandId,
    LatestParameters,
    TraceAsked,
    WaitParameters,
    shown,
)
from access_api.errors import UnknownError
from catalog.errands.records import ENDED, ErrandKind

router = guarded_router(tag="Errands")

_PAUSE: Final = 0.25


@router.post("/traces", summary="What became of an examination?", **ASKS)
def trace(told: TraceAsked, asks: Asks) -> ErrandAnswer:
    """Look an accession number up in the region's ledger: outcomes, reasons and clean UIDs."""
    return asks.ask(ErrandKind.TRACE, "", told.model_dump())


@router.get("/errands", summary="What was asked lately", responses=REFUSALS)
def list_errands(
    _: Administrator, desk: OpenDesk, asked: Annotated[LatestParameters, Query()]
) -> list[ErrandAnswer]:
    """Give what everybody asked, the newest first, without answers."""
    return [shown(one, whole=False) for one in desk.errands.latest(asked.limit)]


@router.get("/errands/{errand}", summary="Its answer", responses={**REFUSALS, 200: ANSWERS})
async def show_errand(
    errand: ErrandId,
    caller: Administrator,
    desk: OpenDesk,
    asked: Annotated[WaitParameters, Query()],
) -> ErrandAnswer:
    """Give an errand of the caller's own, with its answer; somebody else's is not there."""
    until = time.monotonic() + asked.wait
    while True:
        found = await run_in_threadpool(desk.errands.get, errand)
        if found.who != caller.subject:
            raise UnknownError
        if found.state in ENDED or time.monotonic() >= until:
            return shown(found, whole=True)
        await anyio.sleep(_PAUSE)
