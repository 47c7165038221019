"""Where a bearer token becomes a caller, and an environment's assertion a token."""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from sqlalchemy import Connection, Engine

from access_api.errors import AuthenticationError, Doubt, KeysError, PaceError
from access_api.identity.accounts import Accounts, Issued
from access_api.identity.caller import Caller
from access_api.identity.claims import caller_of, require_access_token
from access_api.identity.keys import ALGORITHMS, KeyFile, KeySource
from access_api.identity.provider import Provider
from access_api.pace import Pace
from access_api.settings import DEVELOPMENT_ISSUER, DoorSettings, Environment
from catalog.accounts.assertion import PREFIX
from catalog.accounts.tokens import FORM, Bearer

MAX_TOKEN: Final = 8192
_PARTS: Final = 3
Proof = TypeVar("Proof")


def key_source(settings: DoorSettings) -> KeySource:
    """Say where the issuer's keys are: in the file, if one is named, else at the issuer.

    Raises:
        KeysError: The development issuer, and this is not development.
    """
    development = settings.environment is Environment.DEVELOPMENT
    if settings.issuer == DEVELOPMENT_ISSUER and not development:
        raise KeysError
    if settings.jwks_file is not None:
        return KeyFile(settings.jwks_file)
    return Provider(settings.issuer, authority=settings.issuer_ca)


class Verifier:
    """Turns a bearer token into a Caller, or raises AuthenticationError.

    Args:
        settings: Which issuer, and what its tokens must say.
        catalogue: Where service accounts are registered; None: there are none.
        keys: Where the issuer's keys are; by default as the settings say.
    """

    def __init__(
        self,
        settings: DoorSettings,
        catalogue: Engine | None = None,
        *,
        keys: KeySource | None = None,
    ) -> None:
        self._keys = keys or key_source(settings)
        self._settings = settings
        self._accounts = None
        if catalogue is not None:
            self._accounts = Accounts(
                catalogue,
                audience=settings.audience,
                leeway=settings.leeway_s,
                lives=settings.token_s,
            )
        self._claims = jwt.JWTClaimsRegistry(
            leeway=settings.leeway_s,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def verify(self, token: str, address: str = "") -> Caller:
        """Verify signature, issuer, audience and times; return who calls."""
        del address  # it decides nothing; `Entrance` counts by it
        if self._accounts is not None and FORM.fullmatch(token):
            return self._accounts.verify(token)
        said = _look(token)
        if said.issuer.startswith(PREFIX):
            raise AuthenticationError(Doubt.NOT_BEARER)
        return self._person(token, said)

    def exchange(self, assertion: str, client: str | None, admit: Callable[[str], None]) -> Issued:
        """Issue a token to the account that signed an assertion.

        Args:
            assertion: The assertion.
            client: The account's id, if it was said beside (RFC 7521 §4.2).
            admit: Asked with the account once its signature holds; raises to issue none.
        """
        said = _look(assertion)
        if self._accounts is None or said.kid is None or client not in {None, said.issuer}:
            raise AuthenticationError(Doubt.ACCOUNT)
        return self._accounts.exchange(assertion, Bearer(said.issuer, said.kid), admit)

    def is_strangers(self, assertion: str) -> bool:
        """Tell, without its signature, whether an assertion names no key that is registered."""
        try:
            said = _look(assertion)
        except AuthenticationError:
            return True
        known = self._accounts
        return known is None or not known.knows(Bearer(said.issuer, said.kid or ""))

    def require(self, connection: Connection, caller: Caller) -> None:
        """Raise AuthenticationError for a service whose account or key is in force no more."""
        if self._accounts is not None and caller.service:
            self._accounts.require(connection, caller)

    def _person(self, token: str, said: "_Said") -> Caller:
        key = self._keys.find(said.kid, said.algorithm)
        try:
            decoded = jwt.decode(token, key, algorithms=[said.algorithm])
        except BadSignatureError:
            raise AuthenticationError(Doubt.SIGNATURE) from None
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError(Doubt.SHAPE) from None
        try:
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError(Doubt.CLAIMS) from None
        chosen = self._settings
        require_access_token(
            decoded.header, decoded.claims, plain=chosen.plain_jwt, audience=chosen.audience
        )
        return caller_of(decoded.claims, chosen.roles_claim, chosen.roles)


class Entrance:
    """Lets callers in at a pace: each caller's, and each address's failures."""

    def __init__(self, verifier: Verifier, settings: DoorSettings) -> None:
        self._verifier = verifier
        self._callers = Pace(settings.requests_a_second, settings.burst)
        self._failures = Pace(settings.failures_a_minute / 60, settings.failures_a_minute)

    def verify(self, token: str, address: str = "") -> Caller:
        """Return who calls; a token that holds is taken however often others failed.

        Raises:
            AuthenticationError: It does not hold.
            PaceError: The caller asks too often, or too many such came from the address.
        """
        caller = self._counted(address, lambda: self._verifier.verify(token))
        self._slow_down(caller.subject)
        return caller

    def exchange(self, assertion: str, client: str | None, address: str = "") -> Issued:
        """Issue a token for an environment's assertion; raises as `verify` does.

        Once an address is over its pace, what no registered key signed costs no look at the
        catalogue of its own.
        """
        if self._failures.is_spent(address) and self._verifier.is_strangers(assertion):
            raise PaceError
        return self._counted(
            address, lambda: self._verifier.exchange(assertion, client, self._slow_down)
        )

    def require(self, connection: Connection, caller: Caller) -> None:
        """Raise AuthenticationError unless a caller whose token held may still be let in."""
        self._verifier.require(connection, caller)

    def _counted(self, address: str, proven: Callable[[], Proof]) -> Proof:
        """Prove something, and count a failure for the address that it came from."""
        try:
            return proven()
        except AuthenticationError:
            if not self._failures.take(address):
                raise PaceError from None
            raise

    def _slow_down(self, subject: str) -> None:
        if not self._callers.take(subject):
            raise PaceError


@dataclass(frozen=True)
class _Said:
    """What a token says before it is believed: which key to look for, and where."""

    algorithm: str
    kid: str | None
    issuer: str


def _look(token: str) -> _Said:
    """Read what is needed to find the key; raises AuthenticationError."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != _PARTS or not token.isascii():
        raise AuthenticationError(Doubt.SHAPE)
    header, claims = _object(parts[0]), _object(parts[1])
    algorithm, kid, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AuthenticationError(Doubt.ALGORITHM)
    # Extensions that must be understood (RFC 7515 §4.1.11): there are none here.
    if "crit" in header or not isinstance(kid, str | None) or not isinstance(issuer, str):
        raise AuthenticationError(Doubt.SHAPE)
    return _Said(algorithm, kid, issuer)


def _object(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise AuthenticationError(Doubt.SHAPE) from None
    if not isinstance(found, dict):
        raise AuthenticationError(Doubt.SHAPE)
    return found
