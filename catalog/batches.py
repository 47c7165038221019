"""A statement may name some thousand values at most: so many at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_MOST = 500


def batches(every: Iterable[_T]) -> Iterator[list[_T]]:
    """Give values a batch at a time."""
    coming = iter(every)
    while some := list(islice(coming, _MOST)):
        yield some
