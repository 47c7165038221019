"""Drafts as a region makes them, of made-up bytes."""

import hashlib
import uuid

from catalog.outcome import Outcome
from catalog.records import Facts, Instance, NewRevision, Stored, StudyDraft, Versions
from catalog.vocabulary import Kind, Laterality, View


def ours(number: int) -> str:
    """A UID as the space makes them: 2.25 and a UUID of version 8."""
    value = bytearray(hashlib.sha256(str(number).encode()).digest()[:16])
    value[6], value[8] = value[6] & 0x0F | 0x80, value[8] & 0x3F | 0x80
    return f"2.25.{uuid.UUID(bytes=bytes(value)).int}"


def draft_of(
    region: str, holder: str, subject: str, *uids: str, export: str = "e-norr"
) -> StudyDraft:
    study_uid, series_uid, sop_uid = uids
    digest = hashlib.sha256(sop_uid.encode()).hexdigest()
    stored = Stored(
        f"{holder}/{study_uid}/{sop_uid}/{digest}.dcm", 900, digest, "1" * 64, "2" * 64, 800
    )
    instance = Instance(
        study_uid=study_uid,
        series_uid=series_uid,
        sop_uid=sop_uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        transfer_syntax="1.2.840.10008.1.2.1",
        modality="MG",
        kind=Kind.FFDM,
        view=View.CC,
        laterality=Laterality.LEFT,
        vendor="HOLOGIC",
        rows=256,
        columns=192,
        frames=1,
        age_band="50-54",
        exam_year=2023,
    )
    versions = Versions("mammography 1", "2026d", "text 4", "x-v1")
    new = NewRevision(instance, stored, Facts(2023, 52), versions)
    return StudyDraft(export, 1, holder, region, subject, (new,), {Outcome.ADMITTED: 1})
