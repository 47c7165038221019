"""What an errand says once it is opened: checked again, for the console is not believed."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.errors import PlanError

T = TypeVar("T", bound=BaseModel)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SourceSaid(_Said):
    """A source as `mammo sources add` reads it from a file."""

    definition: dict[str, Any]


class PreviewSaid(_Said):
    """A plan as `mammo exports preview` reads it from a file."""

    plan: dict[str, Any]


class ScheduleSaid(_Said):
    """A plan, whose it is, and its decision, as `mammo exports schedule` reads them."""

    holder: str = Field(min_length=1, max_length=64)
    plan: dict[str, Any]
    decision: dict[str, Any]


class TraceSaid(_Said):
    """An accession number as the source has it."""

    accession: str = Field(min_length=1, max_length=64)
    issuer: str = Field(default="", max_length=64)


class NothingSaid(_Said):
    """Nothing besides what is in clear."""


def read(kind: type[T], told: dict[str, Any]) -> T:
    """Read what an errand says.

    Raises:
        PlanError: It is not what an errand of its kind says.
    """
    try:
        return kind.model_validate(told)
    except ValidationError:
        message = "what was asked is not what such an errand says"
        raise PlanError(message) from None
