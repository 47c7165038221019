"""The console's open parts: the ledger as far as it is in clear, and the worker's public key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from fastapi import Depends, Request
from sqlalchemy import Engine
from structlog.typing import FilteringBoundLogger

from access_api.console.settings import ConsoleSettings
from access_api.errors import AuthenticationError, KeysError, PaceError
from access_api.pace import Pace
from access_api.tokens import Caller, Role
from catalog.database import connect
from catalog.errands import tokens
from catalog.errands.errands import Errands
from catalog.errands.seal import read_public
from catalog.errands.view import View
from catalog.errors import CatalogError, SealedError
from catalog.plans.work import Work


class TokenFinder:
    """Verifies the tokens that `mammo console token add` makes."""

    def __init__(self, ledger: Engine, strangers: Pace) -> None:
        self._ledger = ledger
        self._strangers = strangers

    def verify(self, token: str, address: str = "") -> Caller:
        """Return whom a token names.

        Raises:
            AuthenticationError: It is none, or it does not hold (any more).
            PaceError: Too many such came lately.
        """
        del address  # strangers are counted together: a region's people are few
        found = tokens.find(self._ledger, token)
        if found is None:
            if not self._strangers.take(""):
                raise PaceError
            raise AuthenticationError
        roles = frozenset(role for role in Role if role == found.role)
        return Caller(found.who, roles, found.id)


@dataclass(frozen=True, repr=False)
class Desk:
    """Everything a request may need, opened once."""

    ledger: Engine
    view: View
    work: Work
    errands: Errands
    key: X25519PublicKey
    settings: ConsoleSettings
    pace: Pace
    verifier: TokenFinder
    log: FilteringBoundLogger

    def alive(self) -> bool:
        """Tell whether the ledger answers."""
        try:
            self.view.answers()
        except CatalogError:
            return False
        return True


@contextmanager
def open_desk(settings: ConsoleSettings, log: FilteringBoundLogger) -> Iterator[Desk]:
    """Open the ledger, and close it at the end.

    Raises:
        KeysError: The worker's public key is not there, or is none.
    """
    try:
        key = read_public(settings.key_file.read_text(encoding="ascii"))
    except (OSError, ValueError, SealedError):
        raise KeysError from None
    ledger = connect(settings.ledger_url.get_secret_value())
    strangers = Pace(settings.failures_a_minute / 60, settings.failures_a_minute)
    try:
        yield Desk(
            ledger=ledger,
            view=View(ledger),
            work=Work(ledger),
            errands=Errands(ledger),
            key=key,
            settings=settings,
            pace=Pace(settings.requests_a_second, settings.burst),
            verifier=TokenFinder(ledger, strangers),
            log=log,
        )
    finally:
        ledger.dispose()


def get_desk(request: Request) -> Desk:
    """Return the open desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


OpenDesk = Annotated[Desk, Depends(get_desk)]
