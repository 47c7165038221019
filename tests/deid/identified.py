"""Identifiers of one invented person, for the first eye's tests."""

from dataclasses import fields

from deid.identity.identifiers import Identifiers


def identified(*words: str, numbers: tuple[str, ...] = ()) -> Identifiers:
    """Make identifiers with only what the first eye looks at."""
    rest = {"words": frozenset(words), "numbers": frozenset(numbers), "dates": {}}
    kinds = {"needles": (), "uids": frozenset[str]()}
    wanted = {field.name for field in fields(Identifiers)}
    return Identifiers(**{name: made for name, made in (kinds | rest).items() if name in wanted})
