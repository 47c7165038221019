"""An OpenID Connect provider's keys: found by discovery, kept for a while, fetched again.

Nobody but the configured issuer is ever asked: the keys must lie at its own scheme, host and port,
and a redirect is a failure. What a token says of where its keys are (`jku`, `x5u`) is not read.
"""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

import httpx
from joserfc.jwk import Key

from access_api.errors import AuthenticationError, KeysError
from access_api.identity.keys import pick, read_keys

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_ANSWER: Final = 1 << 18
STEP_S: Final = 4.0
WHOLE_S: Final = 10.0


@dataclass(frozen=True)
class Patience:
    """How long fetched keys are believed, in seconds.

    Attributes:
        fresh: They are fetched again when they are older: a key that the provider has removed
            opens nothing after that.
        away: If the provider does not answer, those known go on until they are so old.
        pause: Between two attempts, however many unknown keys strangers name.
    """

    fresh: float = 600
    away: float = 3600
    pause: float = 10


class Provider:
    """The keys of one OpenID Connect provider (OpenID Connect Discovery 1.0 §4).

    Args:
        issuer: Its URL, as discovery must repeat it, letter by letter.
        authority: Who vouches for its certificate (PEM); None: whom the system trusts.
        patience: How long keys are believed.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        issuer: str,
        *,
        authority: Path | None = None,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._authority = authority
        self._patience = patience or Patience()
        self._clock = clock
        self._lock = Lock()
        self._keys: tuple[Key, ...] = ()
        self._fetched = self._tried = float("-inf")

    def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the key a token names; an unknown one is looked for at the provider.

        Raises:
            AuthenticationError: The provider has no such key.
            KeysError: It does not answer, and has not for too long.
        """
        if self._clock() - self._fetched > self._patience.fresh:
            self._fetch()
        if self._clock() - self._fetched > self._patience.away:
            raise KeysError
        try:
            return pick(self._keys, kid, algorithm)
        except AuthenticationError:
            self._fetch()
        return pick(self._keys, kid, algorithm)

    def _fetch(self) -> None:
        """Fetch the keys, unless that was tried just now; whoever has keys waits for nobody."""
        if not self._lock.acquire(blocking=not self._keys):
            return
        try:
            now = self._clock()
            if now - self._tried < self._patience.pause:
                return
            self._tried = now
            self._keys = self._ask()
            self._fetched = now
        except KeysError:
            return
        finally:
            self._lock.release()

    def _ask(self) -> tuple[Key, ...]:
        """Discover where the keys are, and read them; raises KeysError."""
        try:
            with httpx.Client(
                verify=_trust(self._authority),
                follow_redirects=False,
                trust_env=False,
                timeout=STEP_S,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            ) as client:
                said = json.loads(_get(client, self._issuer.rstrip("/") + WELL_KNOWN))
                if said["issuer"] != self._issuer:
                    raise KeysError
                return read_keys(_get(client, self._at_home(said["jwks_uri"])))
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise KeysError from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise KeysError from None

    def _at_home(self, url: object) -> str:
        """Give a URL back if it is the issuer's own; raises KeysError."""
        if not isinstance(url, str):
            raise KeysError
        home, there = urlsplit(self._issuer), urlsplit(url)
        if (there.scheme, there.netloc) != (home.scheme, home.netloc):
            raise KeysError
        return url


def _trust(authority: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def _get(client: httpx.Client, url: str) -> bytes:
    """Fetch a small document, whole and in time; raises KeysError."""
    until, parts, size = time.monotonic() + WHOLE_S, [], 0
    with client.stream("GET", url) as answer:
        if answer.status_code != HTTPStatus.OK or "content-encoding" in answer.headers:
            raise KeysError
        for part in answer.iter_raw():
            size += len(part)
            if size > MAX_ANSWER or time.monotonic() > until:
                raise KeysError
            parts.append(part)
    return b"".join(parts)
