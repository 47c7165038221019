"""What the intake itself can refuse; what the catalogue refuses is in `catalog.errors`.

    RefusalError
    ├── SignatureError    no signature, or none that holds        → 401
    ├── DigestError       the bytes are not those announced       → 422
    ├── MessageError      the record is not one of the schema     → 422
    ├── LengthError       the size is not announced               → 411
    ├── TooLargeError     larger than anything that is taken      → 413
    ├── SlowError         the bytes came too slowly, or stopped   → 408
    └── PaceError         too many requests at once               → 429
        └── QuotaError    today's quota is used up                → 429

Statuses stand in `problems.TABLE` alone. No message carries anything of a request.
"""


class RefusalError(Exception):
    """Base class of what the intake refuses."""


class SignatureError(RefusalError):
    """The request is not signed by a region's key, or was seen before."""


class DigestError(RefusalError):
    """The bytes are not those that were announced."""


class MessageError(RefusalError):
    """The record is not one of the schema; only where and why is told.

    Attributes:
        places: Where, as the schema names it, and why.
    """

    def __init__(self, places: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__("the record is not one of the schema")
        self.places = places


class LengthError(RefusalError):
    """The size is not announced."""


class TooLargeError(RefusalError):
    """Larger than anything that is taken."""


class SlowError(RefusalError):
    """The bytes came too slowly, or stopped coming."""


class PaceError(RefusalError):
    """Too many requests in too short a time, or at once."""


class QuotaError(PaceError):
    """Today's quota of the region is used up."""
