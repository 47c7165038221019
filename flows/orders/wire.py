"""An order: signed data of a closed schema. Nothing in it is code, a path, an address or free text.

What is signed is the bytes of the JSON, behind words that make the signature good for nothing else.
"""

import base64
import binascii
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from catalog.applications.cohort import Cohort
from catalog.arrivals.records import IssuedOrder
from catalog.arrivals.wire import Name, Uid
from catalog.vocabulary import Purpose, Tier
from flows.errors import OrderError

CONTEXT: Final = b"mammo order, version 1\n"
LARGEST: Final = 1 << 20
LONGEST: Final = timedelta(days=400)
_EARLY: Final = timedelta(minutes=5)

Studies = Annotated[tuple[Uid, ...], Field(min_length=1, max_length=10_000)]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Signed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    version: Literal[1]
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    region: Name
    sequence: Annotated[int, Field(ge=1, lt=1 << 31)]
    issued: AwareDatetime
    expires: AwareDatetime


class _Order(_Signed):
    studies: Studies


class CohortOrder(_Signed):
    """Bring what meets criteria, for a permit (EHDS Art. 57(1)(a), 60(2), 68).

    Attributes:
        permit: The permit's id, which says nothing of anybody.
        criteria: In the closed words of the search; no holder, who is named beside it.
        due: The last day in time: three months from `issued` (Art. 60(2)). What comes later is
            late, and is still taken until `expires`.
    """

    kind: Literal["COHORT"]
    permit: Reference
    holder: Name
    criteria: Cohort
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=len(Purpose))]
    tier: Tier
    due: date

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.criteria.holder is not None or not self.issued.date() <= self.due:
            message = "one holder, and a day to come"
            raise ValueError(message)
        return self


class Deliver(_Order):
    """Bring these studies again, for a permit (EHDS Art. 68)."""

    kind: Literal["DELIVER"]
    permit: Reference


class Erase(_Order):
    """Forget these studies: the hub has erased what it had."""

    kind: Literal["ERASE"]
    case: Reference


class TraceBack(_Order):
    """Find who these are and tell her clinic of a significant finding (EHDS Art. 58(3))."""

    kind: Literal["TRACE_BACK"]
    permit: Reference
    case: Reference


class Hold(_Order):
    """Hold these studies; at a region this is not the hub's to order."""

    kind: Literal["HOLD"]
    case: Reference


Naming = Deliver | Erase | TraceBack | Hold
Order = CohortOrder | Naming
_ANY: Final[TypeAdapter[Order]] = TypeAdapter(Annotated[Order, Field(discriminator="kind")])


def sign(order: Order, key: Ed25519PrivateKey) -> IssuedOrder:
    """Sign an order, as only whoever has the hub's order key can."""
    body = order.model_dump_json()
    signature = key.sign(CONTEXT + body.encode())
    return IssuedOrder(order.sequence, body, base64.b64encode(signature).decode())


def verify(told: IssuedOrder, public_key: bytes, *, region: str, moment: datetime) -> Order:
    """Read an order that came.

    Raises:
        OrderError: It is forged, not of the schema, another region's, or not of this time.
    """
    body = told.body.encode("utf-8", "replace")
    if len(body) > LARGEST:
        message = "the order is larger than any order is"
        raise OrderError(message)
    try:
        signature = base64.b64decode(told.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, CONTEXT + body)
    except (InvalidSignature, binascii.Error, ValueError):
        message = "the order is not signed by the hub's order key"
        raise OrderError(message) from None
    order = read(told.body)
    against = {
        "the order is another region's": order.region != region,
        "the order's number is not the one it was handed out with": order.sequence != told.sequence,
        "the order has expired": order.expires <= moment,
        "the order is of the future": order.issued > moment + _EARLY,
        "the order would be good for too long": order.expires - order.issued > LONGEST,
    }
    for message, holds in against.items():
        if holds:
            raise OrderError(message)
    return order


def read(body: str) -> Order:
    """Read an order's JSON.

    Raises:
        OrderError: It is not of the schema, or of a kind that is not known here.
    """
    try:
        return _ANY.validate_json(body, strict=True)
    except ValidationError:
        message = "the order is not of the schema, or of a kind that is not known here"
        raise OrderError(message) from None
