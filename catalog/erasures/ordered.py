"""What a region's ledger holds of studies that are to be erased, and how it forgets them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, or_, select

from catalog.batches import batches
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.erasures.ledger_tables import erased_order, erased_study
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.rows import original_cell, path_cell
from catalog.ledgers.tables import item
from catalog.plans.records import AnnouncedState
from catalog.plans.tables import announced
from catalog.reviews.tables import review

# What stays are outcomes, and keyed hashes of UIDs, by which neither comes in again.
_FORGOTTEN: dict[str, Any] = dict.fromkeys(
    (
        *("path_enc", "path_index", "sop_uid_enc", "study_uid_enc"),
        *("accession_enc", "accession_index", "pixels_index", "clean_pixels", "made_by"),
        *("clean_study_uid", "clean_sop_uid", "revision", "quarantine_key"),
    )
)


@dataclass(frozen=True, repr=False)
class HeldFile:
    """One file of a study that is to be erased.

    Attributes:
        path: Within its export; empty if the ledger has forgotten it.
        review_id: Of the review of what waits in quarantine, if any ever did.
        sop_uid: Original; empty if it is forgotten.
    """

    item_id: int
    export_id: str
    path: str
    review_id: int | None
    sop_uid: str


@dataclass(frozen=True, repr=False)
class Held:
    """All that a ledger holds of the studies of one order.

    Attributes:
        indices: Keyed hashes of the studies' original UIDs; `uids` those that it can read.
    """

    files: tuple[HeldFile, ...]
    indices: frozenset[str]
    uids: frozenset[str]


@dataclass(frozen=True, repr=False)
class ErasedOrder:
    """That an order was carried out: by whom, and what was answered."""

    order_id: str
    who: str
    files: int
    statement: str
    signature: str
    told: bool


class Erased:
    """Erasures by order, in one region's ledger."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def is_erased(self, study_uid: str) -> bool:
        """Tell whether an original study was erased, and nobody has let it in again."""
        index = self._key.index("item.study_uid", study_uid)
        mine = select(erased_study.c.study_uid_index).where(
            erased_study.c.study_uid_index == index, erased_study.c.lifted_at.is_(None)
        )
        with reading(self._engine) as connection:
            return connection.scalar(mine) is not None

    def held(self, clean_study_uids: Iterable[str]) -> Held:
        """Give what is held of studies, by their UIDs in the space: also what never passed.

        Raises:
            ConflictError: Somebody works on one of them now.
        """
        with reading(self._engine) as connection:
            indices: set[str] = set()
            rows: dict[int, Any] = {}
            for some in batches(clean_study_uids):
                named = item.c.clean_study_uid.in_(some)
                wanted = select(item.c.study_uid_index).where(named).distinct()
                found = {one for one in connection.scalars(wanted) if one is not None}
                mine = or_(named, item.c.study_uid_index.in_(found))
                joined = select(item, review.c.id.label("review_id")).outerjoin(
                    review, review.c.item_id == item.c.id
                )
                rows |= {row.id: row for row in connection.execute(joined.where(mine))}
                indices |= found
            self._require_rest(connection, rows.values(), indices)
        read = {
            self._value(row, "study_uid") for row in rows.values() if row.study_uid_enc is not None
        }
        return Held(tuple(map(self._file, rows.values())), frozenset(indices), frozenset(read))

    def _require_rest(
        self, connection: Connection, rows: Iterable[Any], indices: Iterable[str]
    ) -> None:
        """Stop while a walk or a worker has one of the studies."""
        for some in batches({(row.export_id, row.ordinal) for row in rows}):
            pairs = [and_(item.c.export_id == one, item.c.ordinal == two) for one, two in some]
            pending = select(item.c.id).where(or_(*pairs), item.c.outcome.is_(None)).limit(1)
            if connection.scalar(pending) is not None:
                raise ConflictError(Reason.LEASE)
        for names in batches(indices):
            leased = select(announced.c.id).where(
                announced.c.study_uid_index.in_(names), announced.c.leased_until > now()
            )
            if connection.scalar(leased.limit(1)) is not None:
                raise ConflictError(Reason.LEASE)

    def _file(self, row: Any) -> HeldFile:  # noqa: ANN401 # a row of SQLAlchemy's
        path = ""
        if row.path_enc is not None:
            cell = path_cell(row.export_id, row.ordinal, row.path_index)
            path = self._key.decrypt(cell, row.path_enc)
        sop_uid = "" if row.sop_uid_enc is None else self._value(row, "sop_uid")
        return HeldFile(row.id, row.export_id, path, row.review_id, sop_uid)

    def _value(self, row: Any, column: str) -> str:  # noqa: ANN401 # a row of SQLAlchemy's
        cell = original_cell(column, row.id, row.path_index)
        return self._key.decrypt(cell, getattr(row, f"{column}_enc"))

    def shut(self, order_id: str, indices: Iterable[str]) -> None:
        """Refuse these studies from now on, before anything of them is erased."""
        moment = now()
        with writing(self._engine) as connection:
            for index in indices:
                row = {"study_uid_index": index, "order_id": order_id, "erased_at": moment}
                if not insert_if_absent(connection, erased_study, row):
                    again = {"lifted_at": None, "lifted_by": None, "lift_reason": None}
                    mine = erased_study.c.study_uid_index == index
                    connection.execute(
                        erased_study.update()
                        .where(mine, erased_study.c.lifted_at.is_not(None))
                        .values(row | again)
                    )

    def forget(self, held: Held, made: ErasedOrder) -> None:
        """Forget what identifies the files, and keep the proof of it, in one transaction."""
        with writing(self._engine) as connection:
            for some in batches(one.item_id for one in held.files):
                connection.execute(item.update().where(item.c.id.in_(some)).values(_FORGOTTEN))
            for names in batches(held.indices):
                settled = announced.c.state != AnnouncedState.WAITING
                mine = and_(announced.c.study_uid_index.in_(names), settled)
                nothing = {"study_uid_enc": None, "accession_index": None}
                connection.execute(announced.update().where(mine).values(nothing))
            row = vars(made) | {"at": now()}
            del row["told"]
            connection.execute(erased_order.insert().values(row))

    def done(self, order_id: str) -> ErasedOrder | None:
        """Give how an order was carried out; None if it was not yet."""
        mine = select(erased_order).where(erased_order.c.order_id == order_id)
        with reading(self._engine) as connection:
            row = connection.execute(mine).one_or_none()
        if row is None:
            return None
        said = (row.order_id, row.who, row.files, row.statement, row.signature)
        return ErasedOrder(*said, told=row.told_at is not None)

    def told(self, order_id: str) -> None:
        """Write down that the hub has the answer."""
        mine = erased_order.c.order_id == order_id
        with writing(self._engine) as connection:
            connection.execute(
                erased_order.update()
                .where(mine, erased_order.c.told_at.is_(None))
                .values(told_at=now())
            )

    def readmit(self, order_id: str, *, who: str, reason: str) -> int:
        """Let the studies of an order come in again, and count them; the hub decides for itself.

        Raises:
            NotFoundError: Nothing was erased by such an order.
        """
        mine = erased_study.c.order_id == order_id
        lifted = {"lifted_at": now(), "lifted_by": who, "lift_reason": reason}
        with writing(self._engine) as connection:
            if connection.scalar(select(erased_study.c.order_id).where(mine).limit(1)) is None:
                raise NotFoundError
            open_ = erased_study.update().where(mine, erased_study.c.lifted_at.is_(None))
            return connection.execute(open_.values(lifted)).rowcount
