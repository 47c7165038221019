"""Erase: first the rows and a list of the objects, in one transaction; then the objects.

The transaction places the Hold, writes down every object that must go, leaves a counted tombstone
in each frozen release, and deletes the rows. What is left to do after it is on the list, so that a
crash costs nothing: whoever goes on finds what is still there.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import IntegrityError

from catalog import audit, holds
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.deletions.objects import ask_of_erased
from catalog.erasures import papers, rows
from catalog.erasures.papers import Naming
from catalog.erasures.records import Doomed, Erasure, Extent, Proof, Store
from catalog.erasures.rows import Doom
from catalog.erasures.tables import erased_object, erasure, tombstone
from catalog.erasures.version import risen
from catalog.errors import NotFoundError, RaceError
from catalog.holds import HoldTarget
from catalog.releases.records import Paper
from catalog.releases.tables import delivery
from catalog.tables import release
from catalog.vocabulary import HoldKind, HoldScope

_BATCH = 200


@dataclass(frozen=True, repr=False)
class Asked:
    """What is to be erased, and why.

    Attributes:
        target: A woman by any of her pseudonyms, a study or an instance, by UIDs in the space.
        case: The case's number.
        reason: Why; it is kept, and must name nobody.
    """

    target: HoldTarget
    case: str
    reason: str
    who: str


def extent(engine: Engine, target: HoldTarget) -> Extent:
    """Count what an erasure would take; nothing is changed.

    Raises:
        NotFoundError: Nothing is known under that name.
    """
    with reading(engine) as connection:
        doom = rows.doom(connection, target)
        objects = rows.objects(connection, doom)
        released = sum(rows.released(connection, doom).values())
        named = papers.naming(connection, doom)
    clean = sum(store is Store.CLEAN for store, _, _ in objects)
    small = len(objects) - clean + len(named)
    return Extent(len(doom.studies), len(doom.instances), clean, small, released)


def papers_naming(engine: Engine, target: HoldTarget) -> list[Naming]:
    """Give the papers of releases that may name what an erasure would take.

    Raises:
        NotFoundError: Nothing is known under that name.
    """
    with reading(engine) as connection:
        return papers.naming(connection, rows.doom(connection, target))


def begin(engine: Engine, asked: Asked, anew: Mapping[str, Paper | None]) -> Erasure:
    """Erase what the catalogue says, and list the objects that are to go.

    Args:
        engine: The catalogue.
        asked: What is to be erased.
        anew: By the key of a paper that names it, one that does not; None if nothing is left.

    Raises:
        NotFoundError: Nothing is known under that name; it may be erased already.
        RaceError: A release was sealed meanwhile, with papers that are not in `anew`, or one was
            frozen with what is to go.
    """
    with writing(engine) as connection:
        doom = rows.doom(connection, asked.target, lock=True)
        number = _enter(connection, asked, doom)
        for target in doom.targets:
            if not holds.is_placed(connection, HoldKind.ERASED, target):
                reason = f"erasure {number}, case {asked.case}"
                holds.stop(connection, HoldKind.ERASED, target, reason=reason, who=asked.who)
        old = papers.replace(connection, papers.naming(connection, doom), anew)
        _list(connection, number, rows.objects(connection, doom) + old)
        for release_id, instances in rows.released(connection, doom).items():
            row = {"release_id": release_id, "erasure_id": number, "instances": instances}
            connection.execute(tombstone.insert().values(row))
        ask_of_erased(connection, number, doom.revisions)
        with risen(connection, number):
            _delete(connection, doom, number)
        counted = f"{len(doom.studies)} studies, {len(doom.instances)} objects"
        event = AccessEvent(asked.who, "", "erase", f"erasure:{number}", counted)
        audit.record(connection, event)
        return _get(connection, number)


def _delete(connection: Connection, doom: Doom, number: int) -> None:
    try:
        rows.delete(connection, doom, number)
    except IntegrityError:
        # On PostgreSQL somebody may name a row by then that nobody named when it was looked at.
        raise RaceError from None


def _enter(connection: Connection, asked: Asked, doom: Doom) -> int:
    row = {
        "scope": asked.target.scope,
        "case": asked.case,
        "reason": asked.reason,
        "who": asked.who,
        "studies": len(doom.studies),
        "instances": len(doom.instances),
        "begun_at": now(),
    }
    key = connection.execute(erasure.insert().values(**row)).inserted_primary_key
    return int(key[0]) if key else 0


def _list(connection: Connection, number: int, objects: list[rows.Named]) -> None:
    listed = [
        {
            "erasure_id": number,
            "store": store,
            "key": key,
            "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
            "sha256": sha256,
        }
        for store, key, sha256 in objects
    ]
    if listed:
        connection.execute(erased_object.insert(), listed)


def doomed(engine: Engine, erasure_id: int) -> Iterator[Doomed]:
    """Give the objects of an erasure that nobody has seen to be gone, in the order of the list."""
    last = 0
    while True:
        wanted = (
            select(erased_object)
            .where(erased_object.c.erasure_id == erasure_id, erased_object.c.gone_at.is_(None))
            .where(erased_object.c.id > last)
            .order_by(erased_object.c.id)
            .limit(_BATCH)
        )
        with reading(engine) as connection:
            found = connection.execute(wanted).all()
        if not found:
            return
        yield from (Doomed(row.id, Store(row.store), row.key) for row in found)
        last = found[-1].id


def gone(engine: Engine, one: Doomed) -> None:
    """Record that an object was removed in all its versions and looked for in vain."""
    mine = erased_object.update().where(erased_object.c.id == one.id)
    with writing(engine) as connection:
        left = mine.where(erased_object.c.gone_at.is_(None))
        connection.execute(left.values(gone_at=now(), key=None))


def end(engine: Engine, erasure_id: int, *, who: str) -> Erasure:
    """End an erasure of which nothing is left; one of which something is stays as it is.

    Raises:
        NotFoundError: There is none of that number.
    """
    with writing(engine) as connection:
        found = _get(connection, erasure_id)
        if found.ended_at is None and found.gone == found.objects:
            mine = erasure.update().where(erasure.c.id == erasure_id)
            connection.execute(mine.values(ended_at=now()))
            told = f"{found.objects} objects are gone"
            event = AccessEvent(who, "", "erased", f"erasure:{erasure_id}", told)
            audit.record(connection, event)
        return _get(connection, erasure_id)


def every(engine: Engine) -> tuple[Erasure, ...]:
    """Give all erasures, the oldest first."""
    with reading(engine) as connection:
        numbers = connection.scalars(select(erasure.c.id).order_by(erasure.c.id)).all()
        return tuple(_get(connection, number) for number in numbers)


def proofs(engine: Engine, erasure_id: int) -> tuple[Proof, ...]:
    """Give the proof of an erasure: which objects were seen to be gone, by digests, and when.

    Raises:
        NotFoundError: There is none of that number.
    """
    wanted = (
        select(erased_object)
        .where(erased_object.c.erasure_id == erasure_id, erased_object.c.gone_at.is_not(None))
        .order_by(erased_object.c.id)
    )
    with reading(engine) as connection:
        _get(connection, erasure_id)
        found = connection.execute(wanted).all()
    return tuple(Proof(Store(row.store), row.key_sha256, row.sha256, row.gone_at) for row in found)


def erased_of(engine: Engine, release_id: str) -> int:
    """Count what was erased of a release since it was sealed."""
    counted = select(func.sum(tombstone.c.instances)).where(tombstone.c.release_id == release_id)
    with reading(engine) as connection:
        return int(connection.scalar(counted) or 0)


def copies(engine: Engine, erasure_id: int) -> tuple[tuple[str, str], ...]:
    """Give permits and buckets to which what was erased was delivered, and not proven deleted."""
    wanted = (
        select(release.c.permit_id, delivery.c.bucket)
        .join(delivery, delivery.c.release_id == release.c.id)
        .join(tombstone, tombstone.c.release_id == release.c.id)
        .where(tombstone.c.erasure_id == erasure_id, delivery.c.deleted_at.is_(None))
        .distinct()
        .order_by(release.c.permit_id, delivery.c.bucket)
    )
    with reading(engine) as connection:
        return tuple((row.permit_id, row.bucket) for row in connection.execute(wanted))


def _get(connection: Connection, erasure_id: int) -> Erasure:
    row = connection.execute(select(erasure).where(erasure.c.id == erasure_id)).one_or_none()
    if row is None:
        raise NotFoundError
    mine = select(func.count(), func.count(erased_object.c.gone_at)).where(
        erased_object.c.erasure_id == erasure_id
    )
    objects, absent = connection.execute(mine).one()
    return Erasure(
        id=row.id,
        scope=HoldScope(row.scope),
        case=row.case,
        reason=row.reason,
        who=row.who,
        studies=row.studies,
        instances=row.instances,
        objects=objects,
        gone=absent,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
    )
