"""What a region may ask and say of the catalogue: of its own holders' records, and no others.

What is another region's is to it as if it were not there, or at most as another holder's.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from catalog import holds, subjects
from catalog.arrivals.answers import OrderAnswer
from catalog.arrivals.arrivals import require_own
from catalog.arrivals.regions import limits_of
from catalog.columns import now
from catalog.database import reading, writing
from catalog.deliveries import orders
from catalog.deliveries.records import DeliveryOrder
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.holders import get_holder
from catalog.holds import HoldTarget
from catalog.optouts import register
from catalog.optouts.register import Said
from catalog.publishing.publish import CataloguePublisher
from catalog.records import ExportSummary, Holder, Instance, Merge, StudyDraft
from catalog.tables import export, holder, instance, study, subject
from catalog.vocabulary import DeliveryState, HoldKind, HoldScope, OptOut, Standing

SAID = "told by the region"


class RegionScope:
    """One region's view of the catalogue; everything it asks comes through here."""

    def __init__(self, engine: Engine, region_id: str) -> None:
        self._engine = engine
        self._region = region_id
        self._all = CataloguePublisher(engine)

    @property
    def who(self) -> str:
        """Name the region in what is recorded."""
        return f"region {self._region}"

    def holder(self, holder_id: str) -> Holder:
        """Give one of its own holders.

        Raises:
            NotFoundError: It has none by that id.
        """
        found = get_holder(self._engine, holder_id)
        if found.region != self._region:
            raise NotFoundError
        return found

    def standing(
        self,
        sop_uid: str,
        header_sha256: str,
        pixel_sha256: str,
        *,
        export_id: str = "",
        remade: Collection[str] = (),
    ) -> Standing:
        """Tell how an instance stands to what the region itself has published; else it is new."""
        with reading(self._engine) as connection:
            whose = (
                select(holder.c.region_id)
                .join(study, study.c.holder_id == holder.c.id)
                .join(instance, instance.c.study_id == study.c.id)
                .where(instance.c.sop_uid == sop_uid)
            )
            if connection.scalar(whose) != self._region:
                return Standing.NEW
        return self._all.standing(
            sop_uid, header_sha256, pixel_sha256, export_id=export_id, remade=remade
        )

    def contradiction(
        self, new: Instance, *, hers: str, holder_id: str, before: Collection[str] = ()
    ) -> Reason | None:
        """Tell what forbids an instance; of another region's study no more than that it is one.

        Raises:
            NotFoundError: The holder is not the region's.
        """
        with reading(self._engine) as connection:
            require_own(connection, self._region, holder_id)
            whose = (
                select(holder.c.region_id)
                .join(study, study.c.holder_id == holder.c.id)
                .where(study.c.study_uid == new.study_uid)
            )
            if connection.scalar(whose) not in {None, self._region}:
                return Reason.OTHER_HOLDER
        return self._all.contradiction(new, subject=hers, holder_id=holder_id, before=before)

    def published_as(
        self, sop_uid: str, header_sha256: str, pixel_sha256: str, *, export_id: str
    ) -> int | None:
        """Give the number of the revision that an export of the region's published, if any."""
        with reading(self._engine) as connection:
            if not self._is_mine(connection, export_id):
                return None
        return self._all.published_as(sop_uid, header_sha256, pixel_sha256, export_id=export_id)

    def record_tally(self, summary: ExportSummary) -> None:
        """Record what one of its exports claimed.

        Raises:
            NotFoundError: The holder is not the region's.
            ConflictError: The export is another holder's.
        """
        with reading(self._engine) as connection:
            require_own(connection, self._region, summary.holder_id)
        self._all.record_tally(summary)

    def hold(self, pseudonym: str, kind: HoldKind) -> bool:
        """Hold what the region published of a woman; tell whether a Hold was placed.

        All of hers, if all is the region's; else each study of the region's: what another region
        published is not this one's to stop.
        """
        with writing(self._engine) as connection:
            root = subjects.woman(connection, pseudonym)
            mine, others = self._studies(connection, root)
            if root is None or not mine:
                return False
            targets = [HoldTarget(HoldScope.STUDY, uid) for uid in mine]
            if not others:
                targets = [HoldTarget(HoldScope.SUBJECT, pseudonym)]
            placed = 0
            for target in targets:
                if not holds.is_placed(connection, kind, target):
                    holds.stop(connection, kind, target, reason=SAID, who=self.who)
                    placed += 1
            return placed > 0

    def opt_out(self, pseudonym: str, word: OptOut, valid_from: datetime) -> bool:
        """Enter what a woman says in this region; it counts for all of hers, wherever it came from.

        Raises:
            ConflictError: That is a moment that has not come.
        """
        said = Said(pseudonym, word, valid_from)
        return register.enter(self._engine, said, said_by=self._region, who=self.who)

    def hold_instance(self, sop_uid: str, kind: HoldKind, *, holder_id: str) -> bool:
        """Hold an instance that one of its own holders published; tell whether a Hold was placed.

        Raises:
            NotFoundError: It has no such holder.
        """
        self.holder(holder_id)
        return holds.stop_instance(
            self._engine, sop_uid, kind, holder_id=holder_id, reason=SAID, who=self.who
        )

    def answer(self, told: OrderAnswer) -> DeliveryOrder:
        """Enter what it says of an order to one of its holders; give the order as it is then.

        One that was taken back stays so, whatever is said of it.

        Raises:
            NotFoundError: There is none, or it is another region's.
            StepError: It takes no such answer as it stands.
        """
        if (found := orders.get(self._engine, told.order)).region != self._region:
            raise NotFoundError
        if found.state is not DeliveryState.WITHDRAWN:
            orders.answer(self._engine, told, who=self.who)
        return orders.get(self._engine, told.order)

    def merge(self, merge: Merge) -> None:
        """Make two pseudonyms of a woman one, if all that is published of her is the region's.

        Raises:
            NotFoundError: One of the two is unknown, or has images of another region's.
            ConflictError: They contradict an earlier merge.
        """
        with writing(self._engine) as connection:
            if not self._may_merge(connection, merge):
                raise NotFoundError(Reason.UNKNOWN_SUBJECT)
            subjects.merge_in(connection, merge, reason=SAID, who=self.who)

    def require_lawful(self, draft: StudyDraft) -> None:
        """Stop unless a delivered study is the region's own, and merges nobody else's women.

        Raises:
            NotFoundError: The region or the holder is another.
            ConflictError: A merge would reach into another region's studies.
        """
        if draft.region != self._region:
            raise NotFoundError
        with reading(self._engine) as connection:
            require_own(connection, self._region, draft.holder_id)
            for merge in draft.merges:
                if merge.new != draft.subject:
                    raise ConflictError(Reason.MIXED_DRAFT)
                if not self._may_merge(connection, merge):
                    raise ConflictError(Reason.OTHER_REGION)

    def _may_merge(self, connection: Connection, merge: Merge) -> bool:
        until = limits_of(self._engine, self._region).merges_until
        if until is not None and now().date() <= until:
            return True
        roots = (subjects.woman(connection, one) for one in (merge.old, merge.new))
        return not any(self._studies(connection, root)[1] for root in roots)

    def _studies(self, connection: Connection, root: int | None) -> tuple[list[str], list[str]]:
        """Give the UIDs of a woman's studies: the region's, and the others'."""
        rows = connection.execute(
            select(study.c.study_uid, holder.c.region_id)
            .join(holder, holder.c.id == study.c.holder_id)
            .join(subject, subject.c.id == study.c.subject_id)
            .where(study.c.subject_id == root)
        ).all()
        mine = [row.study_uid for row in rows if row.region_id == self._region]
        return mine, [row.study_uid for row in rows if row.region_id != self._region]

    def _is_mine(self, connection: Connection, export_id: str) -> bool:
        whose = (
            select(holder.c.region_id)
            .join(export, export.c.holder_id == holder.c.id)
            .where(export.c.id == export_id)
        )
        return connection.scalar(whose) == self._region
