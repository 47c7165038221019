"""Tokens that an environment gets for an assertion: short-lived, few, kept as digests.

A token is 256 random bits, so that a plain digest of it cannot be guessed back. Account and key are
looked up with every use: whoever revokes one of them ends its tokens.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, select

from catalog import audit
from catalog.accounts.accounts import in_force
from catalog.accounts.tables import service_account, service_assertion, service_key, service_token
from catalog.audit import AccessEvent
from catalog.database import insert_if_absent, reading, writing

LONGEST: Final = timedelta(minutes=10)
MOST: Final = 100
"""Tokens of one account that hold at a time; with one more, the oldest ends."""
FORM: Final = re.compile(r"mammo_spe_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Bearer:
    """Whom a token stands for: an account, and the key that it was got with."""

    account_id: str
    key_id: str


@dataclass(frozen=True)
class Assertion:
    """What is remembered of an assertion: its id, and until when it must not be taken again."""

    jti: str
    until: datetime


def issue(
    engine: Engine, bearer: Bearer, assertion: Assertion, *, lives: timedelta, at: datetime
) -> str | None:
    """Take an assertion, once; give the token that nobody can give again, or None.

    Assertion, token and the ledger's line are one transaction. What is over is forgotten.

    Args:
        engine: The catalogue.
        bearer: Whose signature holds.
        assertion: What was signed.
        lives: For how long the token holds, ten minutes at most.
        at: Now.
    """
    secret = secrets.token_urlsafe(32)
    mine = {"account_id": bearer.account_id}
    used = mine | {"jti": assertion.jti, "expires_at": assertion.until}
    row = mine | {"digest": _digest(secret), "key_id": bearer.key_id, "issued_at": at}
    with writing(engine) as connection:
        _forget(connection, at)
        if not insert_if_absent(connection, service_assertion, used):
            return None
        _make_room(connection, bearer.account_id)
        held = row | {"expires_at": at + min(lives, LONGEST)}
        connection.execute(service_token.insert().values(held))
        audit.record(connection, _event(bearer, "ALLOWED"))
    return f"mammo_spe_{secret}"


def refuse(engine: Engine, bearer: Bearer, outcome: str) -> None:
    """Write down that somebody who has the key was given no token."""
    audit.append(engine, _event(bearer, outcome))


def find(engine: Engine, token: str, *, at: datetime) -> Bearer | None:
    """Give whom a token stands for, if it, its account and its key are in force; else None."""
    form = FORM.fullmatch(token)
    if form is None:
        return None
    statement = (
        select(service_token.c.account_id, service_token.c.key_id)
        .join(service_key, service_key.c.id == service_token.c.key_id)
        .join(service_account, service_account.c.id == service_token.c.account_id)
        .where(
            service_token.c.digest == _digest(form[1]),
            service_token.c.expires_at > at,
            *in_force(at.date()),
        )
    )
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else Bearer(row.account_id, row.key_id)


def stands(connection: Connection, bearer: Bearer, *, today: date) -> bool:
    """Tell whether account and key of a token are in force; the token itself may be over."""
    statement = (
        select(service_key.c.id)
        .join(service_account, service_account.c.id == service_key.c.account_id)
        .where(
            service_key.c.id == bearer.key_id,
            service_key.c.account_id == bearer.account_id,
            *in_force(today),
        )
    )
    return connection.scalar(statement) is not None


def _forget(connection: Connection, at: datetime) -> None:
    for table in (service_assertion, service_token):
        connection.execute(table.delete().where(table.c.expires_at < at))


def _make_room(connection: Connection, account_id: str) -> None:
    """End the oldest tokens of an account, so that there is room for one."""
    mine = service_token.c.account_id == account_id
    newest = (
        select(service_token.c.digest)
        .where(mine)
        .order_by(service_token.c.issued_at.desc(), service_token.c.digest)
        .limit(MOST - 1)
    )
    connection.execute(service_token.delete().where(mine, service_token.c.digest.not_in(newest)))


def _event(bearer: Bearer, outcome: str) -> AccessEvent:
    what = f"account:{bearer.account_id}/{bearer.key_id}"
    return AccessEvent(bearer.account_id, "", "token", what, outcome)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
