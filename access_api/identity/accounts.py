"""Service accounts: a signed assertion is exchanged, once, for a token (RFC 7523 §3, RFC 6749)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from sqlalchemy import Connection, Engine

from access_api.errors import AuthenticationError, Doubt
from access_api.identity.caller import Caller
from catalog.accounts import accounts, keys, tokens
from catalog.accounts.assertion import ALGORITHM, JTI, LONGEST, TYPE
from catalog.accounts.tokens import Assertion, Bearer
from catalog.database import reading

_GRACE: Final = timedelta(minutes=5)
"""How much longer than it holds an assertion is remembered, whatever the clocks say."""
_LISTED_S: Final = 1.0
REFUSED: Final = "invalid-client"


@dataclass(frozen=True, repr=False)
class Issued:
    """A token, and how many seconds it holds."""

    token: str
    seconds: int


class Accounts:
    """Turns assertions into tokens, and tokens into service accounts.

    Args:
        catalogue: Where accounts are registered; asked every time, so that a revocation counts at
            once.
        audience: Ours.
        leeway: Seconds by which clocks may differ.
        lives: Seconds that a token holds.
    """

    def __init__(self, catalogue: Engine, *, audience: str, leeway: int, lives: int) -> None:
        self._catalogue = catalogue
        self._leeway = timedelta(seconds=leeway)
        self._lives = lives
        self._alone = (audience, [audience])
        self._listed: frozenset[tuple[str, str]] = frozenset()
        self._listed_until = float("-inf")
        self._lock = Lock()
        self._nobody = keys.public_text(keys.draw())
        self._claims = jwt.JWTClaimsRegistry(
            leeway=leeway,
            aud={"essential": True, "value": audience},
            iat={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
        )

    def verify(self, token: str) -> Caller:
        """Return the account that a token was issued to.

        Raises:
            AuthenticationError: It does not hold, or account or key are not in force.
            DatabaseError: The catalogue does not answer.
        """
        found = tokens.find(self._catalogue, token, at=datetime.now(UTC))
        if found is None:
            raise AuthenticationError(Doubt.OVER)
        name = found.account_id
        return Caller(name, frozenset(), service=name, key=found.key_id)

    def require(self, connection: Connection, caller: Caller) -> None:
        """Raise AuthenticationError unless a caller's account and key are in force still."""
        _require(connection, Bearer(caller.service, caller.key))

    def knows(self, said: Bearer) -> bool:
        """Tell whether there is such a key, by a list that is a second old at most.

        However many ask, the catalogue is asked once a second.
        """
        with self._lock:
            if time.monotonic() >= self._listed_until:
                known = accounts.list_keys(self._catalogue)
                self._listed = frozenset((one.account_id, one.id) for one in known)
                self._listed_until = time.monotonic() + _LISTED_S
            return (said.account_id, said.key_id) in self._listed

    def exchange(self, assertion: str, said: Bearer, admit: Callable[[str], None]) -> Issued:
        """Issue a token for an assertion, once for each; both ways are in the ledger.

        An account that does not exist costs what a wrong signature costs: one look, one signature.

        Args:
            assertion: The assertion.
            said: The account that it says it is of, and the key.
            admit: Asked with the account once the signature holds; raises to issue none.

        Raises:
            AuthenticationError: It does not hold, or was used before. If the signature holds, the
                ledger has a line: a stranger cannot write there.
            DatabaseError: The catalogue does not answer.
        """
        found = accounts.find_key(self._catalogue, said.account_id, said.key_id)
        key = keys.of(self._nobody if found is None else found.jwk)
        try:
            signed = jwt.decode(assertion, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError):
            doubt = Doubt.ACCOUNT if found is None else Doubt.SIGNATURE
            raise AuthenticationError(doubt) from None
        admit(said.account_id)
        try:
            with reading(self._catalogue) as connection:
                _require(connection, said)
            return self._issue(said, self._checked(signed, said.account_id))
        except AuthenticationError:
            tokens.refuse(self._catalogue, said, REFUSED)
            raise

    def _checked(self, signed: jwt.Token, account: str) -> Assertion:
        """Check what an assertion says."""
        claims = signed.claims
        if signed.header.get("typ") != TYPE:
            raise AuthenticationError(Doubt.TYPE)
        try:
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise AuthenticationError(Doubt.CLAIMS) from None
        if "cnf" in claims:  # bound to a key (RFC 7800), which nobody proves here
            raise AuthenticationError(Doubt.BOUND)
        # One that is for others, too, could be taken here by them (RFC 7523 §3, 3).
        if claims["aud"] not in self._alone or JTI.fullmatch(claims["jti"]) is None:
            raise AuthenticationError(Doubt.CLAIMS)
        if (claims["iss"], claims.get("sub")) != (account, account):
            raise AuthenticationError(Doubt.SUBJECT)
        if not 0 < claims["exp"] - claims["iat"] <= LONGEST.total_seconds():
            raise AuthenticationError(Doubt.LIFE)
        ends = datetime.fromtimestamp(claims["exp"], UTC)
        return Assertion(claims["jti"], ends + self._leeway + _GRACE)

    def _issue(self, bearer: Bearer, assertion: Assertion) -> Issued:
        lives, now = timedelta(seconds=self._lives), datetime.now(UTC)
        token = tokens.issue(self._catalogue, bearer, assertion, lives=lives, at=now)
        if token is None:
            raise AuthenticationError(Doubt.AGAIN)
        return Issued(token, self._lives)


def _require(connection: Connection, bearer: Bearer) -> None:
    if not tokens.stands(connection, bearer, today=datetime.now(UTC).date()):
        raise AuthenticationError(Doubt.NOT_IN_FORCE)
