"""Read a search as people type it."""

from collections.abc import Iterable
from dataclasses import replace

from catalog.search import Query
from catalog.vocabulary import AGE_BANDS, Kind, Laterality, View
from flows.errors import PermanentError


class QueryError(PermanentError):
    """A word of the search is none of the catalogue's."""


def query(
    *,
    view: str | None = None,
    laterality: str | None = None,
    vendor: str | None = None,
    kind: str | None = None,
    age_band: str | None = None,
    exam_year_from: int | None = None,
    exam_year_to: int | None = None,
    holder: str | None = None,
) -> Query:
    """Check the words of a search against the catalogue's closed lists.

    Raises:
        QueryError: With the words that there are.
    """
    return Query(
        view=None if view is None else View(_one_of("view", view, View)),
        laterality=(
            None
            if laterality is None
            else Laterality(_one_of("laterality", laterality, Laterality))
        ),
        vendor=None if vendor is None else vendor.upper(),
        kind=None if kind is None else Kind(_one_of("kind", kind, Kind)),
        age_band=None if age_band is None else _one_of("age band", age_band, AGE_BANDS),
        exam_year_from=exam_year_from,
        exam_year_to=exam_year_to,
        holder=holder,
    )


def of_release(  # what a release may be asked for, each by its own name
    *,
    view: str | None = None,
    laterality: str | None = None,
    holder: str | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    images_only: bool = False,
) -> Query:
    """Check the words by which a release is asked for.

    Raises:
        QueryError: With the words that there are.
    """
    asked = query(
        view=view,
        laterality=laterality,
        holder=holder,
        exam_year_from=year_from,
        exam_year_to=year_to,
    )
    return replace(asked, companions=not images_only)


def _one_of(what: str, word: str, words: Iterable[str]) -> str:
    known = [str(one) for one in words if one]
    if word.upper() not in known:
        message = f"there is no {what} {word!r}; there is: {', '.join(known)}"
        raise QueryError(message)
    return word.upper()
