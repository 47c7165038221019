"""Who enters: a region, by its signature. A route that does not ask cannot be built."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import Scope

from access_api.access import AllowAnyone
from access_api.intake.errors import PaceError, SignatureError
from access_api.intake.hall import Hall, OpenHall
from access_api.intake.problems import REFUSALS
from access_api.intake.signatures import read_signature
from access_api.recorder import route_of
from catalog import audit
from catalog.arrivals import regions, visits
from catalog.audit import AccessEvent


@dataclass(frozen=True, repr=False)
class Visit:
    """A region that has shown who it is.

    Attributes:
        sha256: Hex digest that the request's body must have.
    """

    region: str
    key_id: str
    sha256: str

    @property
    def who(self) -> str:
        """Name it in the audit log."""
        return f"region:{self.region}/{self.key_id}"


class Enter:
    """A dependency that lets a region in: signed by a known key, about now, and only once."""

    def __call__(self, request: Request, hall: OpenHall) -> Visit:
        """Return who it is; raises SignatureError, or PaceError for one request too many."""
        scope = request.scope
        target = (scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"))
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        signed = read_signature(request.method, hall.settings.authority, target, headers)
        skew = timedelta(seconds=hall.settings.skew_seconds)
        now = datetime.now(UTC)
        if not signed.is_fresh(now, skew):
            raise SignatureError
        key = regions.find_key(hall.engine, signed.key_id)
        if key is None:
            raise SignatureError
        signed.require_by(base64.b64decode(key.public_key))
        visit = Visit(key.region_id, key.id, signed.sha256)
        request.state.visit = visit
        if not hall.pace.take(key.region_id):
            raise PaceError
        # One that was signed ahead of time stays fresh for twice the skew.
        forget = 2 * skew + timedelta(minutes=1)
        if not visits.remember(hall.engine, key.id, signed.nonce, at=now, forget=forget):
            raise SignatureError
        return visit


ENTER: Final = Enter()
Region = Annotated[Visit, Depends(ENTER)]


def _rules(dependant: Dependant) -> set[Any]:
    found = {dependant.call} if isinstance(dependant.call, Enter | AllowAnyone) else set()
    return found.union(*(_rules(dependency) for dependency in dependant.dependencies))


class SignedRoute(APIRoute):
    """A route that asks who enters; anything else fails when the application is built."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's own signature
        super().__init__(path, endpoint, **options)
        if len(_rules(self.dependant)) != 1:
            message = f"a route of the intake must ask who enters: {path}"
            raise TypeError(message)


def signed_router(*, tag: str) -> APIRouter:
    """Make a router whose every route is a SignedRoute."""
    return APIRouter(
        route_class=SignedRoute,
        tags=[tag],
        redirect_slashes=False,
        responses=REFUSALS,
        generate_unique_id_function=lambda route: route.name,
    )


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """Add the routes of some routers, flat.

    Raises TypeError for a route, mount or websocket that does not ask who enters.
    """
    for router in routers:
        app.router.routes.extend(router.routes)
    if not all(isinstance(route, SignedRoute) for route in app.routes):
        message = "every route of the intake must be a SignedRoute"
        raise TypeError(message)


def write_visit(scope: Scope, status: int) -> None:
    """Write a visit to the audit log.

    Raises:
        DatabaseError: It is not written, so it must not be answered.
    """
    visit: Visit = scope["state"]["visit"]
    hall: Hall = scope["app"].state.hall
    action = f"intake.{scope['method'].lower()}"[:64]
    audit.append(hall.engine, AccessEvent(visit.who, "", action, route_of(scope), str(status)))
