"""What is known of a service account."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Account:
    """The account of one secure processing environment.

    Attributes:
        id: Begins with `spe-`; the subject of its calls, and what a permit names it by.
        name: What people call it.
        valid_until: The last day it is let in.
        bucket: Into which the hub delivers for it, and for nobody else; empty if it has none.
    """

    id: str
    name: str
    valid_until: date
    revoked_at: datetime | None = None
    bucket: str = ""


@dataclass(frozen=True)
class AccountKey:
    """A public key of an account.

    Attributes:
        id: The key's thumbprint (RFC 7638).
        jwk: The public key (RFC 7517), as JSON.
    """

    id: str
    account_id: str
    jwk: str
    added_by: str
    added_at: datetime
    revoked_at: datetime | None = None
