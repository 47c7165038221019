"""The tables of the national catalogue: no path, no original identifier, no key material."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from catalog.columns import UtcDateTime, closed, named_metadata, one_of, reference, serial
from catalog.outcome import Outcome
from catalog.vocabulary import (
    AGE_BANDS,
    HolderMode,
    HoldKind,
    HoldScope,
    Kind,
    Laterality,
    ReleaseState,
    Tier,
    View,
)

UID = String(64)
DIGEST = String(64)

metadata = named_metadata()

region = Table(
    "region",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
)

holder = Table(
    "holder",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("region_id", ForeignKey("region.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("organisation_number", String(16), nullable=False),
    Column("hsa_id", String(64), nullable=False),
    Column("mode", String(16), nullable=False, server_default=HolderMode.STANDING.value),
    one_of("mode", HolderMode),
)

subject = Table(
    "subject",
    metadata,
    serial(),
    Column("pseudonym", String(128), nullable=False, unique=True),
    # Merged subjects stay: by them a pseudonym of before is still known.
    Column("merged_into", ForeignKey("subject.id"), index=True),
    Column("weeks", Integer, nullable=False, server_default="0"),
)

# What was merged, by whom and why; only ever added to.
subject_merge = Table(
    "subject_merge",
    metadata,
    serial(),
    Column("old", String(128), nullable=False, index=True),
    Column("new", String(128), nullable=False, index=True),
    Column("weeks", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("old <> new", name="two"),
)

study = Table(
    "study",
    metadata,
    serial(),
    Column("key", String(32), nullable=False, unique=True),
    Column("study_uid", UID, nullable=False, unique=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("holder_id", ForeignKey("holder.id"), nullable=False),
    Column("exam_year", SmallInteger),
    Column("age_band", String(8)),
    Column("published_at", UtcDateTime, nullable=False),
    one_of("age_band", AGE_BANDS),
    Index(None, "holder_id", "key"),
    Index(None, "exam_year", "key"),
    Index(None, "age_band", "key"),
)

series = Table(
    "series",
    metadata,
    serial(),
    Column("series_uid", UID, nullable=False, unique=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("modality", String(16), nullable=False),
)

instance = Table(
    "instance",
    metadata,
    serial(),
    Column("sop_uid", UID, nullable=False, unique=True),
    Column("study_id", ForeignKey("study.id"), nullable=False),
    Column("series_id", ForeignKey("series.id"), nullable=False, index=True),
    Column("sop_class_uid", UID, nullable=False),
    Column("transfer_syntax", UID, nullable=False),
    *closed("kind", Kind),
    *closed("view", View),
    *closed("laterality", Laterality),
    Column("vendor", String(32), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("latest", Integer, nullable=False),
    # The image that it was made of, here; what holds the image holds it too.
    Column("derived_from", ForeignKey("instance.id"), index=True),
    # The region's pseudonym of the machine, and its model: a recall goes by them. Neither is told
    # to who searches; of what was stored before they were kept, both are null.
    Column("device", String(32), index=True),
    Column("model", String(64)),
    Index(None, "study_id", "kind", "view", "laterality", "vendor"),
)

revision = Table(
    "revision",
    metadata,
    serial(),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    # Whose pseudonym and shift of dates the clean header carries; the study's may be another now.
    Column("subject_id", ForeignKey("subject.id"), index=True),
    Column("number", Integer, nullable=False),
    Column("export_id", ForeignKey("export.id"), nullable=False, index=True),
    Column("key", String(255), nullable=False, index=True),
    Column("size", reference(), nullable=False),
    Column("pixel_offset", Integer, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    Column("header_sha256", DIGEST, nullable=False),
    Column("pixel_sha256", DIGEST, nullable=False),
    Column("profile", String(64), nullable=False),
    Column("edition", String(64), nullable=False),
    Column("detector", String(128), nullable=False),
    Column("key_version", String(64), nullable=False),
    Column("boxes_blanked", Integer, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("derived_from", ForeignKey("revision.id"), index=True),
    UniqueConstraint("instance_id", "number"),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("pixel_offset > 0 AND pixel_offset <= size", name="pixel_offset"),
)

export = Table(
    "export",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("holder_id", ForeignKey("holder.id"), nullable=False, index=True),
    Column("disclosure_reference", String(128)),
    Column("claimed", Integer),
    Column("foreign_files", Integer),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("tallied_at", UtcDateTime),
    CheckConstraint("claimed >= 0 AND foreign_files >= 0", name="claimed"),
)

outcome = Table(
    "outcome",
    metadata,
    Column("export_id", ForeignKey("export.id"), primary_key=True),
    Column("study_ordinal", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String(16), primary_key=True),
    Column("instances", Integer, nullable=False),
    one_of("outcome", Outcome),
    CheckConstraint("instances > 0", name="instances"),
)

permit = Table(
    "permit",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("purpose", Text, nullable=False),
    *closed("tier", Tier),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("valid_from <= valid_until", name="validity"),
)

permit_person = Table(
    "permit_person",
    metadata,
    Column("permit_id", ForeignKey("permit.id"), primary_key=True),
    Column("person", String(255), primary_key=True),
    Index(None, "person"),
)

release = Table(
    "release",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("permit_id", ForeignKey("permit.id"), nullable=False),
    *closed("state", ReleaseState),
    Column("query", JSON, nullable=False),
    Column("instances", Integer, nullable=False),
    # Which state of the catalogue it was frozen in: it rises with each revision and each erasure.
    Column("catalogue_version", reference(), nullable=False, server_default="0"),
    Column("frozen_at", UtcDateTime, nullable=False),
    Column("sealed_at", UtcDateTime),
    UniqueConstraint("permit_id", "number"),
    CheckConstraint("(state = 'SEALED') = (sealed_at IS NOT NULL)", name="sealed"),
)

# A row is written when the cohort is frozen, and completed when its header is.
release_instance = Table(
    "release_instance",
    metadata,
    Column("release_id", ForeignKey("release.id"), primary_key=True),
    Column("revision_id", ForeignKey("revision.id"), primary_key=True, index=True),
    Column("study_uid", UID),
    Column("series_uid", UID),
    Column("sop_uid", UID),
    Column("pseudonym", String(128)),
    Column("file_name", String(255)),
    Column("header_key", String(255), index=True),
    Column("header_size", Integer),
    Column("sha256", DIGEST),
    Column("crc32", reference()),
    # Key and code by which the door knows the bytes again (`catalog.releases.mac`).
    Column("mac", DIGEST),
    # What the released header says (`catalog.releases.facts`).
    Column("facts", JSON(none_as_null=True)),
    UniqueConstraint("release_id", "sop_uid"),
    UniqueConstraint("release_id", "file_name"),
    Index(None, "release_id", "study_uid", "series_uid", "sop_uid"),
    CheckConstraint(
        "sop_uid IS NULL OR (study_uid IS NOT NULL AND series_uid IS NOT NULL"
        " AND pseudonym IS NOT NULL AND file_name IS NOT NULL AND header_key IS NOT NULL"
        " AND header_size > 0 AND sha256 IS NOT NULL AND crc32 >= 0)",
        name="complete",
    ),
)

hold = Table(
    "hold",
    metadata,
    serial(),
    *closed("kind", HoldKind),
    *closed("scope", HoldScope),
    Column("target", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_by", String(255), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("lifted_by", String(255)),
    Column("lifted_at", UtcDateTime),
    Column("lift_reason", Text),
    # From when on it counts, where that is another moment; and the recall that placed it.
    Column("since", UtcDateTime),
    Column("recall_id", reference(), index=True),
    Index(None, "scope", "target"),
    CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted"),
)
