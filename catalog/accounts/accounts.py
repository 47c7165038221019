"""Registers service accounts and their keys."""

from datetime import date

from sqlalchemy import ColumnElement, Connection, Engine, Row, select

from catalog import audit
from catalog.accounts.assertion import NAMED
from catalog.accounts.keys import read_public
from catalog.accounts.records import Account, AccountKey
from catalog.accounts.tables import service_account, service_key
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason


def add(engine: Engine, account: Account, jwk: str, *, who: str) -> str:
    """Register an account, or another key of one, so that keys can be changed; name the key.

    Args:
        engine: The catalogue.
        account: Name and last day; those of an account that is there are set anew, and its bucket
            if one is given.
        jwk: The public key (RFC 7517).
        who: Who registers it.

    Raises:
        ConflictError: The id is not of the form `spe-…`; the account was revoked, the key or the
            bucket is another account's, the key was revoked, or it is no public key.
    """
    if NAMED.fullmatch(account.id) is None:
        raise ConflictError(Reason.ACCOUNT_NAME)
    name, text = read_public(jwk)
    with writing(engine) as connection:
        _settle(connection, account, who)
        row = {"id": name, "account_id": account.id, "jwk": text, "added_by": who}
        if not insert_if_absent(connection, service_key, row | {"added_at": now()}):
            mine = select(service_key).where(service_key.c.id == name)
            there = connection.execute(mine).one()
            if there.account_id != account.id or there.revoked_at is not None:
                raise ConflictError(Reason.OTHER_ACCOUNT)
        _told(connection, who, "add-account", f"account:{account.id}/{name}")
    return name


def _settle(connection: Connection, account: Account, who: str) -> None:
    """Enter an account, or set the name and the last day of one that is in force."""
    said: dict[str, object] = {"name": account.name, "valid_until": account.valid_until}
    if account.bucket:
        _require_nobody_s(connection, account)
        said["bucket"] = account.bucket
    row = {"id": account.id, "added_by": who, "added_at": now()} | said
    if insert_if_absent(connection, service_account, row):
        return
    changed = connection.execute(
        service_account.update()
        .where(service_account.c.id == account.id, service_account.c.revoked_at.is_(None))
        .values(said)
    )
    if not changed.rowcount:
        raise ConflictError(Reason.OTHER_ACCOUNT)


def _require_nobody_s(connection: Connection, account: Account) -> None:
    mine = (service_account.c.bucket == account.bucket, service_account.c.id != account.id)
    if connection.scalar(select(service_account.c.id).where(*mine)) is not None:
        raise ConflictError(Reason.OTHER_ACCOUNT)


def revoke(engine: Engine, account_id: str, *, who: str) -> bool:
    """Let an account in no more, for good, from now on; tell whether it was let in before.

    Raises:
        NotFoundError: There is none by that id.
    """
    mine = service_account.c.id == account_id
    with writing(engine) as connection:
        if connection.scalar(select(service_account.c.id).where(mine)) is None:
            raise NotFoundError
        ended = connection.execute(
            service_account.update()
            .where(mine, service_account.c.revoked_at.is_(None))
            .values(revoked_by=who, revoked_at=now())
        )
        if not ended.rowcount:
            return False
        _told(connection, who, "revoke-account", f"account:{account_id}")
    return True


def revoke_key(engine: Engine, account_id: str, key_id: str, *, who: str) -> bool:
    """Let one key of an account in no more, for good; tell whether it was let in before.

    Raises:
        NotFoundError: The account has no such key.
    """
    mine = (service_key.c.id == key_id, service_key.c.account_id == account_id)
    with writing(engine) as connection:
        if connection.scalar(select(service_key.c.id).where(*mine)) is None:
            raise NotFoundError
        ended = connection.execute(
            service_key.update()
            .where(*mine, service_key.c.revoked_at.is_(None))
            .values(revoked_by=who, revoked_at=now())
        )
        if not ended.rowcount:
            return False
        _told(connection, who, "revoke-key", f"account:{account_id}/{key_id}")
    return True


def find_key(engine: Engine, account_id: str, key_id: str) -> AccountKey | None:
    """Give a key of an account, also one that is not let in any more; None if there is none."""
    mine = (service_key.c.id == key_id, service_key.c.account_id == account_id)
    with reading(engine) as connection:
        row = connection.execute(select(service_key).where(*mine)).one_or_none()
    return None if row is None else _key(row)


def in_force(today: date) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions under which an account and its key are let in on a day."""
    return (
        service_key.c.revoked_at.is_(None),
        service_account.c.revoked_at.is_(None),
        service_account.c.valid_until >= today,
    )


def list_accounts(engine: Engine) -> tuple[Account, ...]:
    """Give every account that was ever registered, by id."""
    with reading(engine) as connection:
        rows = connection.execute(select(service_account).order_by(service_account.c.id)).all()
    return tuple(
        Account(row.id, row.name, row.valid_until, row.revoked_at, row.bucket or "") for row in rows
    )


def list_keys(engine: Engine) -> tuple[AccountKey, ...]:
    """Give every key that was ever registered, by account, oldest first."""
    order = (service_key.c.account_id, service_key.c.added_at)
    with reading(engine) as connection:
        rows = connection.execute(select(service_key).order_by(*order)).all()
    return tuple(_key(row) for row in rows)


def _key(row: Row[tuple[object, ...]]) -> AccountKey:
    return AccountKey(row.id, row.account_id, row.jwk, row.added_by, row.added_at, row.revoked_at)


def _told(connection: Connection, who: str, action: str, what: str) -> None:
    audit.record(connection, AccessEvent(who, "", action, what, "ALLOWED"))
