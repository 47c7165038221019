"""Enter a study's clean objects into the catalogue: one transaction, whole or not at all."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from catalog import holds, subjects
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.deliveries.tying import tie
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.facets import keeping as facets
from catalog.holders import get_holder
from catalog.optouts import register
from catalog.optouts.register import Said
from catalog.publishing.derived_rows import write_derived, write_pixels
from catalog.publishing.drafts import require_foreseen, require_not_erased, require_whole
from catalog.publishing.present import (
    Present,
    already_mine,
    contradiction,
    present_instances,
    published_as,
)
from catalog.publishing.study_rows import Place, Written, enter_series, enter_study, write_revision
from catalog.recalls import standing as recalls
from catalog.records import ExportSummary, Holder, Instance, Merge, NewRevision, StudyDraft
from catalog.tables import export, holder, outcome
from catalog.vocabulary import HoldKind, OptOut, Standing

NEW_KEY = "she has another pseudonym since a key or her number changed"


class CataloguePublisher:
    """Publishes straight into the catalogue of the same machine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def holder(self, holder_id: str) -> Holder:
        """Give the holder that an export is of.

        Raises:
            NotFoundError: The holder is unknown.
        """
        return get_holder(self._engine, holder_id)

    def standing(
        self,
        sop_uid: str,
        header_sha256: str,
        pixel_sha256: str,
        *,
        export_id: str = "",
        remade: Collection[str] = (),
    ) -> Standing:
        """Compare digests with the latest revision under the UID.

        What `export_id` itself has published stands as it stood before, so that an export that
        is run again after a crash ends as it would have without one.

        Other pixels are a conflict, unless those there are among `remade`: digests of clean pixels
        that were made of the same original before.

        Raises:
            DatabaseError: The database did not answer.
        """
        with reading(self._engine) as connection:
            present = present_instances(connection, [sop_uid]).get(sop_uid)
        if present is None:
            return Standing.NEW
        standing = present.standing(header_sha256, pixel_sha256, remade)
        if standing is Standing.KNOWN and present.export_id == export_id:
            return Standing.NEW if present.number == 1 else Standing.REVISED
        return standing

    def contradiction(
        self, new: Instance, *, subject: str, holder_id: str, before: Collection[str] = ()
    ) -> Reason | None:
        """Tell what forbids that an instance is ever published as it is; None if nothing does.

        A study has one subject and one holder, a series and an instance one study. That is so for
        good: what says otherwise has to be looked at by a person. `before` are pseudonyms that the
        subject had before, and that become one with hers as the study is published.
        """
        hers = (subject, *before)
        with reading(self._engine) as connection:
            return contradiction(connection, new, hers=hers, holder_id=holder_id)

    def published_as(
        self, sop_uid: str, header_sha256: str, pixel_sha256: str, *, export_id: str
    ) -> int | None:
        """Give the number of the revision that an export published with these digests, if any."""
        with reading(self._engine) as connection:
            return published_as(
                connection, sop_uid, header_sha256, pixel_sha256, export_id=export_id
            )

    def publish(self, draft: StudyDraft) -> Mapping[str, int]:
        """Publish one study whole or not at all; the same draft again changes nothing.

        Returns:
            The number of the revision that each instance of the draft became, by its UID.

        Raises:
            NotFoundError: The holder is unknown in that region.
            ConflictError: The study, a series, an instance or the export is another's; or the
                holder delivers on permit only, and no order asks for it.
            RaceError: The standings the draft was made from are no longer so.
        """
        require_whole(draft)
        study_id = None
        with writing(self._engine) as connection:
            _open_export(connection, draft.export_id, draft.holder_id, region=draft.region)
            if draft.revisions:
                for merge in draft.merges:
                    subjects.merge_known(connection, merge, reason=NEW_KEY, who=draft.export_id)
                study_id = _enter_revisions(connection, draft)
            tie(connection, draft)
            _count(connection, draft)
            if study_id is not None:
                recalls.hold_published(connection, study_id, who=draft.export_id)
            uids = [new.instance.sop_uid for new in draft.revisions]
            return {uid: there.number for uid, there in present_instances(connection, uids).items()}

    def record_tally(self, summary: ExportSummary) -> None:
        """Record an export's claim and disclosure decision; again only updates them.

        Raises:
            NotFoundError: The holder is unknown.
            ConflictError: The export is another holder's.
        """
        with writing(self._engine) as connection:
            _open_export(connection, summary.export_id, summary.holder_id)
            connection.execute(
                export.update()
                .where(export.c.id == summary.export_id)
                .values(
                    disclosure_reference=summary.disclosure_reference,
                    claimed=summary.tally.claimed,
                    foreign_files=summary.tally.foreign,
                    tallied_at=now(),
                )
            )

    def hold(self, subject: str, kind: HoldKind, *, reason: str, who: str) -> bool:
        """Hold a subject, unless nothing of hers is published or she is held so already."""
        return holds.stop_subject(self._engine, subject, kind, reason=reason, who=who)

    def hold_instance(
        self, sop_uid: str, kind: HoldKind, *, holder_id: str, reason: str, who: str
    ) -> bool:
        """Hold an instance, unless it is not the holder's or is held so already."""
        return holds.stop_instance(
            self._engine, sop_uid, kind, holder_id=holder_id, reason=reason, who=who
        )

    def opt_out(self, subject: str, word: OptOut, valid_from: datetime, *, who: str) -> bool:
        """Enter what a woman says of the use of her data; the same again changes nothing.

        Raises:
            ConflictError: That is no pseudonym, or a moment that has not come.
        """
        return register.enter(self._engine, Said(subject, word, valid_from), said_by="", who=who)

    def merge(self, merge: Merge, *, reason: str, who: str) -> None:
        """Make two pseudonyms of one woman one Subject; again changes nothing.

        Raises:
            NotFoundError: One of the two is unknown.
            ConflictError: They contradict an earlier merge.
        """
        subjects.merge(
            self._engine, old=merge.old, new=merge.new, weeks=merge.weeks, reason=reason, who=who
        )


def _open_export(
    connection: Connection, export_id: str, holder_id: str, *, region: str | None = None
) -> None:
    row = connection.execute(select(holder).where(holder.c.id == holder_id)).one_or_none()
    if row is None or region not in {None, row.region_id}:
        raise NotFoundError
    insert_if_absent(
        connection, export, {"id": export_id, "holder_id": holder_id, "first_seen_at": now()}
    )
    if connection.scalar(select(export.c.holder_id).where(export.c.id == export_id)) != holder_id:
        raise ConflictError(Reason.OTHER_HOLDER)


def _enter_revisions(connection: Connection, draft: StudyDraft) -> int:
    subject_id, study_id = enter_study(connection, draft)
    require_not_erased(connection, draft)  # the study's row is locked: nobody erases it meanwhile
    series_ids = enter_series(connection, draft, study_id)
    # The study's row is locked: what we see of its instances now stays so until we commit.
    ordered = sorted(draft.revisions, key=lambda new: new.instance.sop_uid)
    present = present_instances(connection, [new.instance.sop_uid for new in draft.every])
    mine = already_mine(connection, draft)
    seen: Counter[Standing] = Counter()
    written: dict[str, tuple[Written, Place]] = {}
    for new in ordered:
        uid, there = new.instance.sop_uid, present.get(new.instance.sop_uid)
        if (uid, new.stored.header_sha256, new.stored.pixel_sha256) in mine:
            continue
        standing = _standing(new, there, study_id)
        seen[standing] += 1
        if standing in {Standing.NEW, Standing.REVISED}:
            series_id = series_ids[new.instance.series_uid]
            place = Place(subject_id, study_id, series_id, draft.export_id)
            written[uid] = write_revision(connection, new, place, there=there), place
            write_pixels(connection, new, written[uid][0])
    require_foreseen(draft, seen)
    write_derived(connection, draft, written, series=series_ids, present=present)
    facets.keep(connection, [study_id])
    return study_id


def _standing(new: NewRevision, there: Present | None, study_id: int) -> Standing:
    if there is None:
        return Standing.NEW
    if there.study_id != study_id:
        raise ConflictError(Reason.OTHER_STUDY)
    return there.standing(new.stored.header_sha256, new.stored.pixel_sha256, new.remade)


def _count(connection: Connection, draft: StudyDraft) -> None:
    place = (
        outcome.c.export_id == draft.export_id,
        outcome.c.study_ordinal == draft.study_ordinal,
    )
    connection.execute(outcome.delete().where(*place))
    rows = [
        {
            "export_id": draft.export_id,
            "study_ordinal": draft.study_ordinal,
            "outcome": word,
            "instances": number,
        }
        for word, number in sorted(draft.outcomes.items())
        if number
    ]
    if rows:
        connection.execute(outcome.insert(), rows)
