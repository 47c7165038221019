"""The hub's intake: `uvicorn --factory access_api.intake.app:create_app --no-server-header`.

An application of its own, on a port of its own: who can reach the door cannot reach this one, and
neither has the other's credentials. TLS is uvicorn's or a proxy's; mutual TLS works beside.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from structlog.typing import FilteringBoundLogger

from access_api.access import ANYONE
from access_api.doorstep import Doorstep, open_log, silence_raw_paths
from access_api.frame import About, frame
from access_api.intake import answers, arrivals, objects, records
from access_api.intake.entry import add_routes, signed_router, write_visit
from access_api.intake.hall import OpenHall, open_hall
from access_api.intake.problems import answer_with_problems
from access_api.intake.settings import IntakeSettings
from access_api.recorder import Recorder

TITLE: Final = "Mammography data space: intake"
VERSION: Final = "1"
DESCRIPTION: Final = """\
Where regions deliver de-identified objects and records. Nothing can be read, listed, overwritten
or deleted here.

* Every request is signed (RFC 9421) with Ed25519 over `@method`, `@authority`, `@path`, `@query`
  and `content-digest` (RFC 9530), label `mammo`, with `created`, `nonce`, `keyid`, `alg="ed25519"`
  and `tag="mammo-intake"`, in this order. A nonce is taken once.
* What is another region's is `404`, as if it were not there.
* Errors are `application/problem+json` (RFC 9457).
"""

router = signed_router(tag="Service")


class Health(BaseModel):
    """Whether regions can deliver; never why not."""

    status: Literal["ok", "unavailable"]


@router.get("/health", summary="Is the intake open?", dependencies=[ANYONE])
def health(hall: OpenHall, response: Response) -> Health:
    """Tell whether the catalogue can be reached."""
    if hall.alive():
        return Health(status="ok")
    response.status_code = 503
    return Health(status="unavailable")


@router.get("/openapi.json", include_in_schema=False, dependencies=[ANYONE])
def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI description."""
    return JSONResponse(request.app.openapi())


def create_app(
    settings: IntakeSettings | None = None, *, log: FilteringBoundLogger | None = None
) -> FastAPI:
    """Build the application; without `settings` they are read from `MAMMO_INTAKE_*`."""
    chosen = settings or IntakeSettings()
    chosen_log = log or open_log()
    silence_raw_paths()

    @contextmanager
    def opened(app: FastAPI) -> Iterator[None]:
        with open_hall(chosen, chosen_log) as hall:
            app.state.hall = hall
            yield

    app = frame(About(TITLE, VERSION, DESCRIPTION), opened)
    add_routes(app, *(part.router for part in (objects, arrivals, records, answers)), router)
    answer_with_problems(app)
    app.add_middleware(Recorder, known_by="visit", write=write_visit)
    app.add_middleware(Doorstep, log=chosen_log)
    return app
