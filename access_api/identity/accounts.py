"""Service accounts: assertions signed with a registered key, each taken once (RFC 7523 §3)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy import Engine

from access_api.errors import AuthenticationError, Doubt
from access_api.identity.caller import Caller
from catalog.accounts import accounts, keys
from catalog.accounts.assertion import ALGORITHM, JTI, LONGEST, NAMED, TYPE

_GRACE: Final = timedelta(minutes=5)
"""How much longer than it holds an assertion is remembered, whatever the clocks say."""


class Accounts:
    """Turns an assertion into the service account that signed it.

    Args:
        catalogue: Where accounts are registered; asked every time, so that a revocation counts at
            once.
        audience: Ours.
        leeway: Seconds by which clocks may differ.
    """

    def __init__(self, catalogue: Engine, *, audience: str, leeway: int) -> None:
        self._catalogue = catalogue
        self._leeway = timedelta(seconds=leeway)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=leeway,
            aud={"essential": True, "value": audience},
            iat={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
        )

    def verify(self, token: str, account: str, kid: str | None) -> Caller:
        """Return the account, once for each assertion.

        Args:
            token: The assertion.
            account: The account that it says it is of.
            kid: The key that it says it is signed with.

        Raises:
            AuthenticationError: It does not hold, or was used before.
            DatabaseError: The catalogue does not answer.
        """
        key = self._key(account, kid)
        try:
            decoded = jwt.decode(token, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError(Doubt.SIGNATURE) from None
        if decoded.header.get("typ") != TYPE:
            raise AuthenticationError(Doubt.TYPE)
        claims = decoded.claims
        try:
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError(Doubt.CLAIMS) from None
        return self._once(claims, account)

    def _key(self, account: str, kid: str | None) -> ECKey:
        if kid is None or NAMED.fullmatch(account) is None:
            raise AuthenticationError(Doubt.ACCOUNT)
        today = datetime.now(UTC).date()
        found = accounts.find_key(self._catalogue, account, kid, today=today)
        if found is None:
            raise AuthenticationError(Doubt.ACCOUNT)
        return keys.of(found.jwk)

    def _once(self, claims: dict[str, Any], account: str) -> Caller:
        """Check what an assertion has beside a token, and that it was never used."""
        if (claims["iss"], claims.get("sub")) != (account, account):
            raise AuthenticationError(Doubt.SUBJECT)
        if not 0 < claims["exp"] - claims["iat"] <= LONGEST.total_seconds():
            raise AuthenticationError(Doubt.LIFE)
        if JTI.fullmatch(jti := claims["jti"]) is None:
            raise AuthenticationError(Doubt.CLAIMS)
        now = datetime.now(UTC)
        expires = datetime.fromtimestamp(claims["exp"], UTC) + self._leeway
        if not accounts.use(self._catalogue, account, jti, expires=expires, forget=now - _GRACE):
            raise AuthenticationError(Doubt.AGAIN)
        return Caller(account, frozenset(), jti, service=account)
