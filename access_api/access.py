"""Who may call what: default deny. A route that declares no roles cannot be built."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from access_api.errors import AuthenticationError, ForbiddenError
from access_api.tokens import Caller, Role, Verifies

BEARER: Final = HTTPBearer(
    auto_error=False,
    description="The hub takes access tokens of the data space's identity provider (RFC 9068), and "
    "what a secure processing environment gets at `POST /token` for a signed assertion (RFC 7523); "
    "a region's console takes what `mammo console token add` shows.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


class Allow:
    """A dependency that lets the named roles in, and nobody else.

    Args:
        roles: Of people; none where only services come in.
        services: Let service accounts of secure processing environments in, too.
    """

    def __init__(self, *roles: Role, services: bool = False) -> None:
        if not roles and not services:
            msg = "name at least one role"
            raise TypeError(msg)
        self.roles = frozenset(roles)
        self.services = services

    def __call__(self, request: Request, credentials: Credentials) -> Caller:
        """Return the verified caller; raises AuthenticationError or ForbiddenError."""
        if credentials is None:
            raise AuthenticationError
        verifier: Verifies = request.app.state.verifier
        address = request.client.host if request.client else ""
        caller = verifier.verify(credentials.credentials, address)
        request.state.caller = caller
        if not self._lets_in(caller):
            raise ForbiddenError
        return caller

    def _lets_in(self, caller: Caller) -> bool:
        return self.services if caller.service else bool(caller.roles & self.roles)


class AllowAnyone:
    """A dependency that says out loud that a route needs no token."""

    roles: frozenset[Role] = frozenset()
    services = True

    def __call__(self) -> None:
        """Let the caller in."""


def _rules(dependant: Dependant) -> set[Allow | AllowAnyone]:
    """Find the access rules among all that a route depends on."""
    found = {dependant.call} if isinstance(dependant.call, Allow | AllowAnyone) else set()
    return found.union(*(_rules(dependency) for dependency in dependant.dependencies))


class GuardedRoute(APIRoute):
    """A route with exactly one access rule; anything else fails when the application is built."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's own signature
        super().__init__(path, endpoint, **options)
        rules = _rules(self.dependant)
        if len(rules) != 1:
            msg = f"a route must declare one access rule: {path}"
            raise TypeError(msg)
        rule = rules.pop()
        self.roles, self.services = rule.roles, rule.services
        self.anyone = isinstance(rule, AllowAnyone)


def guarded_router(*, tag: str) -> APIRouter:
    """Make a router whose every route is a GuardedRoute."""
    return APIRouter(
        route_class=GuardedRoute,
        tags=[tag],
        redirect_slashes=False,
        generate_unique_id_function=_operation,
    )


def _operation(route: APIRoute) -> str:
    """Name an operation of the description after its function."""
    return route.name


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """Add the routes of some routers, flat, so that `app.routes` shows each with its roles.

    Raises TypeError for a route, mount or websocket that is not guarded.
    """
    for router in routers:
        app.router.routes.extend(router.routes)
    if not all(isinstance(route, GuardedRoute) for route in app.routes):
        msg = "every route of the door must be a GuardedRoute"
        raise TypeError(msg)


Researcher = Annotated[Caller, Depends(Allow(Role.RESEARCHER, services=True))]
Searcher = Annotated[Caller, Depends(Allow(Role.RESEARCHER, Role.OPERATOR))]
ANYONE: Final = Depends(AllowAnyone())
