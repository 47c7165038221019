"""Every call of somebody known is in the ledger before it is answered (EHDS Art. 73(1)(e)).

Routes that know more of a call than its path say so themselves, by `append`; all others, whatever
they are and however they end, get a line with their template.
"""

import re
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine
from starlette.types import ASGIApp, Receive, Scope, Send

from access_api.heads import HEAD
from access_api.recorder import Recorder, route_of
from catalog import audit
from catalog.audit import ALLOWED, AccessEvent

if TYPE_CHECKING:
    from access_api.door import Door
    from access_api.tokens import Caller

PERMIT_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_PERMIT: Final = re.compile(PERMIT_PATTERN[:-1] + r"\Z")
_LINES: Final[ContextVar[list[AccessEvent] | None]] = ContextVar("lines", default=None)
"""What was written of the call being served; one list for its task and the threads it uses."""


def append(engine: Engine, event: AccessEvent) -> None:
    """Write a line that says what a call is about; raises DatabaseError if it is not written."""
    audit.append(engine, event)
    lines = _LINES.get()
    if lines is not None:
        lines.append(event)


class Calls:
    """ASGI middleware that writes a line for every call of which its route wrote none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = Recorder(app, known_by="caller", write=_write, written=_LINES.get)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        token = _LINES.set([])
        try:
            await self._app(scope, receive, send)
        finally:
            _LINES.reset(token)


def _write(scope: Scope, status: int) -> None:
    caller: Caller = scope["state"]["caller"]
    door: Door = scope["app"].state.door
    permit = str(scope.get("path_params", {}).get("permit", ""))
    outcome = ALLOWED if status < HTTPStatus.BAD_REQUEST else str(status)
    event = AccessEvent(
        caller.subject,
        permit if _PERMIT.match(permit) else "",
        "head" if scope["state"].get(HEAD) else scope["method"].lower(),
        route_of(scope),
        outcome,
    )
    audit.append(door.engine, event)
