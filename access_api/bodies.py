"""What a request brings with it: taken whole, small and in time, or not at all."""

from anyio import fail_after
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_api.doorstep import note
from access_api.problems import MEDIA_TYPE, SLOW, TOO_LARGE, UNAVAILABLE, WAIT, Problem


class Bodies:
    """ASGI middleware that takes a body whole and small, in time, or not at all.

    Bodies are read before anybody shows who they are, so all together they hold so much memory and
    no more: whoever comes then is asked to try again.
    """

    def __init__(self, app: ASGIApp, *, most: int, seconds: float, together: int = 64) -> None:
        """Take bodies of `most` bytes, and as many bytes at a time as `together` such have."""
        self._app = app
        self._left = most * together
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[int] = []
        try:
            with fail_after(self._seconds):
                body = await self._read(receive, held)
        except TimeoutError:
            body = SLOW
        finally:
            self._left += sum(held)
        if isinstance(body, Problem):
            note(scope, body)
            await _refuse(body, scope, receive, send)
            return
        self._left -= len(body)
        try:
            await self._app(scope, _Replay(body, receive), send)
        finally:
            self._left += len(body)

    async def _read(self, receive: Receive, held: list[int]) -> bytes | Problem:
        """Read a body, or give why it is not taken; `held` is what it takes of what is left."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            part = message.get("body", b"")
            size += len(part)
            if size > self._most:
                return TOO_LARGE
            if len(part) > self._left:
                return UNAVAILABLE
            self._left -= len(part)
            held.append(len(part))
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
    wait = {"Retry-After": WAIT[problem.status]} if problem.status in WAIT else None
    answer = JSONResponse(problem.body(), int(problem.status), wait, media_type=MEDIA_TYPE)
    await answer(scope, receive, send)
