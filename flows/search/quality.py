"""The words on the quality of an image's pixels, for those who search by them."""

from deid.derived.facts import Flag
from flows.search.query import QueryError


def quality(flag: str) -> str:
    """Check a word against the closed list.

    Raises:
        QueryError: With the words that there are.
    """
    if flag.lower() not in set(Flag):
        message = f"there is no flag {flag!r}; there is: {', '.join(Flag)}"
        raise QueryError(message)
    return flag.lower()
