"""Which rows and objects an erasure takes, and how the rows go: those that refer go first."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    or_,
    select,
)

from catalog.arrivals.tables import arrival
from catalog.batches import batches
from catalog.erasures import references
from catalog.erasures.records import Store
from catalog.errors import NotFoundError
from catalog.facets import keeping as facets
from catalog.holds import HoldTarget
from catalog.sightings.tables import pixel_facts, preview, quality_flag, scan
from catalog.subjects import woman
from catalog.tables import (
    hold,
    instance,
    release,
    release_instance,
    revision,
    series,
    study,
    subject,
    subject_merge,
)
from catalog.vocabulary import HoldKind, HoldScope, ReleaseState

Named = tuple[Store, str, str]
_SEEN: tuple[Table, ...] = (release_instance, scan, quality_flag, pixel_facts, preview)


@dataclass(frozen=True, repr=False)
class Doom:
    """The rows that go, by number, and the names under which nothing may come back.

    Attributes:
        subjects: The rows of a woman, if she goes as a whole.
        uids: Of the studies, where they go whole, and of the instances.
        targets: What the Holds are placed on.
    """

    subjects: tuple[int, ...]
    studies: tuple[int, ...]
    instances: tuple[int, ...]
    revisions: tuple[int, ...]
    uids: tuple[str, ...]
    targets: tuple[HoldTarget, ...]


def doom(connection: Connection, target: HoldTarget, *, lock: bool = False) -> Doom:
    """Find what a target names; with `lock`, nothing is published to its studies meanwhile.

    Raises:
        NotFoundError: Nothing is known under that name.
    """
    names, group = _pseudonyms(connection, target)
    which = _which(target, group)
    joined = select(study.c.id).join(instance, instance.c.study_id == study.c.id).where(which)
    studies = select(study).where(study.c.id.in_(joined)).order_by(study.c.id)
    whole = connection.execute(studies.with_for_update() if lock else studies).all()
    wanted = select(instance).join(study, study.c.id == instance.c.study_id).where(which)
    found = connection.execute(wanted.order_by(instance.c.id)).all()
    if not found:
        raise NotFoundError
    numbers = [row.id for row in found]
    mine = select(revision.c.id).order_by(revision.c.id)
    revisions = each(connection, mine, revision.c.instance_id, numbers)
    uids = [row.sop_uid for row in found]
    if target.scope is not HoldScope.INSTANCE:
        uids += [row.study_uid for row in whole]
    targets = [HoldTarget(HoldScope.SUBJECT, name) for name in names] or [target]
    return Doom(
        subjects=tuple(group),
        studies=tuple(row.id for row in whole),
        instances=tuple(numbers),
        revisions=tuple(revisions),
        uids=tuple(uids),
        targets=tuple(targets),
    )


def _pseudonyms(connection: Connection, target: HoldTarget) -> tuple[list[str], list[int]]:
    if target.scope is not HoldScope.SUBJECT:
        return [], []
    root = woman(connection, target.value)
    if root is None:
        raise NotFoundError
    whose = or_(subject.c.id == root, subject.c.merged_into == root)
    found = connection.execute(select(subject).where(whose).order_by(subject.c.id)).all()
    return [row.pseudonym for row in found], [row.id for row in found]


def _which(target: HoldTarget, group: list[int]) -> ColumnElement[bool]:
    if target.scope is HoldScope.SUBJECT:
        return study.c.subject_id.in_(group)
    if target.scope is HoldScope.STUDY:
        return study.c.study_uid == target.value
    if target.scope is not HoldScope.INSTANCE:
        raise NotFoundError
    image = instance.alias("image")
    of_it = exists().where(image.c.id == instance.c.derived_from, image.c.sop_uid == target.value)
    return or_(instance.c.sop_uid == target.value, of_it.correlate(instance))


def objects(connection: Connection, doom: Doom) -> list[Named]:
    """Give store, key and digest of every object that goes; none that another revision names."""
    clean = each(
        connection, select(revision.c.key, revision.c.sha256), revision.c.id, doom.revisions
    )
    pictures = each(
        connection, select(preview.c.key, preview.c.sha256), preview.c.revision_id, doom.revisions
    )
    found = dict((*clean, *pictures))
    mine = set(doom.revisions)
    named = each(connection, select(revision.c.key, revision.c.id), revision.c.key, list(found))
    for key, number in named:
        if number not in mine:
            found.pop(key, None)
    headers = each(
        connection,
        select(release_instance.c.header_key).where(release_instance.c.header_key.is_not(None)),
        release_instance.c.revision_id,
        doom.revisions,
    )
    return [(Store.CLEAN, key, sha256) for key, sha256 in sorted(found.items())] + [
        (Store.RELEASES, key, _digest(key)) for key in sorted(headers)
    ]


def _digest(header_key: str) -> str:
    """Give a header's own digest: its key ends with it."""
    return header_key.rpartition("/")[2].partition(".")[0][:64]


def released(connection: Connection, doom: Doom) -> Counter[str]:
    """Count what goes of each sealed release."""
    wanted = (
        select(release_instance.c.release_id)
        .join(release, release.c.id == release_instance.c.release_id)
        .where(release.c.state == ReleaseState.SEALED, release_instance.c.sop_uid.is_not(None))
    )
    return Counter(each(connection, wanted, release_instance.c.revision_id, doom.revisions))


def _delete_rows(connection: Connection, table: Table, numbers: tuple[int, ...]) -> None:
    """Delete the rows of a table that are of one of the revisions."""
    for some in batches(numbers):
        connection.execute(table.delete().where(table.c.revision_id.in_(some)))


def delete(connection: Connection, doom: Doom, erasure_id: int) -> None:
    """Delete the rows, and take the UIDs from what stays.

    That is earlier Holds, recalls, findings, answers to regions.
    """
    _forget_holds(connection, doom, erasure_id)
    _forget_answers(connection, doom)
    names = references.names_of(connection, doom.revisions)
    for table in _SEEN:
        _delete_rows(connection, table, doom.revisions)
    references.forget(connection, names | {(None, uid) for uid in doom.uids}, erasure_id)
    for table, numbers in ((revision, doom.revisions), (instance, doom.instances)):
        for derived in (table.c.derived_from.is_not(None), table.c.derived_from.is_(None)):
            for some in batches(numbers):
                mine = and_(table.c.id.in_(some), derived)
                connection.execute(table.delete().where(mine))
    facets.keep(connection, doom.studies)
    for table, refers in ((series, instance.c.series_id), (study, instance.c.study_id)):
        column = series.c.study_id if table is series else study.c.id
        empty = ~exists().where(refers == table.c.id).correlate(table)
        for some in batches(doom.studies):
            connection.execute(table.delete().where(column.in_(some), empty))
    _forget_woman(connection, doom)


def _forget_holds(connection: Connection, doom: Doom, erasure_id: int) -> None:
    """Take the names from other Holds; numbers of revisions may be given again to other ones."""
    named = {
        HoldScope.STUDY: doom.uids,
        HoldScope.INSTANCE: doom.uids,
        HoldScope.REVISION: tuple(map(str, doom.revisions)),
    }
    for scope, names in named.items():
        for some in batches(names):
            mine = and_(hold.c.scope == scope, hold.c.target.in_(some))
            connection.execute(
                hold.update()
                .where(mine, hold.c.kind != HoldKind.ERASED)
                .values(target=f"erasure:{erasure_id}")
            )


def _forget_answers(connection: Connection, doom: Doom) -> None:
    """Take UIDs from what regions were told of their deliveries."""
    exports = set(each(connection, select(revision.c.export_id), revision.c.id, doom.revisions))
    gone = set(doom.uids)
    wanted = select(arrival.c.id, arrival.c.answer).where(arrival.c.answer != "")
    for row in each(connection, wanted, arrival.c.export_id, sorted(exports)):
        told = json.loads(row.answer)
        for name, value in told.items():
            if isinstance(value, dict):
                told[name] = {uid: one for uid, one in value.items() if uid not in gone}
        answer = arrival.update().where(arrival.c.id == row.id)
        connection.execute(answer.values(answer=json.dumps(told)))


def _forget_woman(connection: Connection, doom: Doom) -> None:
    names = [one.value for one in doom.targets if one.scope is HoldScope.SUBJECT]
    if not doom.subjects:
        return
    merged = or_(subject_merge.c.old.in_(names), subject_merge.c.new.in_(names))
    connection.execute(subject_merge.delete().where(merged))
    mine = subject.c.id.in_(doom.subjects)
    for into in (subject.c.merged_into.is_not(None), subject.c.merged_into.is_(None)):
        written = exists().where(revision.c.subject_id == subject.c.id).correlate(subject)
        connection.execute(subject.delete().where(mine, into, ~written))


def each(
    connection: Connection, wanted: Select[Any], column: Column[Any], values: Iterable[Any]
) -> list[Any]:
    """Select for many values, some at a time; of one column its values, of several the rows."""
    found: list[Any] = []
    single = len(wanted.selected_columns) == 1
    for some in batches(values):
        rows = connection.execute(wanted.where(column.in_(some)))
        found += rows.scalars().all() if single else rows.all()
    return found
