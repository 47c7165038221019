"""The region's console: `uvicorn --factory access_api.console.app:create_app --no-server-header`.

An application of its own, on the region's side only. It reads what the ledger keeps in clear, and
writes errands that only the region's worker can read. TLS is uvicorn's or a proxy's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from http import HTTPStatus
from typing import Final, Literal

from fastapi import FastAPI, Response
from pydantic import BaseModel
from structlog.typing import FilteringBoundLogger

from access_api import docs
from access_api.access import ANYONE, add_routes, guarded_router
from access_api.bodies import Bodies
from access_api.console import errands, plans, sources
from access_api.console.desk import OpenDesk, open_desk
from access_api.console.errors import ConsoleError
from access_api.console.people import Administrator
from access_api.console.problems import REFUSALS, TABLE
from access_api.console.settings import ConsoleSettings
from access_api.console.threshold import write_visit
from access_api.doorstep import Doorstep, open_log, silence_raw_paths
from access_api.frame import About, frame
from access_api.problems import answer_with_problems
from access_api.recorder import Recorder
from catalog.plans.records import WindowState

TITLE: Final = "Mammography data space: region console"
VERSION: Final = "1"
DESCRIPTION: Final = """\
For the administrators of a region's PACS: sources, previews, plans, and what became of a study.

* Whatever is asked becomes an *errand* (`202`), which the region's worker answers within seconds:
  follow `Location`, with `?wait=20`. One that no worker takes within ten minutes expires.
* What may identify somebody is sealed to the worker at once: this process cannot read it again.
  Answers name nobody. Never write a person's number or name into a source's or a plan's name.
* Every call is recorded, by person, route and outcome.
* Errors are `application/problem+json` (RFC 9457), and repeat nothing of the request.
"""
TAGS: Final = (
    {"name": "Sources", "description": "A PACS, a DICOMweb service, an export folder."},
    {"name": "Plans", "description": "What comes in, when, and how far it is."},
    {"name": "Errands", "description": "What was asked, and the answers."},
    {"name": "Service", "description": "Whether the console is open, and how the region does."},
)
ABOUT: Final = About(TITLE, VERSION, DESCRIPTION, TAGS)

router = guarded_router(tag="Service")


class Health(BaseModel):
    """Whether the console can serve; never why not."""

    status: Literal["ok", "unavailable"]


class LagAnswer(BaseModel):
    """How far one holder's exports from one source are.

    Attributes:
        waiting: Studies that are announced and not settled.
        oldest: When the export of the study that waits longest was registered.
        settled: When the last study was settled.
        windows: Stretches of days, by state.
        done_until: The last day of the last stretch that came in whole.
    """

    holder: str
    source: str
    waiting: int
    oldest: datetime | None
    settled: datetime | None
    windows: dict[WindowState, int]
    done_until: date | None


@router.get("/health", summary="Is the console open?", dependencies=[ANYONE])
def health(desk: OpenDesk, response: Response) -> Health:
    """Tell whether the region's ledger can be reached."""
    if desk.alive():
        return Health(status="ok")
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(status="unavailable")


@router.get("/work", summary="How far each source is", responses=REFUSALS)
def work(_: Administrator, desk: OpenDesk) -> list[LagAnswer]:
    """Give by holder and source what waits, and what came in."""
    return [
        LagAnswer(holder=holder, source=source, **vars(lag))
        for (holder, source), lag in sorted(desk.work.lags().items())
    ]


def create_app(
    settings: ConsoleSettings | None = None, *, log: FilteringBoundLogger | None = None
) -> FastAPI:
    """Build the application; without `settings` they are read from `MAMMO_CONSOLE_*`."""
    chosen = settings or ConsoleSettings()
    chosen_log = log or open_log()
    silence_raw_paths()

    @contextmanager
    def opened(app: FastAPI) -> Iterator[None]:
        with open_desk(chosen, chosen_log) as desk:
            app.state.desk, app.state.verifier = desk, desk.verifier
            yield

    app = frame(ABOUT, opened)
    add_routes(app, *(part.router for part in (sources, plans, errands, docs)), router)
    answer_with_problems(app, TABLE, ConsoleError)
    app.add_middleware(Recorder, known_by="caller", write=write_visit)
    app.add_middleware(Bodies, most=chosen.body_bytes, seconds=chosen.body_seconds)
    app.add_middleware(Doorstep, log=chosen_log)
    return app
