"""The intake, spoken to: each request signed anew (RFC 9421), over TLS, to one host only."""

import base64
import hashlib
import json
import secrets
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.arrivals.records import Doubt
from catalog.arrivals.regions import key_id
from catalog.errors import (
    AlreadyStoredError,
    ArrivalError,
    CatalogError,
    ConflictError,
    IntakeError,
    NotFoundError,
    RaceError,
    Reason,
)
from flows.errors import IntakeRefusedError, SettingsError

_COMPONENTS = '("@method" "@authority" "@path" "@query" "content-digest")'
_RAISED: dict[str, type[CatalogError]] = {
    one.__name__: one for one in (ConflictError, AlreadyStoredError, ArrivalError, RaceError)
}
_TRUST = (
    "the hub's intake and this region do not trust each other's certificates, or the file of "
    "MAMMO_REGION_INTAKE_CA cannot be read"
)
_STRANGER = (
    "the hub's intake does not take this region's signature: its key is not registered there or "
    "was revoked, the clocks differ, or MAMMO_REGION_INTAKE_URL is not how the hub calls itself"
)
_STRANGE = "the hub's intake takes no such request; the two sides may be of different versions"
_LARGEST_ANSWER = 64 << 20


@dataclass(frozen=True, repr=False)
class Address:
    """Where the intake is, and with what the region signs.

    Attributes:
        url: `https://host[:port]`.
        ca: Who vouches for the hub (PEM); without, whom the machine trusts.
        certificate: For mutual TLS, with `private_key` (PEM).
        timeout: Seconds without a byte.
        patience: Seconds to wait until the hub has checked a study.
    """

    url: str
    key: Ed25519PrivateKey
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    timeout: float = 60.0
    patience: float = 600.0


class Intake:
    """One client of the intake, for all threads of a process."""

    def __init__(self, address: Address) -> None:
        self.patience = address.patience
        self._key = address.key
        self._key_id = key_id(address.key.public_key().public_bytes_raw())
        base = httpx.URL(address.url.rstrip("/"))
        self._authority = base.netloc.decode()
        self._client = httpx.Client(
            base_url=base,
            timeout=address.timeout,
            verify=_tls(address),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Ask, and give what is answered.

        Raises:
            CatalogError: As the catalogue raises it there.
            IntakeError: No answer, or none now.
            IntakeRefusedError: The hub does not take what this region sends.
        """
        digest = hashlib.sha256(body).digest()
        answer = self._send(method, path, digest, body, {"Content-Type": "application/json"})
        return answer.read()

    def has(self, path: str) -> bool:
        """Tell whether an object has come there already."""
        try:
            self._send("HEAD", path, hashlib.sha256(b"").digest(), b"", {})
        except NotFoundError:
            return False
        return True

    def put(self, path: str, pieces: Iterable[bytes], size: int, sha256: str) -> None:
        """Send an object.

        Raises:
            CatalogError: As the catalogue raises it there.
        """
        headers = {"Content-Type": "application/dicom", "Content-Length": str(size)}
        self._send("PUT", path, bytes.fromhex(sha256), pieces, headers)

    def _send(
        self,
        method: str,
        path: str,
        digest: bytes,
        body: bytes | Iterable[bytes],
        headers: dict[str, str],
    ) -> "_Answer":
        told = {**headers, **self._signed(method, path, digest), "Accept-Encoding": "identity"}
        try:
            with self._client.stream(method, path, content=body, headers=told) as answer:
                found = _Answer(answer.status_code, _bounded(answer.iter_raw()))
        except httpx.TransportError as error:
            if _is_distrust(error):
                raise IntakeRefusedError(_TRUST) from None
            raise IntakeError from None
        if not HTTPStatus.OK <= found.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _error(found)
        return found

    def _signed(self, method: str, path: str, digest: bytes) -> dict[str, str]:
        """Give the headers that sign a request (RFC 9421 §3.1, RFC 9530)."""
        announced = f"sha-256=:{base64.b64encode(digest).decode()}:"
        bare, _, query = path.partition("?")
        params = (
            f"{_COMPONENTS};created={int(time.time())}"
            f';nonce="{secrets.token_urlsafe(18)}";keyid="{self._key_id}"'
            ';alg="ed25519";tag="mammo-intake"'
        )
        base = (
            f'"@method": {method}\n"@authority": {self._authority}\n"@path": {bare}\n'
            f'"@query": ?{query}\n"content-digest": {announced}\n"@signature-params": {params}'
        )
        signature = base64.b64encode(self._key.sign(base.encode())).decode()
        return {
            "Content-Digest": announced,
            "Signature-Input": f"mammo={params}",
            "Signature": f"mammo=:{signature}:",
        }


@dataclass(frozen=True, repr=False)
class _Answer:
    """What the hub answered; its owner may be an attacker, so it is read with care."""

    status: int
    body: bytes

    def read(self) -> dict[str, Any]:
        """Read a JSON object; nothing is an empty one.

        Raises:
            IntakeError: It is none.
        """
        try:
            found = json.loads(self.body) if self.body else {}
        except (ValueError, RecursionError):
            raise IntakeError from None
        if not isinstance(found, dict):
            raise IntakeError
        return found


def _bounded(pieces: Iterable[bytes]) -> bytes:
    """Read an answer; one that is larger than any is given up."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise IntakeError
    return bytes(body)


def _error(answer: _Answer) -> Exception:
    """Give the error that an answer stands for: one of a closed list, whatever it says."""
    if answer.status == HTTPStatus.CONFLICT:
        return named(answer.read())
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return IntakeError()
    plain: dict[int, Exception] = {
        HTTPStatus.NOT_FOUND: NotFoundError(),
        HTTPStatus.UNAUTHORIZED: IntakeRefusedError(_STRANGER),
        HTTPStatus.REQUEST_TIMEOUT: IntakeError(),
        HTTPStatus.TOO_MANY_REQUESTS: IntakeError(Reason.QUOTA),
    }
    return plain.get(answer.status, IntakeRefusedError(_STRANGE))


def named(told: dict[str, Any]) -> CatalogError:
    """Give the catalogue's error that is told by name, with its reason; only what is listed."""
    reason = Reason.__members__.get(str(told.get("reason")), Reason.RULE)
    kind = _RAISED.get(str(told.get("error")), ConflictError)
    if kind is ArrivalError:
        return ArrivalError(reason, doubts_of(told.get("doubts")))
    if told.get("error") in {"IntakeError", "StorageError", "DatabaseError"}:
        return IntakeError(reason)
    return kind(reason)


def doubts_of(told: object) -> dict[str, Doubt]:
    """Read what the hub doubts of which image: UIDs, and words of a closed list."""
    found = told if isinstance(told, dict) else {}
    return {str(uid): Doubt.__members__.get(str(name), Doubt.CHECK) for uid, name in found.items()}


def _tls(address: Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if address.ca is None else str(address.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.certificate is not None:
            context.load_cert_chain(address.certificate, address.private_key)
    except (OSError, ssl.SSLError):
        raise SettingsError(_TRUST) from None
    return context


def _is_distrust(error: BaseException) -> bool:
    """Tell refused certificates from a connection that broke."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
