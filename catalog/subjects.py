"""Subjects that turn out to be one woman: a new key, or a reserve number that became a real one.

The studies of the old Subject become the new one's, for good: search, counts, permits and releases
see one woman, and a Hold on either pseudonym stops both. What was written before keeps its dates;
`weeks` says by how much they differ from hers, and releases even that out.

There is no undo: a merge that was wrong is held, and its studies are ingested anew (docs/operator).
"""

from sqlalchemy import Connection, Engine, Row, exists, select

from catalog import audit
from catalog.audit import ALLOWED, AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, writing
from catalog.errors import ConflictError, NotFoundError, RaceError, Reason
from catalog.records import Merge
from catalog.tables import hold, study, subject, subject_merge
from catalog.vocabulary import HoldScope


def merge(engine: Engine, *, old: str, new: str, weeks: int, reason: str, who: str) -> None:
    """Make two Subjects one from now on; merging them again changes nothing.

    Args:
        engine: The catalogue.
        old: The pseudonym of before; it stays known.
        new: The pseudonym she has now.
        weeks: What to add to dates shifted under `old` to have them as under `new`.
        reason: Why; it is kept, and must name nobody.
        who: Who says so.

    Raises:
        NotFoundError: One of the two is unknown.
        ConflictError: `new` is merged into `old`, or they are merged by another shift of dates.
    """
    with writing(engine) as connection:
        merge_in(connection, Merge(old, new, weeks), reason=reason, who=who)


def merge_in(connection: Connection, wanted: Merge, *, reason: str, who: str) -> None:
    """Merge inside a transaction; see `merge`."""
    old, new = _both(connection, wanted)
    into, from_ = new.merged_into or new.id, old.merged_into or old.id
    if into == from_:
        _already(old, new, wanted)
        return
    # old + weeks is as new; each may itself be some weeks from the one it was merged into.
    between = wanted.weeks + new.weeks - old.weeks
    group = (subject.c.id == from_) | (subject.c.merged_into == from_)
    connection.execute(
        subject.update().where(group).values(merged_into=into, weeks=subject.c.weeks + between)
    )
    connection.execute(study.update().where(study.c.subject_id == from_).values(subject_id=into))
    key = connection.execute(
        subject_merge.insert().values(
            old=wanted.old, new=wanted.new, weeks=wanted.weeks, reason=reason, who=who, at=now()
        )
    ).inserted_primary_key
    number = int(key[0]) if key else 0
    audit.record(connection, AccessEvent(who, "", "merge", f"subject-merge:{number}", ALLOWED))


def merge_known(connection: Connection, wanted: Merge, *, reason: str, who: str) -> None:
    """Merge what a new key or number brings along; of an old pseudonym nobody knew, nothing is.

    A Hold may wait for a pseudonym of which no image has come yet: it goes along too.
    """
    mine = subject.c.pseudonym == wanted.old
    if connection.scalar(select(subject.c.id).where(mine)) is None:
        waiting = exists().where(hold.c.scope == HoldScope.SUBJECT, hold.c.target == wanted.old)
        if not connection.scalar(select(waiting)):
            return
        insert_if_absent(connection, subject, {"pseudonym": wanted.old})
    insert_if_absent(connection, subject, {"pseudonym": wanted.new})
    old, new = _both(connection, wanted)
    if (old.merged_into or old.id) != (new.merged_into or new.id):
        merge_in(connection, wanted, reason=reason, who=who)


def enter(connection: Connection, pseudonym: str) -> tuple[int, int]:
    """Enter a Subject unless it is known; give its own row's id and that of the woman it is.

    The row stays as it is until the transaction ends, so that nobody merges it meanwhile.
    """
    insert_if_absent(connection, subject, {"pseudonym": pseudonym})
    mine = select(subject).where(subject.c.pseudonym == pseudonym).with_for_update(read=True)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise RaceError
    return row.id, row.merged_into or row.id


def woman(connection: Connection, pseudonym: str) -> int | None:
    """Give the id of the Subject that a pseudonym stands for now; None if it is unknown."""
    row = connection.execute(select(subject).where(subject.c.pseudonym == pseudonym)).one_or_none()
    return None if row is None else row.merged_into or row.id


def _both(connection: Connection, wanted: Merge) -> tuple[Row[tuple[object, ...]], ...]:
    """Lock both Subjects and those they are merged into, always in the same order."""
    names = subject.c.pseudonym.in_([wanted.old, wanted.new])
    roots = select(subject.c.merged_into).where(names, subject.c.merged_into.is_not(None))
    connection.execute(
        select(subject.c.id)
        .where(names | subject.c.id.in_(roots))
        .order_by(subject.c.id)
        .with_for_update()
    ).all()
    rows = {row.pseudonym: row for row in connection.execute(select(subject).where(names))}
    if wanted.old == wanted.new:
        raise ConflictError(Reason.MERGE_CYCLE)
    if len(rows) != 2:  # noqa: PLR2004 -- both
        raise NotFoundError(Reason.UNKNOWN_SUBJECT)
    return rows[wanted.old], rows[wanted.new]


def _already(old: Row[tuple[object, ...]], new: Row[tuple[object, ...]], wanted: Merge) -> None:
    """Let a merge of the same two pass again, and nothing else that would join what is joined."""
    if new.merged_into == old.id:
        raise ConflictError(Reason.MERGE_CYCLE)
    if old.weeks - new.weeks != wanted.weeks:
        raise ConflictError(Reason.OTHER_MERGE)
