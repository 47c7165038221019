"""The records that other rooms hand to the catalogue, and the ones they get back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from catalog.outcome import Outcome, Tally
from catalog.vocabulary import HolderMode, Kind, Laterality, ProtectionSource, View


@dataclass(frozen=True)
class Region:
    """A health-care region, by a short id such as `vg`."""

    id: str
    name: str


@dataclass(frozen=True)
class Holder:
    """The care provider that answers for the data (EHDS Art. 2(2)(t), health data holder).

    Attributes:
        mode: Whether its data come as they are made; only `catalog.holders.set_mode` changes it.
    """

    id: str
    region: str
    name: str
    organisation_number: str = ""
    hsa_id: str = ""
    mode: HolderMode = HolderMode.STANDING


@dataclass(frozen=True)
class DisclosureDecision:
    """The holder's decision that lets an export leave it."""

    reference: str
    legal_basis: str
    purpose: str
    controller: str
    valid_until: date
    protection_source: ProtectionSource = ProtectionSource.UNKNOWN


@dataclass(frozen=True)
class Facts:
    """What only de-identification saw: the true exam year, the age, the boxes it blanked.

    Attributes:
        device: The region's pseudonym of the machine; empty where the original names none.
    """

    exam_year: int | None = None
    age: int | None = None
    boxes_blanked: int = 0
    flags: tuple[str, ...] = ()
    device: str = ""


@dataclass(frozen=True)
class Versions:
    """What made a clean object: profile and its edition, text detector, key version."""

    profile: str
    edition: str
    detector: str
    key_version: str


@dataclass(frozen=True, repr=False)
class Stored:
    """Where a clean object's bytes lie.

    Attributes:
        key: Object key in the clean bucket.
        size: Bytes of the whole object.
        sha256: Hex digest of the whole object.
        header_sha256: Hex digest of the bytes before the pixel data.
        pixel_sha256: Hex digest of the (7FE0,0010) element; of nothing where there is none.
        pixel_offset: Bytes before the (7FE0,0010) element's tag; the size where there is none.
    """

    key: str
    size: int
    sha256: str
    header_sha256: str
    pixel_sha256: str
    pixel_offset: int


@dataclass(frozen=True, repr=False)
class Instance:
    """What is searchable of one clean object; its UIDs are the space's, not the original ones.

    Attributes:
        model: Manufacturer's Model Name (0008,1090); None where nobody told, and empty where it
            has none. A recall goes by it, and no search does.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    transfer_syntax: str
    modality: str
    kind: Kind
    view: View
    laterality: Laterality
    vendor: str
    rows: int
    columns: int
    frames: int
    age_band: str | None
    exam_year: int | None
    model: str | None = None


@dataclass(frozen=True)
class PixelFacts:
    """What the pixels of an image tell.

    Attributes:
        breast_area_mm2: Square millimetres; None where the header does not tell the spacing.
        breast_share: Of the image's area, from 0 to 1.
        laterality: The side by the pixels; UNKNOWN where they do not say.
        laterality_agrees: Whether it is the header's; None where one of the two does not say.
        saturated_share: Of the breast's pixels, from 0 to 1.
        flags: What of its quality one may want to know, in words of a closed list.
    """

    breast_area_mm2: float | None
    breast_share: float
    laterality: Laterality
    laterality_agrees: bool | None
    saturated_share: float
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Preview:
    """A small picture of an image, as PNG, and where its bytes lie.

    Attributes:
        size: Pixels of the longest side that were asked for; an image may have fewer.
        key: Object key in the clean bucket.
        bytes: How many they are.
    """

    size: int
    width: int
    height: int
    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, repr=False)
class NewRevision:
    """One clean object that is stored and awaits its record.

    Attributes:
        derived_from: UID of the image of the same draft that it was made of here, if it was.
        pixel_facts: What its pixels tell; None if nobody looked, or there is nothing to tell.
        remade: Digests of clean pixels that were made of the very same original pixels before:
            in place of those it is a revision, in place of others a conflict.
    """

    instance: Instance
    stored: Stored
    facts: Facts
    versions: Versions
    derived_from: str = ""
    pixel_facts: PixelFacts | None = None
    previews: tuple[Preview, ...] = ()
    remade: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Merge:
    """Two pseudonyms of one woman.

    Attributes:
        old: The pseudonym of before.
        new: The one she has now.
        weeks: What to add to dates shifted under `old` to have them as under `new`.
    """

    old: str
    new: str
    weeks: int


@dataclass(frozen=True, repr=False)
class StudyDraft:
    """All that one export says of one study, published whole or not at all.

    Attributes:
        export_id: The export the study came in.
        study_ordinal: The study's number within the export: outcomes are counted by it.
        holder_id: The holder that answers for the study.
        region: The holder's region.
        subject: The subject's pseudonym inside the space; empty when nothing is admitted.
        revisions: Instances whose standing is NEW or REVISED, each once.
        outcomes: Instances per outcome in all: ADMITTED and REVISED count the revisions, and those
            that an earlier run of the export published.
        merges: Pseudonyms the subject had before; they become one with hers.
        derived: What was made of those instances here. No outcome counts them: an export claims
            what it brought. They come and are revised with their image, never alone.
        order: The order by criteria that the export fulfils; empty if it fulfils none.
        known: UIDs of instances that came again, unchanged: they are delivered, too.
    """

    export_id: str
    study_ordinal: int
    holder_id: str
    region: str
    subject: str
    revisions: tuple[NewRevision, ...]
    outcomes: Mapping[Outcome, int]
    merges: tuple[Merge, ...] = ()
    derived: tuple[NewRevision, ...] = ()
    order: str = ""
    known: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[NewRevision, ...]:
        """Give all that is new, what was derived last."""
        return (*self.revisions, *self.derived)


@dataclass(frozen=True)
class ExportSummary:
    """What the hub learns of a finished export: never a path or a file name."""

    export_id: str
    holder_id: str
    disclosure_reference: str
    tally: Tally
