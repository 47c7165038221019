"""What every call passes between the doorstep and its route: bodies are bounded, calls recorded."""

from anyio import fail_after
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_api.console.problems import SLOW, TOO_LARGE
from access_api.problems import MEDIA_TYPE, Problem
from access_api.recorder import route_of
from catalog.errands import visits
from catalog.errands.visits import ConsoleVisit


class Bodies:
    """ASGI middleware that takes a body whole and small, in time, or not at all."""

    def __init__(self, app: ASGIApp, *, most: int, seconds: float) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            with fail_after(self._seconds):
                body = await self._read(receive)
        except TimeoutError:
            await _refuse(SLOW, scope, receive, send)
            return
        if body is None:
            await _refuse(TOO_LARGE, scope, receive, send)
            return
        await self._app(scope, _Replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """Read a body; None if it is too large."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            part = message.get("body", b"")
            size += len(part)
            if size > self._most:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


class _Replay:
    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def write_visit(scope: Scope, status: int) -> None:
    """Write a call down.

    Raises:
        DatabaseError: It is not written, so it must not be answered.
    """
    noted = scope["state"]
    caller = noted["caller"]
    visit = ConsoleVisit(
        who=caller.subject,
        token=caller.token,
        action=f"{scope['method']} {route_of(scope)}"[:100],
        request=str(noted.get("request", "")),
        errand=str(noted.get("errand", "")),
        outcome=str(status),
    )
    visits.append(scope["app"].state.desk.ledger, visit)


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(problem.body(), int(problem.status), media_type=MEDIA_TYPE)
    await answer(scope, receive, send)
