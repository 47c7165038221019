"""The third party's key service, spoken to: OpenBao's transit engine, or Vault's with the same API.

What goes out is edge digests; URLs name a key and nothing else, so that the log of no HTTP
library holds an identifier. No error quotes an answer.
"""

import secrets
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from flows.errors import KeyServiceBusyError, KeyServiceError
from flows.keys.key_answers import (
    BAD,
    DENIED,
    REFUSED,
    STRANGE,
    Rekeyed,
    is_busy,
    rekeyed,
    require_answer,
)

_TOKEN, _NAMESPACE = "X-Vault-Token", "X-Vault-Namespace"  # OpenBao kept Vault's names
_RENEWALS = 3

_NO_ANSWER = "the third party's key service does not answer, or is sealed; run it again later"
_QUOTA = "the third party's quota is used up for now; run it again later, or agree on a larger one"
_TLS = (
    "the third party's key service and this region do not trust each other's certificates; "
    "see MAMMO_REGION_PSEUDONYMS_CA, _CERTIFICATE and _PRIVATE_KEY"
)
_NO_TOKEN = "the file of MAMMO_REGION_PSEUDONYMS_TOKEN_FILE cannot be read, or is empty"  # noqa: S105


@dataclass(frozen=True, repr=False)
class Address:
    """Where the key service is, and how this region shows who it is.

    Attributes:
        url: `https://host:port`.
        key: The transit key's name.
        ca: Who vouches for the server (PEM).
        certificate: The region's client certificate (PEM), with `private_key`.
        role: What `auth/cert` knows the region as; used where there is no `token_file`.
        token_file: A token that an agent of the service keeps fresh, by AppRole or else.
        timeout: Seconds to wait for one answer.
        attempts: How often one request is tried while the service is busy.
        pause: Seconds before the second attempt; doubled for each further one.
    """

    url: str
    key: str
    ca: Path
    mount: str = "transit"
    namespace: str = ""
    certificate: Path | None = None
    private_key: Path | None = None
    role: str = ""
    login_mount: str = "cert"
    token_file: Path | None = None
    timeout: float = 10.0
    attempts: int = 4
    pause: float = 0.25


class KeyService:
    """One client of the key service, for all threads of a process."""

    def __init__(self, address: Address, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._address = address
        self._sleep = sleep
        self._token = ""
        self._sent = 0
        self._lock = threading.Lock()
        headers = {_NAMESPACE: address.namespace} if address.namespace else {}
        self._client = httpx.Client(
            base_url=f"{address.url.rstrip('/')}/v1/",
            headers=headers,
            timeout=address.timeout,
            verify=_tls(address),
            trust_env=False,  # a proxy that is meant for others sees no digests
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def rekey(self, digests: Sequence[bytes], *, version: int | None = None) -> Rekeyed:
        """Re-key edge digests, with the latest version of the key or a named one.

        Raises:
            KeyServiceBusyError: It may work later.
            KeyServiceError: It will not, until somebody does something.
        """
        body: dict[str, Any] = {"batch_input": [{"input": _text(one)} for one in digests]}
        if version is not None:
            body["key_version"] = version
        path = f"{self._address.mount}/hmac/{self._address.key}/sha2-256"
        found = rekeyed(self._ask(path, body))
        if len(found.digests) != len(digests) or version not in {None, found.version}:
            raise KeyServiceError(STRANGE)
        return found

    def _ask(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Ask with a token; one that is used up or expired is replaced.

        More than once, as other threads may use up the new one before we are asked again. A
        token that is denied when it goes out for the first time is not used up: the region is
        refused, and more tokens would only use up its quota.
        """
        used = self._token or self._renewed("")
        answer = self._post(path, body, used)
        for _ in range(_RENEWALS):
            if answer.status_code != DENIED or self._is_new(used):
                break
            denied, used = used, self._renewed(used)
            if used == denied:
                break
            answer = self._post(path, body, used)
        require_answer(answer)
        return answer

    def _renewed(self, used: str) -> str:
        """Give another token than the used one; the first thread to ask gets it for all."""
        with self._lock:
            if self._token == used:
                self._token = self._read_token() or self._log_in()
                if self._token != used:
                    self._sent = 0
            return self._token

    def _is_new(self, token: str) -> bool:
        """Tell whether a token went out once only, in whatever thread."""
        with self._lock:
            return self._token == token and self._sent == 1

    def _count(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._sent += 1

    def _read_token(self) -> str:
        if self._address.token_file is None:
            return ""
        try:
            token = self._address.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if not token:
            raise KeyServiceError(_NO_TOKEN)
        return token

    def _log_in(self) -> str:
        path = f"auth/{self._address.login_mount}/login"
        answer = self._post(path, {"name": self._address.role}, "")
        if answer.status_code == BAD:  # no role that this certificate would fit
            raise KeyServiceError(REFUSED)
        require_answer(answer)
        try:
            return str(answer.json()["auth"]["client_token"])
        except (ValueError, KeyError, TypeError):
            raise KeyServiceError(STRANGE) from None

    def _post(self, path: str, body: dict[str, Any], token: str) -> httpx.Response:
        """Post, again and again while the service is busy."""
        headers = {_TOKEN: token} if token else {}
        for attempt in range(self._address.attempts):
            if attempt:
                jitter = 1 + secrets.randbelow(500) / 1000
                self._sleep(self._address.pause * 2 ** (attempt - 1) * jitter)
            if token:  # a login has none, and holds the lock
                self._count(token)
            try:
                answer = self._client.post(path, json=body, headers=headers)
            except httpx.TransportError as error:
                if _is_distrust(error):
                    raise KeyServiceError(_TLS) from None
                continue
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                # A quota is by the hour: more attempts would only use it up for others.
                raise KeyServiceBusyError(_QUOTA)
            if not is_busy(answer):
                return answer
        raise KeyServiceBusyError(_NO_ANSWER)


def _tls(address: Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(address.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.certificate is not None:
            context.load_cert_chain(address.certificate, address.private_key)
    except (OSError, ssl.SSLError):
        message = (
            "a certificate or key file of MAMMO_REGION_PSEUDONYMS_… is missing or malformed "
            "(_CA, _CERTIFICATE, _PRIVATE_KEY)"
        )
        raise KeyServiceError(message) from None
    return context


def _is_distrust(error: BaseException) -> bool:
    """Tell refused certificates from a connection that broke."""
    passing = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, passing):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _text(digest: bytes) -> str:
    return b64encode(digest).decode()
