"""A span of days, and of one day's time, that a question asks for; and its halves.

A PACS that holds answers back (PS3.4 Table C.4-1, A700; or without a word) is asked again for each
half, until an answer is whole.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from flows.errors import TruncatedError

DAY_SECONDS = 86_400
#: Questions for one stretch of days: an honest source that holds answers back needs far fewer.
MOST_QUESTIONS = 1_000
TOO_MANY = (
    "the source holds answers back, and goes on doing so however small the question: ask for the "
    "limit of answers to be raised there, or plan fewer days at a time (days, below [limits])"
)


def require_few(questions: int) -> None:
    """Let no source be asked without end: each half of a question could be cut off again.

    Raises:
        TruncatedError: There were too many for one stretch of days.
    """
    if questions > MOST_QUESTIONS:
        raise TruncatedError(TOO_MANY)


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both included; within one day also seconds of it.

    Neighbouring spans of time share their border, so that no fraction of a second falls between.

    Attributes:
        start: First second of the day; `end` is the last, up to 86 400.
    """

    first: date
    last: date
    start: int = 0
    end: int = DAY_SECONDS

    @property
    def timed(self) -> bool:
        """Tell whether only a part of a day is asked for."""
        return (self.start, self.end) != (0, DAY_SECONDS)

    def halves(self) -> tuple["Window", "Window"] | None:
        """Give its two halves; None for what is not longer than a second."""
        if self.first < self.last:
            middle = self.first + (self.last - self.first) // 2
            return replace(self, last=middle), replace(self, first=middle + timedelta(days=1))
        if self.end - self.start <= 1:
            return None
        at = (self.start + self.end) // 2
        return replace(self, end=at), replace(self, start=at)

    def keys(self) -> dict[str, str]:
        """Give the matching keys: range matching, PS3.4 §C.2.2.2.5."""
        first, last = self.first.strftime("%Y%m%d"), self.last.strftime("%Y%m%d")
        keys = {"StudyDate": first if first == last else f"{first}-{last}"}
        if self.timed:
            end = "235959.999999" if self.end == DAY_SECONDS else _clock(self.end)
            keys["StudyTime"] = f"{_clock(self.start)}-{end}"
        return keys

    def holds(self, day: date | None) -> bool:
        """Tell whether a study's date lies in it; a study without a date is not ruled out."""
        return day is None or self.first <= day <= self.last

    def holds_time(self, time: str) -> bool:
        """Tell whether a time of day, `HH[MM[SS[.F]]]`, lies in it."""
        if not self.timed:
            return True
        if not time[:2].isdigit():
            return False
        whole = (time.partition(".")[0] + "0000")[:6]
        if not whole.isdigit():
            return False
        seconds = int(whole[:2]) * 3600 + int(whole[2:4]) * 60 + int(whole[4:6])
        return self.start <= seconds <= self.end


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}"
