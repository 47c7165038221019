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


class OptOut(StrEnum):
    """What a woman says of the secondary use of her data (EHDS Art. 71)."""

    OUT = "OUT"
    LIFTED = "LIFTED"


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


class Purpose(StrEnum):
    """What data may be used for (EHDS Art. 53(1)), by point."""

    PUBLIC_HEALTH = "53(1)(a)"
    POLICY = "53(1)(b)"
    STATISTICS = "53(1)(c)"
    EDUCATION = "53(1)(d)"
    RESEARCH = "53(1)(e)"
    DEVELOPMENT = "53(1)(e)(i)"
    ALGORITHMS = "53(1)(e)(ii)"
    CARE = "53(1)(f)"


PUBLIC_PURPOSES: frozenset[Purpose] = frozenset(
    {Purpose.PUBLIC_HEALTH, Purpose.POLICY, Purpose.STATISTICS}
)
"""Purposes for public sector bodies, and who acts on their behalf, only (EHDS Art. 53(2))."""


class ApplicantKind(StrEnum):
    """Who applies."""

    ACADEMIC = "ACADEMIC"
    CARE_PROVIDER = "CARE_PROVIDER"
    INDUSTRY = "INDUSTRY"
    PUBLIC_BODY = "PUBLIC_BODY"
    NON_PROFIT = "NON_PROFIT"
    PERSON = "PERSON"


class GdprBasis(StrEnum):
    """Why processing is lawful (GDPR Art. 6(1)), by point; consent is none here."""

    CONTRACT = "6(1)(b)"
    LEGAL_OBLIGATION = "6(1)(c)"
    VITAL_INTERESTS = "6(1)(d)"
    PUBLIC_TASK = "6(1)(e)"
    LEGITIMATE_INTERESTS = "6(1)(f)"


class ApplicationState(StrEnum):
    """How far an application is: TEHDAS2 D6.4's words, and DRAFT before it is submitted."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    PRE_SCREENING = "PRE_SCREENING"
    PROCESSING = "PROCESSING"
    AWAITING_ADDITIONAL_INFORMATION = "AWAITING_ADDITIONAL_INFORMATION"
    DECISION_ISSUED = "DECISION_ISSUED"
    WITHDRAWN = "WITHDRAWN"


class Verdict(StrEnum):
    """How an application was decided."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


class PermitState(StrEnum):
    """How a permit stands (TEHDAS2 D6.4); one amended or renewed has a successor of another id."""

    GRANTED = "GRANTED"
    AMENDED = "AMENDED"
    RENEWED = "RENEWED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class HolderMode(StrEnum):
    """When a holder's data come: as they are made, or only what a permit asks for."""

    STANDING = "STANDING"
    ON_PERMIT = "ON_PERMIT"


class SendingOutcome(StrEnum):
    """How the delivery of a release into a bucket ended; none as long as it runs."""

    WHOLE = "WHOLE"
    STOPPED = "STOPPED"
    BROKEN_OFF = "BROKEN_OFF"


class DeliveryState(StrEnum):
    """How far an order by criteria is, which a permit led to (EHDS Art. 60(2))."""

    ASKED = "ASKED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Ground(StrEnum):
    """Why a holder refuses an order; what else there is to say stays in the region."""

    NOT_HELD = "NOT_HELD"
    NOT_LAWFUL = "NOT_LAWFUL"
    PROTECTED = "PROTECTED"
    TECHNICAL = "TECHNICAL"
    OTHER = "OTHER"


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
