"""What a release is made of, and what the door is given of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.records import PixelFacts
from catalog.vocabulary import ReleaseState


@dataclass(frozen=True)
class Release:
    """A permit's frozen cohort; readable once it is sealed.

    Attributes:
        number: One more than the permit's release before; readers see the newest sealed one.
        instances: How many revisions were frozen, less those held before it was sealed.
        catalogue_version: Which state of the catalogue it was frozen in; none has the number of
            another.
        query: The saved query, as it was asked: with the version, the formula of the cohort.
    """

    id: str
    permit_id: str
    number: int
    state: ReleaseState
    instances: int
    frozen_at: datetime
    sealed_at: datetime | None
    catalogue_version: int = 0
    query: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class RevisionRef:
    """One frozen revision that awaits its re-keyed header; its UIDs are those of the space.

    Attributes:
        pseudonym: The subject's pseudonym inside the space.
        clean_key: Object key in the clean bucket.
        size: Bytes of the clean object.
        pixel_offset: Bytes of it before the (7FE0,0010) element; `size` where there is none.
        weeks: What its dates lack of hers, since it was shifted under a pseudonym of before.
    """

    revision_id: int
    pseudonym: str
    study_uid: str
    series_uid: str
    sop_uid: str
    clean_key: str
    size: int
    pixel_offset: int
    sha256: str
    weeks: int = 0


@dataclass(frozen=True, repr=False)
class ReleasedInstance:
    """One revision as re-keyed for the permit; all identifiers are the release's own.

    Attributes:
        pseudonym: The release pseudonym (Patient ID of the header).
        file_name: Name by which it is downloaded, unique in the release.
        header_key: Object key in the releases bucket.
        header_size: Bytes of that header: all that comes before the pixel data.
        sha256: Hex digest of header and pixel data together.
        crc32: CRC-32 of the same, as ZIP wants it.
        mac: Key and code of the same (`catalog.releases.mac`).
        facts: What the released header says, by column (`catalog.releases.facts`).
    """

    revision_id: int
    pseudonym: str
    study_uid: str
    series_uid: str
    sop_uid: str
    file_name: str
    header_key: str
    header_size: int
    sha256: str
    crc32: int
    mac: str | None = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, repr=False)
class Servable:
    """One object as the door serves it: the release header, then the clean object's pixel data.

    Attributes:
        pixel_offset: Where the pixel data begins in the clean object.
        pixel_size: Bytes from there to its end.
        size: Bytes of the whole: `header_size + pixel_size`.
        mac: What knows its bytes again (`catalog.releases.mac`); None of what was released before
            there was such.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    transfer_syntax: str
    modality: str
    file_name: str
    header_key: str
    header_size: int
    clean_key: str
    pixel_offset: int
    pixel_size: int
    sha256: str
    crc32: int
    mac: str | None = None

    @property
    def size(self) -> int:
        """Give the bytes of the whole object."""
        return self.header_size + self.pixel_size


@dataclass(frozen=True, repr=False)
class Described(Servable):
    """One object as a manifest and a list show it.

    Attributes:
        derived: Whether it was made here, of an image, and came with no export.
        derived_from: The image's UID in the release, if it is in it.
        pixel_facts: What its pixels tell, if anything.
        previews: Sizes in which there is a preview of it.
    """

    derived: bool = False
    derived_from: str | None = None
    pixel_facts: PixelFacts | None = None
    previews: tuple[int, ...] = ()


@dataclass(frozen=True, repr=False)
class ServablePreview:
    """A preview of a released image, as the door serves it: PNG from the clean bucket."""

    key: str
    width: int
    height: int
    bytes: int
    sha256: str


@dataclass(frozen=True, repr=False)
class ReleasedStudy:
    """One study of a release, by release UIDs; held instances are not counted."""

    study_uid: str
    pseudonym: str
    modalities: tuple[str, ...]
    series: int
    instances: int
    size: int


@dataclass(frozen=True)
class ReleaseContents:
    """How much of a release may be served now: studies, objects, and bytes as they are sent."""

    studies: int
    instances: int
    size: int


@dataclass(frozen=True, repr=False)
class Paper:
    """A small object that was written with a release.

    Attributes:
        name: Its name in the release, such as `terms.txt`.
        key: Object key in the releases bucket.
    """

    name: str
    key: str
    size: int
    sha256: str


@dataclass(frozen=True, repr=False)
class Sealing:
    """One object of a release that is about to be sealed, by release UIDs.

    Attributes:
        size: Bytes of the whole object.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    file_name: str
    header_key: str
    size: int
    sha256: str
