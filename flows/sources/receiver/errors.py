"""Why an association ended, and the one error that ends it."""

from enum import StrEnum

from flows.errors import RetriableError


class Reason(StrEnum):
    """Why an association ended or never began; safe to store and show."""

    RELEASED = "released"
    ABORTED = "aborted by the peer"
    CLOSED = "the connection closed"
    TIMED_OUT = "nothing came for too long"
    MALFORMED = "not the DICOM protocol"
    ENDLESS = "an object without end"
    STOPPED = "the receiver stopped"
    UNKNOWN_PEER = "calling AE not recognised"
    UNKNOWN_TITLE = "called AE not recognised"
    UNSUPPORTED = "protocol version or application context not supported"
    BUSY = "too many associations"
    OVER_QUOTA = "too many associations of one peer"
    CROWDED = "too many connections"
    NO_TLS = "no valid TLS handshake"
    FAULT = "an error of the receiver's own"


class AssociationError(RetriableError):
    """The association cannot go on; all that was answered 0x0000 is kept.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
