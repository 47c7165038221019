"""Drafts and permits for the tests: small, distinct, and all numbers made up."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Engine

from catalog import permits
from catalog.accounts import accounts, keys
from catalog.accounts.records import Account
from catalog.columns import now
from catalog.database import reading, writing
from catalog.holders import add_holder, add_region
from catalog.outcome import Outcome
from catalog.publishing.publish import CataloguePublisher
from catalog.records import (
    Facts,
    Holder,
    Instance,
    NewRevision,
    Region,
    Stored,
    StudyDraft,
    Versions,
)
from catalog.tables import permit_person
from catalog.vocabulary import Kind, Laterality, View

TODAY = date(2026, 11, 22)
WHO = "researcher-1"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def instance(study: int, number: int, **changes: Any) -> Instance:
    fields: dict[str, Any] = {
        "study_uid": f"2.25.{study}",
        "series_uid": f"2.25.{study}.1",
        "sop_uid": f"2.25.{study}.1.{number}",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.2",
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "modality": "MG",
        "kind": Kind.FFDM,
        "view": View.CC if number % 2 else View.MLO,
        "laterality": Laterality.LEFT if number <= 2 else Laterality.RIGHT,
        "vendor": "HOLOGIC",
        "rows": 4096,
        "columns": 3328,
        "frames": 1,
        "age_band": "50-54",
        "exam_year": 2019,
    }
    return Instance(**(fields | changes))


def new_revision(described: Instance, header: str = "h", pixels: str = "p") -> NewRevision:
    pixel, head = digest(described.sop_uid + pixels), digest(described.sop_uid + header)
    stored = Stored(f"clean/{head}{pixel}"[:80], 3000, digest(head + pixel), head, pixel, 1000)
    versions = Versions("mammography", "2026d", "detector-1", "k1")
    return NewRevision(described, stored, Facts(2019, 52, 1, ("MARKER",)), versions)


def draft(
    study: int,
    *revisions: NewRevision,
    outcomes: Mapping[Outcome, int] | None = None,
    **changes: Any,
) -> StudyDraft:
    made = revisions or tuple(new_revision(instance(study, number)) for number in range(1, 5))
    fields: dict[str, Any] = {
        "export_id": "export-1",
        "study_ordinal": study,
        "holder_id": "vgr",
        "region": "vg",
        "subject": f"subject-{study}",
        "revisions": made,
        "outcomes": {Outcome.ADMITTED: len(made)} if outcomes is None else outcomes,
    }
    return StudyDraft(**(fields | changes))


def prepared(engine: Engine) -> CataloguePublisher:
    """Enter two holders of two regions, and give a publisher."""
    for region, holder in (("vg", "vgr"), ("sk", "skane")):
        add_region(engine, Region(region, region.upper()))
        add_holder(engine, Holder(holder, region, holder.title(), "232100-0131", "SE2321000131"))
    return CataloguePublisher(engine)


def permit(permit_id: str = "permit-1", **changes: Any) -> permits.Permit:
    fields: dict[str, Any] = {
        "id": permit_id,
        "title": "Density over time",
        "purpose": "Research",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "persons": frozenset({WHO}),
    }
    return permits.Permit(**(fields | changes))


def authorised(engine: Engine, permit_id: str, *, who: str, today: date) -> permits.Permit:
    """Give the permit as the door does, if it names the person and is in force."""
    with reading(engine) as connection:
        return permits.require(connection, permit_id, who=who, today=today)


def let_in(engine: Engine, account: str, permit_id: str) -> None:
    """Register an environment with a bucket of its name, and name it in a permit."""
    new = Account(account, "An SPE", now().date(), bucket=account)
    accounts.add(engine, new, keys.public_text(keys.draw()), who="ops")
    with writing(engine) as connection:
        named = {"permit_id": permit_id, "person": account}
        connection.execute(permit_person.insert().values(**named))
