"""What every trial of a source needs: how far back to search, and a landing that keeps nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flows.sources.source import Sink

#: Days back that are searched for a mammography study, until one is found.
DAYS_BACK: Final = (1, 7, 30, 365, 3650)


class Unstopped:
    """Never stops: a trial is short."""

    def reason(self) -> str:
        """Say nothing."""
        return ""


class Nowhere:
    """A landing that keeps nothing, and counts what came.

    Attributes:
        count: Whole objects.
    """

    def __init__(self) -> None:
        self.count = 0

    def has(self, _sop_uid: str) -> bool:
        """Have nothing."""
        return False

    def files(self) -> tuple[Path, ...]:
        """Hold nothing."""
        return ()

    @contextmanager
    def store(self, _sop_uid: str) -> Iterator[Sink]:
        """Take an object in, and let it go."""
        yield _Bin()
        self.count += 1


class _Bin:
    def write(self, _block: bytes, /) -> object:
        return None
