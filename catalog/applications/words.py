"""What may be written in a field: lengths, and no control character.

Nor a mark that turns the direction of writing: who reads a form must read what is stored.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from catalog.accounts.assertion import NAMED, PREFIX

_TURNS: Final = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_LINE: Final = rf"\x00-\x1f\x7f-\x9f{_TURNS}"
_TEXT: Final = rf"\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNS}"


def _some(never: str) -> str:
    """Give the pattern of text without some characters that is not blank."""
    return rf"^[^{never}]*[^{never}\s][^{never}]*$"


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_some(_LINE))]
"""One line."""
Paragraphs = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=_some(_TEXT))
]
"""Text of several lines."""
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=_some(_TEXT))]
"""A reason, or a condition."""


def _person(subject: str) -> str:
    if subject.startswith(PREFIX):
        message = f"a person's does not begin with {PREFIX}: that is a service account"
        raise ValueError(message)
    return subject


PersonSubject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]([ -~]*[!-~])?$"),
    AfterValidator(_person),
]
"""`sub` of a natural person's tokens; a service account is none."""
AccountId = Annotated[str, StringConstraints(pattern=rf"^{NAMED.pattern}$")]
"""A service account of a secure processing environment; a natural person is none."""


class Part(BaseModel):
    """A part of a form: closed, frozen, and silent about what was written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
