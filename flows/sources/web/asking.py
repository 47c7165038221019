"""Requests to a DICOMweb service: one GET after another, as gently as its administrator wants."""

import json
import logging
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

import httpx

from flows.errors import (
    SourceAwayError,
    SourceRefusedError,
    StoppedError,
    TruncatedError,
)
from flows.sources.network.peer import Watch
from flows.sources.source import Stop
from flows.sources.web.multipart import media_type
from flows.sources.web.service import Service
from flows.sources.web.telling import (
    ELSEWHERE,
    ROUND_AND_ROUND,
    retry_after,
    status_error,
    transport_error,
)
from flows.sources.web.unpacking import BrokenOffError, body

JSON = "application/dicom+json"
#: Media types that DICOM JSON comes under; PS3.18 §8.7.3.2, and what some services say instead.
JSON_TYPES = frozenset({JSON, "application/json"})
LARGEST_ANSWER = 64 << 20
MOST_HOPS = 3
MOST_WAITS = 2
#: Seconds; who asks us to come back later than that is asked in another try.
LONGEST_WAIT = 60.0
BUSY = frozenset({429, 503})
UNAUTHORISED, NO_CONTENT = 401, 204
_TICK = 0.25

STOPPED = "stopped before the service had answered in full"
NO_JSON = (
    "the service answers with something other than DICOM JSON: is the address that of its DICOMweb "
    "interface, and does a login page stand before it?"
)
TOO_MUCH = "the service gives more in one answer than can be taken"

Keys = Mapping[str, str | Sequence[str]]


class Resting(Protocol):
    """Waits."""

    def __call__(self, seconds: float, /) -> object:
        """Wait so many seconds."""
        ...


class Asker:
    """One client of a service, for all threads of a process.

    Args:
        service: Which one.
        watch: Sees how fast it answers.
        sleep: Waits.

    Raises:
        SettingsError: A certificate or key cannot be used.
    """

    def __init__(
        self, service: Service, watch: Watch | None = None, *, sleep: Resting = time.sleep
    ) -> None:
        quiet()
        self.service, self._watch, self._sleep = service, watch, sleep
        self._base = httpx.URL(service.url.rstrip("/"))
        self._client = httpx.Client(
            headers={"User-Agent": "mammo-dataspace", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(service.answer, connect=service.connect, pool=None),
            limits=httpx.Limits(max_connections=service.connections),
            verify=service.context(),
            trust_env=False,  # a proxy that is meant for others sees no identities
            follow_redirects=False,
        )
        # A source is let go of, never closed: its connections go with it.
        weakref.finalize(self, self._client.close)

    def rows(self, path: str, keys: Keys, stop: Stop) -> tuple[list[Mapping[str, Any]], str]:
        """Ask a search, and give its rows, and what the service warns of (PS3.18 §8.3.4).

        Raises:
            SourceRefusedError: The service does not answer such questions to us.
            SourceAwayError: It does not answer now, or broke off.
            TruncatedError: It finds the answer too large.
            StoppedError: We were told to stop.
        """
        began = time.monotonic()
        try:
            with self.answer(path, keys, JSON, stop) as response:
                if response.status_code not in {httpx.codes.OK, NO_CONTENT}:
                    raise status_error(response.status_code)
                found = self._json(response, stop) if response.status_code != NO_CONTENT else []
                warning = response.headers.get("warning", "").strip()
        except BrokenOffError as error:
            self._failed()
            raise SourceAwayError(error.told) from None
        except SourceAwayError:
            self._failed()
            raise
        if self._watch is not None:
            self._watch.note(time.monotonic() - began)
        return found, warning if warning.startswith("299") else ""

    @contextmanager
    def answer(self, path: str, keys: Keys, accept: str, stop: Stop) -> Iterator[httpx.Response]:
        """Ask, and give the answer with its body still to come; whatever its status is.

        Raises:
            SourceRefusedError: The service does not let us in, or sends us elsewhere.
            SourceAwayError: It cannot be reached, or is busy.
            StoppedError: We were told to stop.
        """
        with self._place(stop):
            response = self._sent(path, keys, accept, stop)
            try:
                yield response
            finally:
                response.close()

    def _sent(self, path: str, keys: Keys, accept: str, stop: Stop) -> httpx.Response:
        """Ask, and ask again where the service is busy, moved, or our token was renewed."""
        url = self._base.copy_with(path=f"{self._base.path.rstrip('/')}{path}", params=keys or None)
        hops, waits, token = 0, 0, self.service.token()
        while True:
            _require(stop)
            response = self._get(url, accept, token)
            status = response.status_code
            if response.has_redirect_location:
                response.close()
                hops += 1
                url = self._next(response, hops)
            elif status in BUSY and waits < MOST_WAITS:
                response.close()
                waits += 1
                self._wait(response, stop)
            elif status == UNAUTHORISED and (newer := self.service.token()) != token:
                response.close()
                token = newer
            else:
                return response

    def _get(self, url: httpx.URL, accept: str, token: str) -> httpx.Response:
        headers = {"Accept": accept}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        tls = self.service.tls
        more = {"sni_hostname": tls.name} if tls is not None and tls.name else {}
        try:
            request = self._client.build_request("GET", url, headers=headers, extensions=more)
            return self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise transport_error(error) from None

    def _next(self, response: httpx.Response, hops: int) -> httpx.URL:
        """Give where the service sends us, if that is still itself."""
        if hops > MOST_HOPS:
            raise SourceRefusedError(ROUND_AND_ROUND)
        try:
            url = response.url.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            raise SourceRefusedError(ELSEWHERE) from None
        here = (self._base.scheme, self._base.host, self._base.port)
        if (url.scheme, url.host, url.port) != here or url.userinfo:
            raise SourceRefusedError(ELSEWHERE)
        return url

    def _wait(self, response: httpx.Response, stop: Stop) -> None:
        """Wait as long as the service asks for, RFC 9110 §10.2.3."""
        seconds = retry_after(response.headers.get("retry-after", ""))
        if seconds > LONGEST_WAIT:
            raise status_error(response.status_code)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            _require(stop)
            self._sleep(min(_TICK, left))

    def _json(self, response: httpx.Response, stop: Stop) -> list[Mapping[str, Any]]:
        kind, _ = media_type(response.headers.get("content-type", ""))
        if kind not in JSON_TYPES:
            raise SourceRefusedError(NO_JSON)
        held = bytearray()
        for block in body(response, self.service.answer):
            _require(stop)
            held += block
            if len(held) > LARGEST_ANSWER:
                raise TruncatedError(TOO_MUCH)
        try:
            found = json.loads(held)
        except (ValueError, RecursionError):
            raise SourceRefusedError(NO_JSON) from None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise SourceRefusedError(NO_JSON)
        return found

    def _failed(self) -> None:
        if self._watch is not None:
            self._watch.failed()

    @contextmanager
    def _place(self, stop: Stop) -> Iterator[None]:
        places = _places(str(self._base), max(1, self.service.connections))
        while not places.acquire(timeout=_TICK):
            _require(stop)
        try:
            yield
        finally:
            places.release()


def quiet() -> None:
    """Keep HTTP libraries from writing what we ask for: URLs hold UIDs and accession numbers."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


@cache
def _places(_of: str, count: int) -> threading.BoundedSemaphore:
    """Give the places of one service: one semaphore for the whole process."""
    return threading.BoundedSemaphore(count)


def _require(stop: Stop) -> None:
    if stop.reason():
        raise StoppedError(STOPPED)
