"""The closed lists of the catalogue; the database checks them too."""

from enum import StrEnum

AGE_BANDS: tuple[str, ...] = tuple(f"{low}-{low + 4}" for low in range(0, 90, 5))
"""Five-year bands of age at the examination; the last, 85-89, holds all older women too."""


class Kind(StrEnum):
    """What sort of mammogram an instance is, or of object that comes along with mammograms."""

    FFDM = "FFDM"
    DBT = "DBT"
    S2D = "S2D"
    FILM = "FILM"
    OTHER = "OTHER"
    CAD_SR = "CAD_SR"
    SR = "SR"
    KO = "KO"
    PR = "PR"
    SEG = "SEG"


COMPANIONS: frozenset[Kind] = frozenset({Kind.CAD_SR, Kind.SR, Kind.KO, Kind.PR, Kind.SEG})
"""Kinds that are no image of their own: what they say, mark or show lies in a study's images."""


class View(StrEnum):
    """The projection, by its customary abbreviation (PS3.16 CID 4014)."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCCL = "XCCL"
    XCCM = "XCCM"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"
    SPECIMEN = "SPECIMEN"
    OTHER = "OTHER"
    UNKNOWN = ""


class Laterality(StrEnum):
    """Which breast (PS3.3 C.8.11.7, Image Laterality)."""

    LEFT = "L"
    RIGHT = "R"
    BOTH = "B"
    UNKNOWN = ""


class ProtectionSource(StrEnum):
    """Where an export's knowledge of protected identities comes from."""

    FILTERED_EXPORT = "FILTERED_EXPORT"
    SIDE_TABLE = "SIDE_TABLE"
    UNKNOWN = "UNKNOWN"


class Flag(StrEnum):
    """Whether something is so of a person; nobody having said is not no."""

    YES = "YES"
    NO = "NO"
    UNKNOWN = "UNKNOWN"


class Standing(StrEnum):
    """How an instance stands to what the catalogue already holds under its UID."""

    NEW = "NEW"
    KNOWN = "KNOWN"
    REVISED = "REVISED"
    CONFLICT = "CONFLICT"


class HoldKind(StrEnum):
    """Why something may not be served (EHDS Art. 71 for the opt-out)."""

    OPTED_OUT = "OPTED_OUT"
    PROTECTED = "PROTECTED"
    BLOCKED = "BLOCKED"
    WITHDRAWN = "WITHDRAWN"
    CORRECTED = "CORRECTED"
    RECALLED = "RECALLED"
    ERASED = "ERASED"


class HoldScope(StrEnum):
    """What a Hold stops."""

    SUBJECT = "SUBJECT"
    STUDY = "STUDY"
    INSTANCE = "INSTANCE"
    REVISION = "REVISION"


class Tier(StrEnum):
    """How a permit's data may be had (EHDS Art. 66, 68, 73)."""

    PSEUDO_SPE = "PSEUDO_SPE"
    ANON_DOWNLOAD = "ANON_DOWNLOAD"


class Finding(StrEnum):
    """What a person found when they assessed whether data is anonymous (EHDS Art. 66)."""

    ANONYMOUS = "ANONYMOUS"
    NOT_ANONYMOUS = "NOT_ANONYMOUS"


class ReleaseState(StrEnum):
    """Whether a release is still being written, or can be read."""

    BUILDING = "BUILDING"
    SEALED = "SEALED"


class QualityFlag(StrEnum):
    """What the pixels tell of an image's quality; the same words as de-identification writes."""

    SATURATED = "saturated"
    CLIPPED = "clipped black"
    LOW_CONTRAST = "low contrast"
    CUT = "breast cut off"
    NO_AIR = "no air seen"
    NEARLY_EMPTY = "nearly empty"
    MASK_UNCERTAIN = "mask uncertain"
    LATERALITY = "laterality disagrees"
    ORIENTATION = "orientation disagrees"
    NO_SPACING = "no pixel spacing"
    DATES = "dates disagree"
