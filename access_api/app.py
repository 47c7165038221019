"""The hub's access API: `uvicorn --factory access_api.app:create_app --no-server-header`.

With `--http access_api.connection:Connection`, or strangers can hold memory and connections.

The one place where the door's real parts are put together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import FastAPI
from structlog.typing import FilteringBoundLogger

from access_api import (
    applications,
    audit,
    deletions,
    docs,
    exchange,
    health,
    instances,
    manifests,
    papers,
    permits,
    previews,
    releases,
    studies,
)
from access_api.access import add_routes
from access_api.archives import routes as archives
from access_api.bodies import Bodies
from access_api.calls import Calls
from access_api.client import route as client
from access_api.door import open_door
from access_api.doorstep import Doorstep, open_log, silence_raw_paths
from access_api.frame import About, frame
from access_api.heads import Heads
from access_api.problems import answer_with_problems
from access_api.settings import DoorSettings

TITLE: Final = "Mammography data space: access API"
VERSION: Final = "0.1.0"
DESCRIPTION: Final = """\
Search the catalogue, and read the releases of your permits.

* `/studies` describes what exists, without any identifier. Bytes are never served from there.
* `/applications` is where you ask for data (EHDS Art. 67), and `/permits` what you were granted
  (Art. 68(10)). Each change names the version that was read, in `If-Match`.
* `/releases/{permit}` is one permit's frozen, re-keyed cohort (EHDS Art. 68 and 73). Its UIDs and
  pseudonyms belong to that permit alone.
* `/token` is for secure processing environments: a signed assertion becomes a token (RFC 7523).
* Every call is recorded before it is answered; `/audit` is the auditors' (EHDS Art. 73(1)(e)).
* Errors are `application/problem+json` (RFC 9457). A permit that is not yours and one that does
  not exist are the same `404`.
"""
TAGS: Final = (
    {"name": "Catalogue", "description": "What exists."},
    {"name": "Applications", "description": "What you ask for, and what was decided."},
    {"name": "Permits", "description": "What you were granted."},
    {"name": "Releases", "description": "What your permit lets you read."},
    {"name": "Deletions", "description": "What an environment must delete, and did."},
    {"name": "Audit", "description": "Who had what, for auditors."},
    {"name": "Service", "description": "Whether the door is open."},
)
PARTS: Final = (
    *(health, studies, applications, permits),
    *(releases, papers, manifests, instances, archives, previews),
    *(exchange, deletions, client, audit, docs),
)
ABOUT: Final = About(TITLE, VERSION, DESCRIPTION, TAGS)


def create_app(
    settings: DoorSettings | None = None, *, log: FilteringBoundLogger | None = None
) -> FastAPI:
    """Build the application; without `settings` they are read from `MAMMO_API_*`."""
    chosen = settings or DoorSettings()
    chosen_log = log or open_log()
    silence_raw_paths()

    @contextmanager
    def opened(app: FastAPI) -> Iterator[None]:
        with open_door(chosen, chosen_log) as door:
            app.state.door, app.state.verifier = door, door.verifier
            yield

    app = frame(ABOUT, opened)
    add_routes(app, *(part.router for part in PARTS))
    answer_with_problems(app)
    app.add_middleware(Calls)
    app.add_middleware(Heads)
    app.add_middleware(Bodies, most=chosen.body_bytes, seconds=chosen.body_seconds)
    app.add_middleware(Doorstep, log=chosen_log, tls=chosen.tls)
    return app
