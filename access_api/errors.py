"""What the door itself can refuse; what the catalogue refuses is in `catalog.errors`.

    DoorError
    ├── AuthenticationError   no bearer token, or none that holds     → 401
    ├── ForbiddenError        known, but the role or tier says no     → 403
    ├── UnknownError          nothing to be seen here, whoever asks   → 404
    ├── RangeError            the range lies outside the object       → 416
    ├── PreconditionError     a change that does not say what it was read as → 428
    ├── TooLargeError         a body larger than what is taken        → 413
    ├── SlowError             a body that came too slowly             → 408
    ├── KeysError             the issuer's keys cannot be read        → 503
    └── BrokenStreamError     the store failed while bytes were sent  → connection closed

Statuses stand in `problems.TABLE` alone. Messages never carry an identifier, a path or a token.
"""


class DoorError(Exception):
    """Base class of all errors of this room."""


class AuthenticationError(DoorError):
    """The caller did not prove who they are."""


class ForbiddenError(DoorError):
    """The caller is known and may not do this."""


class UnknownError(DoorError):
    """There is no such thing for this caller."""


class RangeError(DoorError):
    """The requested range cannot be satisfied (RFC 9110 §15.5.17)."""

    def __init__(self, size: int) -> None:
        super().__init__("the range lies outside the object")
        self.size = size


class PreconditionError(DoorError):
    """A change must say which version it is of (RFC 6585 §3)."""


class TooLargeError(DoorError):
    """The body is larger than what is taken."""


class SlowError(DoorError):
    """The body did not come in time."""


class KeysError(DoorError):
    """The issuer's public keys cannot be read."""


class BrokenStreamError(DoorError):
    """The bytes ended early or were not those recorded; the answer was cut off."""
