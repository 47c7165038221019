"""What can go wrong in the catalogue, the object store and the ledger.

    CatalogError
    ├── NotFoundError        no such thing, or not for you to know of
    ├── ConflictError        the record contradicts what is already there
    │   ├── AlreadyStoredError   other bytes lie under that key
    │   └── ArrivalError         the hub's own check refuses what a region delivered
    ├── HeldError            a Hold forbids it to be served
    ├── PermitError          the permit is yours, but not in force
    ├── StepError            an application or a permit takes no such step as it stands
    │   ├── FormError            the application lacks what it must say
    │   └── InterestError        who would decide is named in it
    ├── VersionError         it was changed since it was read
    ├── CursorError          not a cursor this search gave
    ├── LedgerKeyError       the ledger cannot be read with this key
    ├── SealedError          what was sealed to the worker does not open with its key
    └── RetriableError       the same call may succeed later
        ├── IntakeError      the hub's intake did not answer, or not yet
        ├── RaceError        somebody else was first; look again
        ├── DatabaseError    the database did not answer
        └── StorageError     the object store did not answer, or answered wrongly

Every error carries a `Reason` from a closed list: no identifier, object key or path.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a call failed; safe to log, store and show."""

    NOT_FOUND = "no such thing"
    NO_SOURCE = "there is no source of that name; mammo sources list gives them"
    NO_PLAN = "there is no such plan; mammo exports list gives them"
    NO_DETECTOR = "no detector of this name is in the records"

    RULE = "the record breaks a rule of the database"
    OTHER_SUBJECT = "the study belongs to another subject"
    OTHER_HOLDER = "the record belongs to another holder"
    OTHER_STUDY = "the series or instance belongs to another study"
    ERASED = "it was erased, and may not come back"
    MERGE_CYCLE = "the subjects would be merged in a circle"
    OTHER_MERGE = "the subjects are merged already, by another shift of dates"
    UNKNOWN_SUBJECT = "one of the subjects is unknown"
    ORDER_STATE = "the order was decided otherwise"
    NOT_ACCEPTED = "no person here has accepted the order: mammo orders accept"
    NO_ERASURE = "the order asks for nothing to be erased"
    NOT_SIGNED = "the answer is not signed by the region's key, or not of the form"
    NO_TRACE = "the order asks for nothing to be traced back"
    CONFIRMED = "a second person has confirmed it already"
    NOT_ORDERED = "the holder delivers on permit only: no order in force asks for it"
    NOT_ASKED = "the order does not ask for such an object"
    UNDELIVERED = (
        "holders have not delivered all that was ordered for the permit: mammo orders list"
    )
    ORDER_EXPIRED = "the order has expired"
    OTHER_REGION = "a merge would reach into another region's studies; the hub must allow it"
    OTHER_KEY = "the key is another region's, or was revoked"
    ACCOUNT_NAME = "a service account's id is spe- and small letters, digits and hyphens"
    OTHER_ACCOUNT = "the account or the key was revoked, or key or bucket is another account's"
    NO_PUBLIC_KEY = "this is no public key as JSON Web Key (EC, P-256)"
    NO_PRIVATE_KEY = "this is no private key in PEM (EC, P-256)"
    OTHER_PERMIT = "another permit has this name"
    MIXED_DRAFT = "the draft does not hold exactly one study, each instance once"
    MISCOUNTED = "the draft's outcomes do not count its revisions"
    NOT_BUILDING = "the release is not being built"
    INCOMPLETE = "the release lacks instances that are not held"
    NOT_ASSESSED = "no assessment in force says the data is anonymous (mammo tier assess)"
    UNANSWERED = "the assessment leaves a question unanswered, or names no document"
    OTHER_EXPORT = "another export has this name"
    OTHER_SOURCE = "another kind of source has this name"
    SOURCE_IN_USE = "a plan refers to the source"
    PLAN_STATE = "the plan cannot become that as it stands"
    LEASE = "somebody else works on the study by now"
    COLLISION = "two originals would share a clean UID, or one original have two"
    STORED_OTHERWISE = "other bytes are stored under this key"
    REVIEW_CHANGED = "the record of the review was changed by other hands; call security"
    REVIEW_STATE = "the review takes no such decision as it stands"
    REVIEW_EXPIRED = "the time to decide is over; the original is erased"
    REVIEW_BEGUN = "its decision is being applied: finish that first (mammo quarantine apply)"
    NOT_RELEASABLE = "only what is SUSPECT can be released; reject it, or walk it again"
    NO_PSEUDONYM = "that is no pseudonym of this space; a personal number never comes here"
    NOT_YET = "it would be so from a moment that has not come"
    NO_CRITERIA = "say what is recalled: an instance, device, profile, edition, detector or export"
    SAME_PERSON = "the second decision must be another person's"
    OTHER_DECISION = "the second decision differs from the first; confirm that one, or reject"

    SUSPECT = "the hub's check found what may not be published"
    NOT_ARRIVED = "not all bytes of the study have arrived"
    CHECKING = "the hub has not checked the study yet"
    INTAKE = "the hub's intake did not answer"
    QUOTA = "the region has delivered as much as it may for now"

    STEP = "it takes no such step as it stands"
    NOT_THEIRS = "this step is somebody else's to take"
    FORM = "the application lacks what it must say"
    NO_REASON = "say why"
    NAMED = "whoever is named in it may not decide on it"
    TOO_LONG = "a permit lasts ten years at most"
    LONGER = "an amendment cannot make a permit last longer"
    EXTENDED = "the permit was extended before; it is extended once only"
    NOT_FROM_THEN = "a permit cannot begin before today, nor after the one before it ends"
    GOES_ON = "the permit has not ended, so not all of it is to be deleted"
    BUCKET = "the bucket is no account's that is in force and named by the permit"
    NO_PROOF = "after an erasure, the digest of the environment's own record of it is needed"
    PROLONGED = "an order is prolonged once, by three months at most"
    DISAGREES = "a permit has one lead, each person once, and ends after it begins"
    NO_CONTENT = "the permit was issued for development; issue another"
    TOO_MANY = "too many applications of yours are open; withdraw one"
    VERSION = "it was changed meanwhile; read it again"

    AMBIGUOUS = "several handles begin so: give the whole handle, or the UID in the space"

    HELD = "held"
    NOT_IN_FORCE = "the permit is not in force"
    CURSOR = "not a cursor of this search"
    LEDGER_KEY = "the ledger cannot be read with this key"
    SEALED = "what was sealed for the region's worker does not open with its key"
    OLD_LEDGER = "the ledger was sealed by an earlier version; begin a new one (mammo reset)"

    RACE = "another worker changed the record first"
    DATABASE = "the database did not answer"
    SCHEMA = "the database has another schema: migrate it"
    UNREACHABLE = "the object store did not answer"
    REFUSED = "the object store refused the request"
    STAYS = "something of what was to be erased is still in the store"
    DAMAGED = "the stored bytes are not the bytes that were sent"


class CatalogError(Exception):
    """Base class of all errors of this room."""

    default = Reason.RULE

    def __init__(self, reason: Reason | None = None) -> None:
        self.reason = self.default if reason is None else reason
        super().__init__(self.reason.value)


class NotFoundError(CatalogError):
    """There is no such thing, or the caller may not know that there is."""

    default = Reason.NOT_FOUND


class ConflictError(CatalogError):
    """The record contradicts what is already there; a person has to look."""


class AlreadyStoredError(ConflictError):
    """Other bytes are stored under the key, and nothing is ever overwritten."""

    default = Reason.STORED_OTHERWISE


class ArrivalError(ConflictError):
    """The hub's own check refuses objects that a region delivered.

    Attributes:
        doubts: What of which images, by their UIDs inside the space; words of a closed list.
    """

    default = Reason.SUSPECT

    def __init__(
        self, reason: Reason | None = None, doubts: Mapping[str, StrEnum] | None = None
    ) -> None:
        super().__init__(reason)
        self.doubts = dict(doubts or {})


class HeldError(CatalogError):
    """A Hold forbids the object to be served."""

    default = Reason.HELD


class PermitError(CatalogError):
    """The permit is the caller's, but it is not in force."""

    default = Reason.NOT_IN_FORCE


class StepError(CatalogError):
    """An application or a permit takes no such step as it stands."""

    default = Reason.STEP


class FormError(StepError):
    """The application lacks what it must say.

    Attributes:
        gaps: Clause and field of each rule that is not met; nothing of what was written.
    """

    default = Reason.FORM

    def __init__(self, gaps: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.gaps = tuple(gaps)


class InterestError(StepError):
    """Who would decide is named in the application or the permit."""

    default = Reason.NAMED


class VersionError(CatalogError):
    """It was changed since it was read; nothing was written."""

    default = Reason.VERSION


class CursorError(CatalogError):
    """The cursor was not given by this search."""

    default = Reason.CURSOR


class LedgerKeyError(CatalogError):
    """The ledger's values were not encrypted with this key."""

    default = Reason.LEDGER_KEY


class SealedError(CatalogError):
    """What was sealed to the region's worker does not open with its key, or the key is none."""

    default = Reason.SEALED


class RetriableError(CatalogError):
    """The same call may succeed when it is made again."""

    default = Reason.RACE


class IntakeError(RetriableError):
    """The hub's intake did not answer, or has not come to what was delivered."""

    default = Reason.INTAKE


class RaceError(RetriableError):
    """Another worker changed the record first; read it again and decide anew."""


class DatabaseError(RetriableError):
    """The database did not answer, or gave up on the transaction."""

    default = Reason.DATABASE


class StorageError(RetriableError):
    """The object store did not answer, or what it holds is not what was sent."""

    default = Reason.UNREACHABLE
