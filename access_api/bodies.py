"""What a request brings with it: taken whole, small and in time, or not at all."""

from anyio import fail_after
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_api.problems import MEDIA_TYPE, SLOW, TOO_LARGE, Problem


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


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(problem.body(), int(problem.status), media_type=MEDIA_TYPE)
    await answer(scope, receive, send)
