"""What the door itself can refuse; what the catalogue refuses is in `catalog.errors`.

    DoorError
    ├── AuthenticationError   no bearer token, or none that holds     → 401
    ├── ForbiddenError        known, but the role or tier says no     → 403
    │   └── RolesError        roles that are kept apart, in one token
    ├── GrantError            what is no request for a token (RFC 6749 §5.2) → 400
    ├── UnknownError          nothing to be seen here, whoever asks   → 404
    ├── RangeError            the range lies outside the object       → 416
    ├── AddressError          the door was not told where it is       → 409
    ├── PaceError             too many requests at once               → 429
    ├── PreconditionError     a change that does not say what it was read as → 428
    ├── KeysError             the issuer's keys cannot be read        → 503
    └── BrokenStreamError     the store failed while bytes were sent  → connection closed

Statuses stand in `problems.TABLE` alone. Messages never carry an identifier, a path or a token; a
`reason` is for the operator's log, of a closed list, and the caller is not told it.
"""

from enum import StrEnum


class Doubt(StrEnum):
    """Why a token does not hold, as the operator's log has it."""

    UNSAID = ""
    SHAPE = "it is no signed token, or too long"
    ALGORITHM = "the algorithm is not on the list"
    KEY = "no key of the issuer has that kid and fits the algorithm"
    SIGNATURE = "the signature does not hold"
    CLAIMS = "issuer, audience or times are not as they must be"
    TYPE = "it is no access token; MAMMO_API_PLAIN_JWT takes those that say JWT"
    ID_TOKEN = "an ID token, or one that is not marked as an access token"  # noqa: S105
    BOUND = "it is bound to a key of the caller's, which is not checked here"
    SUBJECT = "its subject is none, or reserved for service accounts"
    ROLES = "there is no list of roles where MAMMO_API_ROLES_CLAIM says"
    ACCOUNT = "no service account in force has that id and key"
    LIFE = "an assertion lives five minutes at most"
    AGAIN = "the assertion was used before"
    NOT_BEARER = "an assertion opens nothing: it is exchanged at POST /token"
    OVER = "no token of a service account in force, or it is over"
    NOT_IN_FORCE = "the account or its key was revoked, or its last day is over"


class DoorError(Exception):
    """Base class of all errors of this room."""


class AuthenticationError(DoorError):
    """The caller did not prove who they are."""

    def __init__(self, reason: Doubt = Doubt.UNSAID) -> None:
        super().__init__("no token that holds")
        self.reason = reason


class ForbiddenError(DoorError):
    """The caller is known and may not do this."""


class RolesError(ForbiddenError):
    """The token gives roles that nobody may have at once: it gives none."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Grant(StrEnum):
    """Why a request for a token is not one (RFC 6749 §5.2); told as it stands here."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


class GrantError(DoorError):
    """A request for a token is not as it must be."""

    def __init__(self, error: Grant) -> None:
        super().__init__(error.value)
        self.error = error


class UnknownError(DoorError):
    """There is no such thing for this caller."""


class RangeError(DoorError):
    """The requested range cannot be satisfied (RFC 9110 §15.5.17)."""

    def __init__(self, size: int) -> None:
        super().__init__("the range lies outside the object")
        self.size = size


class AddressError(DoorError):
    """Links were asked for, and the door was not told its own address."""


class PaceError(DoorError):
    """The caller asks too often."""


class PreconditionError(DoorError):
    """A change must say which version it is of (RFC 6585 §3)."""


class KeysError(DoorError):
    """The issuer's public keys cannot be read."""


class BrokenStreamError(DoorError):
    """The bytes ended early or were not those recorded; the answer was cut off."""
