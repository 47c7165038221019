"""An environment says that it has deleted what it was asked to; who said so, and when, is kept."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import writing
from catalog.deletions import whole
from catalog.deletions.objects import asked, require_named
from catalog.deletions.records import Confirmation, Whole, digest_of
from catalog.deletions.tables import deletion
from catalog.errors import NotFoundError, Reason, StepError
from catalog.holds.effects import Deletion


def confirm(
    engine: Engine,
    account: str,
    permit_id: str,
    sop_uids: Collection[str],
    said: Confirmation,
) -> int:
    """Enter what an account says to have deleted, whole or not at all; give how much was new.

    Raises:
        NotFoundError: The permit does not name the account, or it was not asked for one of them.
        StepError: It would be so from a moment that has not come, or the proof of what was erased
            is missing.
    """
    if said.deleted_at > now():
        raise StepError(Reason.NOT_YET)
    with writing(engine) as connection:
        require_named(connection, account, permit_id)
        due = _due(connection, account, permit_id, sop_uids)
        _require_asked(connection, (account, permit_id), set(sop_uids) - due.keys())
        _enter_all(connection, due.values(), said)
        if due:
            what = f"permit:{permit_id}/deletions"
            told = f"{len(due)} deleted"
            audit.record(connection, AccessEvent(account, permit_id, "deleted", what, told))
    return len(due)


def confirm_all(
    engine: Engine, permit_id: str, environment: str, said: Confirmation, *, who: str, today: date
) -> Whole:
    """Enter that all of a permit that ended is deleted; nothing of it is asked for any more.

    What it was asked to delete of single objects is confirmed with it. Said once more, it stays as
    it was.

    Args:
        engine: The catalogue.
        permit_id: Whose data it was.
        environment: The service account's id, or the bucket's name.
        said: Who did it there, and when.
        who: Who tells the hub.
        today: The day.

    Raises:
        NotFoundError: There is no such permit, or the environment had nothing of it.
        StepError: The permit has not ended, it would be so from a moment that has not come, or the
            proof of what was erased is missing.
    """
    if said.deleted_at > now():
        raise StepError(Reason.NOT_YET)
    with writing(engine) as connection:
        before = _whole(connection, permit_id, environment, today)
        if before.confirmed_at is not None:
            return before
        _enter_all(connection, connection.execute(select(asked(environment, permit_id))), said)
        whole.enter(connection, permit_id, environment, said, who=who)
        return _whole(connection, permit_id, environment, today)


def _whole(connection: Connection, permit_id: str, environment: str, today: date) -> Whole:
    found = whole.due(connection, today=today, permit_id=permit_id, environment=environment)
    if found:
        return found[0]
    if whole.has(connection, permit_id, environment):
        raise StepError(Reason.GOES_ON)
    raise NotFoundError


def _enter_all(connection: Connection, rows: Iterable[Row[Any]], said: Confirmation) -> None:
    due = list(rows)
    if not said.proof_sha256 and any(row.word == Deletion.PROVEN.name for row in due):
        raise StepError(Reason.NO_PROOF)
    for row in due:
        _enter(connection, row, said)


def _due(
    connection: Connection, account: str, permit_id: str, sop_uids: Collection[str]
) -> dict[str, Row[Any]]:
    wanted = asked(account, permit_id)
    rows = connection.execute(select(wanted).where(wanted.c.sop_uid.in_(sop_uids)))
    return {row.sop_uid: row for row in rows}


def _require_asked(connection: Connection, whose: tuple[str, str], others: Collection[str]) -> None:
    """Stop unless the others were confirmed before: to say it again changes nothing."""
    account, permit_id = whose
    said = select(deletion.c.sop_sha256).where(
        deletion.c.account_id == account,
        deletion.c.permit_id == permit_id,
        deletion.c.sop_sha256.in_([digest_of(uid) for uid in others]),
    )
    known = set(connection.scalars(said))
    if any(digest_of(uid) not in known for uid in others):
        raise NotFoundError


def _enter(connection: Connection, row: Row[Any], said: Confirmation) -> None:
    told: dict[str, Any] = {
        "confirmed_at": now(),
        "deleted_at": said.deleted_at,
        "said_by": said.by,
        "proof_sha256": said.proof_sha256 or None,
    }
    if row.word == Deletion.PROVEN.name:
        mine = (
            deletion.c.account_id == row.account_id,
            deletion.c.permit_id == row.permit_id,
            deletion.c.sop_uid == row.sop_uid,
            deletion.c.confirmed_at.is_(None),
        )
        forgotten: dict[str, Any] = {"sop_uid": None, "study_uid": None}
        connection.execute(deletion.update().where(*mine).values(told | forgotten))
        return
    names = ("account_id", "permit_id", "study_uid", "sop_uid", "asked_at")
    made = {name: getattr(row, name) for name in names}
    connection.execute(
        deletion.insert().values(made | told | {"sop_sha256": digest_of(row.sop_uid)})
    )
