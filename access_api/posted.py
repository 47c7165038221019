"""Bodies of requests as models; `access_api.bodies` has bounded them before."""

from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from access_api.errors import AuthenticationError

T = TypeVar("T", bound=BaseModel)

_PLACES: Final = 20
_UNSAID: Final = ("extra_forbidden", "json_invalid")


class Posted(Generic[T]):
    """A dependency that reads a body as a model; name it after the caller's."""

    def __init__(self, model: type[T]) -> None:
        self._model = model

    async def __call__(self, request: Request) -> T:
        """Return what was posted.

        Raises AuthenticationError when nobody is known yet, and RequestValidationError with places
        of the schema only.
        """
        if not hasattr(request.state, "caller"):
            raise AuthenticationError
        try:
            return self._model.model_validate_json(await request.body())
        except ValidationError as error:
            raise RequestValidationError(
                [
                    _place(one)
                    for one in error.errors(include_url=False, include_input=False)[:_PLACES]
                ]
            ) from None


def _place(found: Any) -> dict[str, Any]:  # noqa: ANN401 # pydantic's own record of an error
    """Say where and why; a name that somebody made up, or a parser's words, are not repeated."""
    where = () if found["type"] in _UNSAID else found["loc"]
    return {**found, "loc": ("body", *where)}


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body in OpenAPI, its parts written out."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    content = {"application/json": {"schema": _written_out(schema, parts)}}
    return {"requestBody": {"required": True, "content": content}}


def _written_out(schema: Any, parts: dict[str, Any]) -> Any:  # noqa: ANN401 # JSON
    if isinstance(schema, list):
        return [_written_out(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _written_out(part | rest, parts)
    return {key: _written_out(value, parts) for key, value in schema.items()}
