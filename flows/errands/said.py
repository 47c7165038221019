"""What an errand says once it is opened: checked again, for the console is not believed."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from flows.errors import PlanError

T = TypeVar("T", bound=BaseModel)


_WORD = re.compile(r"[a-z_]{1,32}")


def _in_known_words(told: Any) -> Any:  # noqa: ANN401 # JSON of any shape
    """Let no key pass that could be a value: what is wrong is answered, and logged, by its key."""
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    if isinstance(told, dict) and not all(_WORD.fullmatch(key) for key in told):
        raise ValueError
    for one in inner:
        _in_known_words(one)
    return told


Words = Annotated[dict[str, Any], AfterValidator(_in_known_words)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SourceSaid(_Said):
    """A source as `mammo sources add` reads it from a file."""

    definition: Words


class PreviewSaid(_Said):
    """A plan as `mammo exports preview` reads it from a file."""

    plan: Words


class ScheduleSaid(_Said):
    """A plan, whose it is, and its decision, as `mammo exports schedule` reads them."""

    holder: str = Field(min_length=1, max_length=64)
    plan: Words
    decision: Words


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
    except (ValidationError, RecursionError):
        message = "what was asked is not what such an errand says"
        raise PlanError(message) from None
