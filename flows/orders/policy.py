"""What a region does with orders of each kind: its own file says so, never the hub."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.arrivals.records import OrderKind
from catalog.vocabulary import ProtectionSource
from flows.errors import SettingsError


class Course(StrEnum):
    """What becomes of an order without anybody."""

    RUN = "run"
    ASK = "ask"
    NEVER = "never"


class Policy(BaseModel):
    """A region's policy.

    Attributes:
        orders: By kind; what is not named waits for a person. A Hold never runs by itself, since
            what is held in a region is the region's; nothing is traced back but by a person.
        source: Which of the region's sources a delivery would be planned from.
        protection_source: Where its knowledge of protected identities comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: dict[OrderKind, Course] = Field(default_factory=dict)
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""
    protection_source: ProtectionSource = ProtectionSource.UNKNOWN

    @model_validator(mode="after")
    def _holds_are_ours(self) -> "Policy":
        if self.orders.get(OrderKind.HOLD, Course.NEVER) is not Course.NEVER:
            message = "a Hold is not the hub's to order"
            raise ValueError(message)
        if self.orders.get(OrderKind.TRACE_BACK) is Course.RUN:
            message = "only a person traces back"
            raise ValueError(message)
        return self

    def course(self, kind: OrderKind) -> Course:
        """Tell what becomes of an order of a kind."""
        if kind is OrderKind.HOLD:
            return Course.NEVER
        return self.orders.get(kind, Course.ASK)


def read_policy(path: Path | None) -> Policy:
    """Read a region's policy; without a file, everything waits for a person.

    Raises:
        SettingsError: The file is wrong; the message says where.
    """
    if path is None:
        return Policy()
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        places = ", ".join(
            ".".join(map(str, one["loc"])) or "HOLD or TRACE_BACK" for one in error.errors()
        )
        message = f"the file of MAMMO_REGION_ORDERS_POLICY is wrong at: {places}"
        raise SettingsError(message) from None
    except (OSError, ValueError):
        message = "the file of MAMMO_REGION_ORDERS_POLICY cannot be read as TOML"
        raise SettingsError(message) from None
