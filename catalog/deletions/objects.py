"""What is to be deleted object by object: what a Hold says so of, and what was erased."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)

from catalog.accounts.tables import service_account
from catalog.batches import batches
from catalog.columns import now
from catalog.database import reading
from catalog.deletions.records import Asked, digest_of
from catalog.deletions.tables import deletion, permit_deletion
from catalog.errors import NotFoundError
from catalog.holds.effects import EFFECTS, Deletion
from catalog.tables import (
    hold,
    instance,
    permit_person,
    release,
    release_instance,
    revision,
    study,
    subject,
)
from catalog.vocabulary import HoldScope, ReleaseState

_ASKING: Final = tuple(
    kind for kind, effect in EFFECTS.items() if effect.deletion is not Deletion.NONE
)
_REPLACED: Final = tuple(
    kind for kind, effect in EFFECTS.items() if effect.deletion is Deletion.REPLACED
)


def asked_of(
    engine: Engine, account: str, permit_id: str, *, after: str = "", limit: int = 500
) -> tuple[Asked, ...]:
    """Give what an account must delete of a permit it was given, by UID; ended permits count, too.

    Raises:
        NotFoundError: There is no such permit, or it does not name the account.
    """
    with reading(engine) as connection:
        require_named(connection, account, permit_id)
        due = asked(account, permit_id)
        wanted = select(due).where(due.c.sop_uid > after).order_by(due.c.sop_uid).limit(limit)
        return tuple(map(_read, connection.execute(wanted)))


def require_named(connection: Connection, account: str, permit_id: str) -> None:
    """Stop unless a permit, in force or not, names an account.

    Raises:
        NotFoundError: It does not, or there is none.
    """
    mine = exists().where(permit_person.c.permit_id == permit_id, permit_person.c.person == account)
    if not connection.scalar(select(mine)):
        raise NotFoundError


def asked(account: str | None, permit_id: str | None = None) -> Subquery:
    """Select what is to be deleted and not confirmed: of an account and a permit, or of all."""
    held, gone = _held().subquery(), _erased()
    answered = exists().where(
        deletion.c.account_id == held.c.account_id,
        deletion.c.permit_id == held.c.permit_id,
        deletion.c.sop_uid == held.c.sop_uid,
        deletion.c.asked_at >= held.c.asked_at,
    )
    every = union_all(select(held).where(~answered), gone).subquery()
    wanted = select(every)
    if account is not None:
        wanted = wanted.where(every.c.account_id == account)
    if permit_id is not None:
        wanted = wanted.where(every.c.permit_id == permit_id)
    return wanted.subquery()


def _held() -> Select[Any]:
    """Select what Holds in force ask to be deleted, once for each account, permit and object."""
    hit = hits()
    whole = func.max(case((hit.c.kind.in_(_REPLACED), 0), else_=1))
    names = (
        permit_person.c.person.label("account_id"),
        release.c.permit_id,
        release_instance.c.study_uid,
        release_instance.c.sop_uid,
    )
    word = case((whole == 1, literal(Deletion.DELETED.name)), else_=literal(Deletion.REPLACED.name))
    return (
        select(*names, func.max(hit.c.placed_at).label("asked_at"), word.label("word"))
        .select_from(hit)
        .join(release_instance, release_instance.c.revision_id == hit.c.revision_id)
        .join(release, release.c.id == release_instance.c.release_id)
        .join(permit_person, permit_person.c.permit_id == release.c.permit_id)
        .join(service_account, service_account.c.id == permit_person.c.person)
        .where(release.c.state == ReleaseState.SEALED, release_instance.c.sop_uid.is_not(None))
        .where(~_said_of_all())
        .group_by(*names)
    )


def _said_of_all() -> ColumnElement[bool]:
    """Give the condition that an environment confirmed to have deleted all of a permit."""
    return exists().where(
        permit_deletion.c.permit_id == permit_person.c.permit_id,
        permit_deletion.c.environment == permit_person.c.person,
    )


def hits() -> CTE:
    """Select the revisions that Holds ask to delete, and what was derived of them."""
    image = instance.alias("image")
    asks = (hold.c.kind.in_(_ASKING), hold.c.lifted_at.is_(None))

    def held(scope: HoldScope) -> Select[Any]:
        told = (hold.c.kind, hold.c.placed_at, hold.c.recall_id)
        facts = (revision.c.id.label("revision_id"), *told)
        return select(*facts).select_from(hold).where(hold.c.scope == scope, *asks)

    of_women = [
        held(HoldScope.SUBJECT)
        .join(subject, subject.c.pseudonym == hold.c.target)
        .join(study, study.c.subject_id == hers)
        .join(instance, instance.c.study_id == study.c.id)
        .join(revision, revision.c.instance_id == instance.c.id)
        for hers in (subject.c.id, subject.c.merged_into)
    ]
    of_studies = (
        held(HoldScope.STUDY)
        .join(study, study.c.study_uid == hold.c.target)
        .join(instance, instance.c.study_id == study.c.id)
        .join(revision, revision.c.instance_id == instance.c.id)
    )
    of_images = [
        held(HoldScope.INSTANCE)
        .join(image, image.c.sop_uid == hold.c.target)
        .join(instance, which == image.c.id)
        .join(revision, revision.c.instance_id == instance.c.id)
        for which in (instance.c.id, instance.c.derived_from)
    ]
    of_revisions = [
        held(HoldScope.REVISION).join(revision, which == _number())
        for which in (revision.c.id, revision.c.derived_from)
    ]
    return union_all(*of_women, of_studies, *of_images, *of_revisions).cte("hit")


def _number() -> ColumnElement[int]:
    """Give the number of the revision that a Hold is on; of one that was erased, nothing."""
    is_number = and_(hold.c.scope == HoldScope.REVISION, hold.c.target.not_like("erasure:%"))
    return case((is_number, cast(hold.c.target, revision.c.id.type)))


def _erased() -> Select[Any]:
    names = (deletion.c.account_id, deletion.c.permit_id, deletion.c.study_uid, deletion.c.sop_uid)
    word = literal(Deletion.PROVEN.name).label("word")
    return select(*names, deletion.c.asked_at, word).where(deletion.c.confirmed_at.is_(None))


def _read(row: Row[Any]) -> Asked:
    return Asked(row.permit_id, row.study_uid, row.sop_uid, Deletion[row.word], row.asked_at)


def ask_of_erased(connection: Connection, erasure_id: int, revisions: Iterable[int]) -> None:
    """Ask whoever was given what goes now to delete it, in the transaction of the erasure.

    What an environment confirmed of it before keeps its digest only.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    told = {"erasure_id": erasure_id, "asked_at": now()}
    for some in batches(revisions):  # two revisions of an object have one UID in a permit
        for row in connection.execute(_given(some)):
            key = digest_of(row.sop_uid)
            names = {"study_uid": row.study_uid, "sop_uid": row.sop_uid, "sop_sha256": key}
            whose = {"account_id": row.account_id, "permit_id": row.permit_id}
            found[row.account_id, row.permit_id, key] = names | whose | told
    for _, permit_id, key in found:
        mine = (deletion.c.permit_id == permit_id, deletion.c.sop_sha256 == key)
        forgotten = {"sop_uid": None, "study_uid": None}
        connection.execute(deletion.update().where(*mine).values(forgotten))
    if found:
        connection.execute(deletion.insert(), list(found.values()))


def _given(revisions: list[int]) -> Select[Any]:
    """Select what of some revisions environments were given, each object once."""
    return (
        select(
            permit_person.c.person.label("account_id"),
            release.c.permit_id,
            release_instance.c.study_uid,
            release_instance.c.sop_uid,
        )
        .select_from(release_instance)
        .join(release, release.c.id == release_instance.c.release_id)
        .join(permit_person, permit_person.c.permit_id == release.c.permit_id)
        .join(service_account, service_account.c.id == permit_person.c.person)
        .where(release_instance.c.revision_id.in_(revisions))
        .where(release.c.state == ReleaseState.SEALED, release_instance.c.sop_uid.is_not(None))
        .where(~_said_of_all())
        .distinct()
    )
