"""One row of the first eye's tables of forms that identify (`deid.language.patterns`)."""

from collections.abc import Callable
from re import IGNORECASE, Match, Pattern
from re import compile as compile_pattern
from typing import NamedTuple


class Rule(NamedTuple):
    """One form of one kind of identifier.

    Attributes:
        what: The kind.
        form: The form; its group `part` is what identifies.
        part: As said.
        least: Without so many digits in a text it cannot be there.
        needs: Without this character it cannot be there.
        means: What else must be true of a match.
    """

    what: str
    form: Pattern[str]
    part: int = 0
    least: int = 1
    needs: str = ""
    means: Callable[[Match[str]], bool] | None = None


def rule(
    what: str,
    form: str,
    *,
    part: int = 0,
    least: int = 1,
    needs: str = "",
    flags: int = IGNORECASE,
    means: Callable[[Match[str]], bool] | None = None,
) -> Rule:
    """Make a row; letters count in either case unless `flags` say otherwise."""
    return Rule(what, compile_pattern(form, flags), part, least, needs, means)
