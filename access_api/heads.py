"""HEAD for every GET: the same answer without its body (RFC 9110 §9.3.2)."""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD: Final = "head"
"""What in a request's state says that only the head is wanted."""


class Heads:
    """ASGI middleware that lets a route answer HEAD as GET and leaves the body out.

    A route that would read bytes looks at `asks_for_head` first, and reads none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        scope.setdefault("state", {})[HEAD] = head
        inside: Scope = {**scope, "method": "GET"} if head else scope

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow_head(message)
            elif head:
                message["body"] = b""
            await send(message)

        try:
            await self._app(inside, receive, send_head)
        finally:
            # Whoever keeps the log wants to know which route it was.
            scope["route"] = inside.get("route")


def asks_for_head(request: Request) -> bool:
    """Tell whether only the head of an answer is wanted."""
    return bool(getattr(request.state, HEAD, False))


def _allow_head(message: Message) -> None:
    """Name HEAD beside GET where an answer says what is allowed."""
    message["headers"] = [
        (name, b"GET, HEAD" if (name.lower(), value) == (b"allow", b"GET") else value)
        for name, value in message.get("headers", [])
    ]
