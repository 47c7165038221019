"""What a region posts to the hub: strict JSON with a version, and no place for free words.

Both sides use these models: the region writes them, the intake refuses whatever they do not name.
Who says something, and why, is written by the hub itself.
"""

from dataclasses import asdict, replace
from typing import Annotated, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from catalog.outcome import Outcome, Tally
from catalog.records import ExportSummary, Instance, Merge, StudyDraft
from catalog.vocabulary import HoldKind, Kind, Laterality, OptOut, View

VERSION: Final = 1
#: Of a study; since 2 it tells which machine made an image, its model, and for which order it is.
STUDY_VERSION: Final = 2
_MOST: Final = 5000

Uid = Annotated[str, Field(pattern=r"^2\.25\.(0|[1-9][0-9]{0,38})$")]
Standard = Annotated[str, Field(max_length=64, pattern=r"^[0-2](\.(0|[1-9][0-9]*))*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Pseudonym = Annotated[str, Field(pattern=r"^[A-Z2-7]{16,64}$")]
Device = Annotated[str, Field(pattern=r"^[A-Z2-7]{26}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ().,_/+-]{0,64}$")]
Flag = Annotated[str, Field(pattern=r"^[a-z][a-z ]{0,99}$")]
Key = Annotated[str, Field(max_length=255, pattern=r"^[a-z0-9][a-z0-9./-]*$")]
OrderId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0, lt=1 << 31)]
Size = Annotated[int, Field(ge=1, lt=1 << 40)]
Share = Annotated[float, Field(ge=0, le=1)]
# A decision's number at the holder; never what could be a personal identity number.
Reference = Annotated[str, Field(pattern=r"^[A-Za-zÅÄÖåäö0-9 ./:_-]{1,128}$")]


class Told(BaseModel):
    """What a region says: closed, frozen, and silent about what was written."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    def canonical(self) -> bytes:
        """Write it as it is posted."""
        return self.model_dump_json().encode()


class InstanceMessage(Told):
    """What is searchable of one object."""

    study_uid: Uid
    series_uid: Uid
    sop_uid: Uid
    sop_class_uid: Standard
    transfer_syntax: Standard
    modality: Annotated[str, Field(pattern=r"^[A-Z0-9_ ]{0,16}$")]
    kind: Kind
    view: View
    laterality: Laterality
    vendor: Annotated[str, Field(pattern=r"^[A-Z0-9 ]{0,32}$")]
    rows: Annotated[int, Field(ge=0, le=65535)]
    columns: Annotated[int, Field(ge=0, le=65535)]
    frames: Annotated[int, Field(ge=0, le=65536)]
    age_band: Annotated[str, Field(pattern=r"^[0-9]{1,2}-[0-9]{1,2}$")] | None
    exam_year: Annotated[int, Field(ge=1900, le=2200)] | None
    model: Word | None = None

    def record(self) -> Instance:
        """Give what the catalogue calls it."""
        return Instance(**self.model_dump())


class StoredMessage(Told):
    """Where its bytes are to lie."""

    key: Key
    size: Size
    sha256: Digest
    header_sha256: Digest
    pixel_sha256: Digest
    pixel_offset: Annotated[int, Field(ge=1, lt=1 << 31)]


class FactsMessage(Told):
    """What only de-identification saw."""

    exam_year: Annotated[int, Field(ge=1900, le=2200)] | None
    age: Annotated[int, Field(ge=0, le=150)] | None
    boxes_blanked: Count
    flags: Annotated[tuple[Flag, ...], Field(max_length=64)]
    device: Device | Literal[""] = ""


class VersionsMessage(Told):
    """What made it."""

    profile: Word
    edition: Word
    detector: Word
    key_version: Word


class PixelFactsMessage(Told):
    """What its pixels tell."""

    breast_area_mm2: Annotated[float, Field(ge=0)] | None
    breast_share: Share
    laterality: Laterality
    laterality_agrees: bool | None
    saturated_share: Share
    flags: Annotated[tuple[Flag, ...], Field(max_length=64)]


class PreviewMessage(Told):
    """One small picture of it."""

    size: Annotated[int, Field(ge=1, le=4096)]
    width: Annotated[int, Field(ge=1, le=4096)]
    height: Annotated[int, Field(ge=1, le=4096)]
    key: Key
    bytes: Annotated[int, Field(ge=1, le=1 << 26)]
    sha256: Digest


class RevisionMessage(Told):
    """One object."""

    instance: InstanceMessage
    stored: StoredMessage
    facts: FactsMessage
    versions: VersionsMessage
    derived_from: Uid | Literal[""]
    pixel_facts: PixelFactsMessage | None
    previews: Annotated[tuple[PreviewMessage, ...], Field(max_length=8)]
    remade: Annotated[frozenset[Digest], Field(max_length=64)]


class MergeMessage(Told):
    """Two pseudonyms of one woman."""

    old: Pseudonym
    new: Pseudonym
    weeks: Annotated[int, Field(ge=-520, le=520)]

    def record(self) -> Merge:
        """Give what the catalogue calls it."""
        return Merge(self.old, self.new, self.weeks)


class StudyMessage(Told):
    """All that one export says of one study."""

    version: Literal[1, 2]
    export_id: Name
    study_ordinal: Count
    holder_id: Name
    region: Name
    subject: Pseudonym | Literal[""]
    revisions: Annotated[tuple[RevisionMessage, ...], Field(max_length=_MOST)]
    outcomes: Annotated[dict[Outcome, Count], Field(max_length=len(Outcome))]
    merges: Annotated[tuple[MergeMessage, ...], Field(max_length=64)]
    derived: Annotated[tuple[RevisionMessage, ...], Field(max_length=2 * _MOST)]
    order: OrderId | Literal[""] = ""
    known: Annotated[tuple[Uid, ...], Field(max_length=_MOST)] = ()

    @model_validator(mode="after")
    def _is_of_its_version(self) -> "StudyMessage":
        every = (*self.revisions, *self.derived)
        if self.version == 1 and any(new.facts.device or new.instance.model for new in every):
            message = "version 1 tells no machine"
            raise ValueError(message)
        if self.version == 1 and (self.order or self.known):
            message = "version 1 knows no order by criteria"
            raise ValueError(message)
        return self

    def draft(self) -> StudyDraft:
        """Give what the catalogue calls it."""
        return _DRAFT.validate_python(self.model_dump(exclude={"version"}))


_DRAFT: Final = TypeAdapter(StudyDraft)


def study_message(draft: StudyDraft) -> bytes:
    """Write a draft as it is posted.

    Raises:
        pydantic.ValidationError: It has what the hub would not take.
    """
    plain = replace(draft, outcomes=dict(draft.outcomes))  # a Counter would be counted anew
    return StudyMessage.model_validate({"version": STUDY_VERSION, **asdict(plain)}).canonical()


class StandingQuestion(Told):
    """How does an instance stand?"""

    version: Literal[1] = VERSION
    sop_uid: Uid
    header_sha256: Digest
    pixel_sha256: Digest
    export_id: Name | Literal[""] = ""
    remade: Annotated[frozenset[Digest], Field(max_length=64)] = frozenset()


class ContradictionQuestion(Told):
    """What forbids that an instance is ever published as it is?"""

    version: Literal[1] = VERSION
    instance: InstanceMessage
    subject: Pseudonym
    holder_id: Name
    before: Annotated[tuple[Pseudonym, ...], Field(max_length=64)] = ()


class PublishedQuestion(Told):
    """Which revision did an export publish?"""

    version: Literal[1] = VERSION
    sop_uid: Uid
    header_sha256: Digest
    pixel_sha256: Digest
    export_id: Name


class TallyMessage(Told):
    """What a finished export claimed, and how it was disclosed."""

    version: Literal[1] = VERSION
    export_id: Name
    holder_id: Name
    disclosure_reference: Reference
    claimed: Count
    foreign: Count
    counts: Annotated[dict[Outcome, Count], Field(max_length=len(Outcome))]

    def record(self) -> ExportSummary:
        """Give what the catalogue calls it."""
        tally = Tally(self.claimed, self.foreign, self.counts)
        return ExportSummary(self.export_id, self.holder_id, self.disclosure_reference, tally)


class HoldMessage(Told):
    """Hold what a region published of a woman."""

    version: Literal[1] = VERSION
    subject: Pseudonym
    kind: HoldKind


class OptOutMessage(Told):
    """What a woman says of the secondary use of her data: by her pseudonym (EHDS Art. 71)."""

    version: Literal[1] = VERSION
    subject: Pseudonym
    word: OptOut
    valid_from: AwareDatetime


class InstanceHoldMessage(Told):
    """Hold one instance that a holder of the region's published."""

    version: Literal[1] = VERSION
    sop_uid: Uid
    holder_id: Name
    kind: HoldKind


class MergeRequest(Told):
    """Make two pseudonyms one Subject."""

    version: Literal[1] = VERSION
    merge: MergeMessage
