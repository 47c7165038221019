"""The studies that a source announced to an export: who fetches which, and how far each is."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, or_, select

from catalog.batches import batches
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.plans.records import Announced, AnnouncedState, AnnouncedTrace, Waiting
from catalog.plans.sealed import accession_index, sealed, study_index, study_uid
from catalog.plans.tables import announced


class AnnouncedStudies:
    """What sources announced to one region's exports, opened with the ledger's key.

    A study is leased to one worker at a time: several share an export, none is fetched twice at
    once, and what a dead worker held is somebody else's when its lease is over.
    """

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def announce(self, export_id: str, studies: Iterable[Announced]) -> int:
        """Enter studies that are not entered yet, and count them; those that are keep their number.

        Studies to be skipped are entered too: they were announced, and nobody shall wonder.
        """
        with writing(self._engine) as connection:
            return self.enter(connection, export_id, studies)

    def enter(self, connection: Connection, export_id: str, studies: Iterable[Announced]) -> int:
        """Do what `announce` does, within a transaction that does more."""
        mine = announced.c.export_id == export_id
        known = set(connection.scalars(select(announced.c.study_uid_index).where(mine)))
        last = connection.scalar(select(func.max(announced.c.ordinal)).where(mine)) or 0
        rows = []
        for study in studies:
            row = sealed(self._key, export_id, last + 1, study)
            if row["study_uid_index"] in known:
                continue
            known.add(row["study_uid_index"])
            last += 1
            rows.append(row)
        return sum(insert_if_absent(connection, announced, row) for row in rows)

    def lease(self, export_id: str, who: str, until: datetime) -> Waiting | None:
        """Give the next study that waits and that nobody works on; None when there is none."""
        free = or_(announced.c.leased_until.is_(None), announced.c.leased_until <= now())
        wanted = (
            select(announced)
            .where(
                announced.c.export_id == export_id,
                announced.c.state == AnnouncedState.WAITING,
                announced.c.due_at <= now(),
                free,
            )
            .order_by(announced.c.tries, announced.c.ordinal)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with writing(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
            if row is None:
                return None
            mine = announced.update().where(announced.c.id == row.id)
            connection.execute(mine.values(leased_by=who, leased_until=until))
        uid = study_uid(self._key, row)
        return Waiting(row.ordinal, uid, row.instances, row.claimed, row.tries)

    def renew(self, export_id: str, ordinal: int, *, who: str, until: datetime) -> None:
        """Lengthen a lease.

        Raises:
            ConflictError: It is somebody else's by now.
        """
        self._change(export_id, ordinal, who, leased_until=until)

    def claim(self, export_id: str, ordinal: int, instances: int, *, who: str) -> None:
        """Say how many instances a study has: so many outcomes its export will owe.

        Raises:
            ConflictError: Somebody else works on it by now.
        """
        self._change(export_id, ordinal, who, claimed=instances)

    def give_back(
        self, export_id: str, ordinal: int, *, who: str, why: str, due_at: datetime, tried: bool
    ) -> None:
        """End a lease with the study not settled.

        Args:
            export_id: Of which export.
            ordinal: Which of its studies.
            who: Whose lease it is.
            why: A closed text: what it waits for.
            due_at: Before this moment nobody tries again.
            tried: Whether it counts as a try.

        Raises:
            ConflictError: Somebody else works on it by now.
        """
        changes: dict[str, Any] = {"why": why, "due_at": due_at}
        if tried:
            changes["tries"] = announced.c.tries + 1
        self._change(export_id, ordinal, who, leased_by=None, leased_until=None, **changes)

    def settle(self, export_id: str, ordinal: int, *, who: str, why: str = "") -> None:
        """Say that every instance of a study has its outcome.

        Raises:
            ConflictError: Somebody else works on it by now, or nobody said how many there are.
        """
        changes = {"state": AnnouncedState.SETTLED, "why": why}
        self._change(export_id, ordinal, who, leased_by=None, leased_until=None, **changes)

    def _change(self, export_id: str, ordinal: int, who: str, **values: Any) -> None:  # noqa: ANN401
        statement = announced.update().where(
            announced.c.export_id == export_id,
            announced.c.ordinal == ordinal,
            announced.c.leased_by == who,
        )
        with writing(self._engine) as connection:
            if not connection.execute(statement.values(changed_at=now(), **values)).rowcount:
                raise ConflictError(Reason.LEASE)

    def holders(self) -> frozenset[str]:
        """Give all who have a study leased, also those whose lease is over."""
        wanted = select(announced.c.leased_by).where(announced.c.leased_by.is_not(None)).distinct()
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(wanted))

    def release(self, who: str) -> int:
        """End all leases of somebody who is known to be dead, and count them."""
        statement = announced.update().where(announced.c.leased_by == who)
        with writing(self._engine) as connection:
            free = statement.values(leased_by=None, leased_until=None)
            return connection.execute(free).rowcount

    def wake(self, export_id: str) -> int:
        """Let studies that wait for another try be tried now, and count them."""
        moment = now()
        statement = announced.update().where(
            announced.c.export_id == export_id,
            announced.c.state == AnnouncedState.WAITING,
            announced.c.due_at > moment,
        )
        with writing(self._engine) as connection:
            return connection.execute(statement.values(due_at=moment)).rowcount

    def counts(self, export_id: str) -> Mapping[AnnouncedState, int]:
        """Count an export's announced studies by state."""
        statement = (
            select(announced.c.state, func.count())
            .where(announced.c.export_id == export_id)
            .group_by(announced.c.state)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        return Counter({AnnouncedState(state): number for state, number in rows})

    def studies(self, export_id: str) -> dict[str, AnnouncedState]:
        """Give the studies that were announced to an export by UID; none that was forgotten."""
        wanted = select(announced).where(
            announced.c.export_id == export_id, announced.c.study_uid_enc.is_not(None)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(announced.c.ordinal)).all()
        return {study_uid(self._key, row): AnnouncedState(row.state) for row in rows}

    def leased(self, study_uids: Iterable[str]) -> frozenset[str]:
        """Give those of some studies that an export fetches at this moment."""
        names = {study_index(self._key, uid): uid for uid in study_uids}
        under_way = select(announced.c.study_uid_index).where(announced.c.leased_until > now())
        with reading(self._engine) as connection:
            return frozenset(
                names[index]
                for some in batches(names)
                for index in connection.scalars(
                    under_way.where(announced.c.study_uid_index.in_(some))
                )
            )

    def waited_for(self, exports: Collection[str]) -> frozenset[str]:
        """Give the UIDs of the studies for which some exports wait."""
        wanted = select(announced).where(announced.c.state == AnnouncedState.WAITING)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return frozenset(study_uid(self._key, row) for row in rows if row.export_id in exports)

    def next_due(self, export_id: str) -> datetime | None:
        """Give the moment from which on a waiting study may be tried; None when none waits."""
        busy_until = func.coalesce(announced.c.leased_until, announced.c.due_at)
        later = and_(announced.c.leased_until.is_not(None), busy_until > announced.c.due_at)
        wanted = select(announced.c.due_at, busy_until, later).where(
            announced.c.export_id == export_id, announced.c.state == AnnouncedState.WAITING
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return min((row[1] if row[2] else row[0] for row in rows), default=None)

    def by_accession(self, accession: str, issuer: str = "") -> tuple[AnnouncedTrace, ...]:
        """Tell how far the studies of an accession number are, also those that never came."""
        return tuple(
            AnnouncedTrace(
                row.export_id,
                row.ordinal,
                AnnouncedState(row.state),
                row.claimed,
                row.why,
                row.changed_at,
            )
            for row in self._of(accession, issuer)
        )

    def originals(self, accession: str, issuer: str = "") -> tuple[tuple[str, str], ...]:
        """Give the studies of an accession number: export and original UID; none once forgotten."""
        found = self._of(accession, issuer)
        return tuple((row.export_id, uid) for row in found if (uid := study_uid(self._key, row)))

    def _of(self, accession: str, issuer: str) -> Sequence[Row[Any]]:
        index = accession_index(self._key, accession, issuer)
        if index is None:
            return ()
        wanted = select(announced).where(announced.c.accession_index == index)
        with reading(self._engine) as connection:
            return connection.execute(wanted.order_by(announced.c.id)).all()

    def forget(self, before: datetime) -> int:
        """Erase what identifies studies that were settled or skipped before a moment; count them.

        How many there were, and what was claimed, stays.
        """
        statement = announced.update().where(
            announced.c.state != AnnouncedState.WAITING,
            announced.c.changed_at < before,
            announced.c.study_uid_enc.is_not(None),
        )
        nothing = dict.fromkeys(("study_uid_enc", "study_uid_index", "accession_index"))
        with writing(self._engine) as connection:
            return connection.execute(statement.values(nothing)).rowcount
