"""Ask a search page by page (PS3.18 §8.3.4.4), and tell whether what came is all there is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from flows.errors import TruncatedError
from flows.sources.source import Stop
from flows.sources.web.asking import Asker, Keys
from flows.sources.web.rows import Row

#: Rows that are asked for at a time.
PAGE = 200
#: Fewer rows than this are no page that a service has cut: limits that are set are larger.
LEAST_PAGE = 50
#: More rows than this to one question make us ask smaller questions.
MOST_ROWS = 20_000
ROUND = 50

MANY = "the service has more answers than can be taken at once"
NO_PAGES = (
    "the service gives only the first page of an answer, whatever page it is asked for "
    "(limit and offset, PS3.18 §8.3.4.4)"
)
ADDITIONAL = "additional results"

Read = TypeVar("Read")


@dataclass(repr=False)
class Found(Generic[Read]):
    """What came for one question.

    Attributes:
        rows: By what tells them apart, each once, in the order they came.
        held_back: Why there may be more; empty if it is all.
    """

    rows: dict[str, Read] = field(default_factory=dict)
    held_back: str = ""


@dataclass(frozen=True)
class Question(Generic[Read]):
    """A search.

    Attributes:
        read: Reads a row; None for one that is not of the question.
        name: Gives what tells a row from another.
    """

    path: str
    keys: Keys
    read: Callable[[Row], Read | None]
    name: Callable[[Read], str]


def search(asker: Asker, question: Question[Read], stop: Stop) -> Found[Read]:
    """Ask page after page until there is none.

    A service may give fewer rows than it is asked for and say so in a warning, or not; may give
    a row twice as new ones push it on; or give the same page again and again.

    Raises:
        SourceRefusedError: The service does not answer such questions to us.
        SourceAwayError: It does not answer now.
        TruncatedError: It finds the answer too large.
        StoppedError: The answer would not be whole.
    """
    found, offset = Found[Read](), 0
    while True:
        paged = {"limit": str(PAGE), "offset": str(offset), "fuzzymatching": "false"}
        page, warning = asker.rows(question.path, {**question.keys, **paged}, stop)
        more = ADDITIONAL in warning.lower()
        new = _taken(found, question, page)
        offset += len(page)
        if page and not new and offset > len(page):
            found.held_back = NO_PAGES if more or _looks_cut(len(page)) else ""
            return found
        if not page or (len(page) < LEAST_PAGE and not more):
            return found
        if offset >= MOST_ROWS:
            found.held_back = MANY
            return found


def _taken(found: Found[Read], question: Question[Read], page: list[Row]) -> int:
    """Keep the rows of a page that are new; count all that are, also those that say nothing."""
    before = len(found.rows)
    strange = 0
    for row in page:
        read = question.read(row)
        if read is None:
            strange += 1
        else:
            found.rows.setdefault(question.name(read), read)
    # A page of nothing but rows that cannot be read is not the end of the answer.
    return len(found.rows) - before + (strange if strange == len(page) else 0)


def _looks_cut(count: int) -> bool:
    """Tell whether a page of so many rows looks like a limit that is set there."""
    return count >= PAGE or (count >= LEAST_PAGE and count % ROUND == 0)


def whole(found: Found[Read]) -> list[Read]:
    """Give the rows of an answer that must be all there is.

    Raises:
        TruncatedError: It is not.
    """
    if found.held_back:
        raise TruncatedError(found.held_back)
    return list(found.rows.values())
