"""Every call of somebody known is written down before it is answered."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Write = Callable[[Scope, int], None]
"""Writes a call down, given its scope and the status of its answer; raises if it cannot."""


class Recorder:
    """ASGI middleware that has every call written down before its answer begins.

    Who did not show who it is has no line there, or a stranger could fill it; the application's
    own log has one. An answer that cannot be recorded is not given.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        known_by: str,
        write: Write,
        written: Callable[[], object] = lambda: False,
    ) -> None:
        """Record calls in whose state there is something called `known_by`.

        What is `written` already needs no thread to find that out.
        """
        self._app, self._known_by, self._write, self._written = app, known_by, write, written

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def record(status: int) -> None:
            nonlocal begun
            begun = True
            if self._known_by in scope.get("state", {}) and not self._written():
                await run_in_threadpool(self._write, scope, status)

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start":
                await record(int(message["status"]))
            await send(message)

        try:
            await self._app(scope, receive, recording)
        except Exception:
            if not begun:  # whoever is outside answers with a problem
                await record(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise


def route_of(scope: Scope) -> str:
    """Give the route of a call, never the path that was asked for."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
