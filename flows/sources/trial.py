"""What every trial of a source needs: a study to try it with, and a landing that keeps nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from flows.sources.source import FoundStudy, Query, Sink, Source

#: Days back that are searched for a mammography study, until one is found.
DAYS_BACK: Final = (1, 7, 30, 365, 3650)

STEP_SECONDS: Final = 300.0
TOO_LONG: Final = "the trial took too long"


class Briefly:
    """Stops a step of a trial that takes long: a source may answer without end."""

    def __init__(self, seconds: float = STEP_SECONDS) -> None:
        self._until = time.monotonic() + seconds

    def reason(self) -> str:
        """Say that it took too long."""
        return TOO_LONG if time.monotonic() >= self._until else ""


def find_one(source: Source, called: str) -> tuple[FoundStudy | None, str]:
    """Find a study of few objects, as lately as there is one; and tell what was found.

    Raises what `Source.find` does.
    """
    today, stop = datetime.now(UTC).date() + timedelta(days=1), Briefly()
    for days in DAYS_BACK:
        query = Query((today - timedelta(days=days), today))
        found = list(source.find(query, stop))
        if found:
            least = min(found, key=lambda study: study.instances or 1 << 30)
            says = "says" if least.instances is not None else "does not say"
            told = f"{len(found)} mammography studies of the last {days} days"
            return least, f"the {called} finds {told}, and {says} how many objects a study holds"
    return None, f"the {called} answers, and finds no mammography study of {DAYS_BACK[-1]} days"


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
