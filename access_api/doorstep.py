"""What every request passes first and every answer last: limits, headers, the access log.

The log carries the route's template, never the path: paths hold release UIDs.
"""

import json
import logging
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from access_api.errors import BrokenStreamError
from access_api.problems import (
    LARGE_HEADERS,
    MEDIA_TYPE,
    TOO_LONG,
    WAIT,
    Problem,
    problem_of,
)

MAX_URL: Final = 2048
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 24 * 1024
POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
    b"content-security-policy": POLICY.encode(),
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
#: Said where callers speak TLS (RFC 6797): for a year, this host alone.
TLS_HEADERS: Final = {b"strict-transport-security": b"max-age=31536000"}


def open_log(stream: TextIO | None = None) -> FilteringBoundLogger:
    """Make the door's own JSON log; nothing global is configured."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stdout),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return logger


def silence_raw_paths() -> None:
    """Take uvicorn's access log away: it writes raw paths."""
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


class _Exchange:
    """What is known about one request and its answer."""

    def __init__(self, send: Send, always: Mapping[bytes, bytes]) -> None:
        self._always = always
        self.number = secrets.token_hex(8)
        self.status = 0
        self.sent = 0
        self.complete = False
        self._length = -1
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message on, with the headers every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", [])
            names = {name.lower(): value for name, value in given}
            self._length = int(names.get(b"content-length", -1))
            added = [pair for pair in self._always.items() if pair[0] not in names]
            message["headers"] = [*given, *added, (b"x-request-id", self.number.encode())]
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            # A caller who has all the bytes may leave before the empty end of the body.
            self.complete = not message.get("more_body", False) or self.sent == self._length
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem, when nothing was answered yet."""
        body = json.dumps(problem.body()).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        if problem.status in WAIT:
            headers.append((b"retry-after", WAIT[problem.status].encode()))
        start = {"type": "http.response.start", "status": int(problem.status), "headers": headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


class Doorstep:
    """ASGI middleware around everything else; `tls`: those who call speak TLS."""

    def __init__(self, app: ASGIApp, *, log: FilteringBoundLogger, tls: bool = False) -> None:
        self._app = app
        self._log = log
        self._always = {**HEADERS, **(TLS_HEADERS if tls else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; no exception leaves with anything in it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, exchange = time.perf_counter(), _Exchange(send, self._always)
        scope.setdefault("state", {})["request"] = exchange.number
        try:
            await self._serve(scope, receive, exchange)
        finally:
            noted = scope.get("state", {})
            self._log.info(
                "request",
                request=exchange.number,
                method=scope["method"] if scope["method"] in _METHODS else "OTHER",
                route=getattr(scope.get("route"), "path", "unmatched"),
                status=exchange.status,
                sent=exchange.sent,
                complete=exchange.complete,
                error=noted.get("error", ""),
                reason=noted.get("reason", ""),
                ms=round((time.perf_counter() - started) * 1000, 1),
            )

    async def _serve(self, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        problem = _refusal(scope)
        if problem is not None:
            note(scope, problem)
            await exchange.refuse(problem)
            return
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
            # Starlette wraps what was raised after the answer had begun.
            cause = error.__cause__ or error
            self._log.error(
                "unexpected", request=exchange.number, error=type(cause).__name__, at=_place(cause)
            )
            if exchange.status:
                raise BrokenStreamError from None
            await exchange.refuse(problem_of(cause))


def note(scope: Scope, problem: Problem) -> None:
    """Say in the request's line of the log why the application was not asked at all."""
    scope.setdefault("state", {})["error"] = problem.name


def _refusal(scope: Scope) -> Problem | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_URL:
        return TOO_LONG
    return LARGE_HEADERS if _is_too_much(scope["headers"]) else None


def _is_too_much(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    size = sum(len(name) + len(value) for name, value in headers)
    return len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _place(error: BaseException) -> str:
    """Name the innermost file and line, which hold no values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
