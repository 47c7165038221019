"""What goes into a region's errands and what comes out; what was asked never shows in repr."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class ErrandKind(StrEnum):
    """What is asked of the worker."""

    SOURCE_ADD = "SOURCE_ADD"
    SOURCE_TEST = "SOURCE_TEST"
    PREVIEW = "PREVIEW"
    SCHEDULE = "SCHEDULE"
    RUN = "RUN"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    CANCEL = "CANCEL"
    STOP = "STOP"
    GO = "GO"
    TRACE = "TRACE"


class ErrandState(StrEnum):
    """How far the worker has come with an errand."""

    ASKED = "ASKED"
    TAKEN = "TAKEN"
    DONE = "DONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


#: An errand that nobody takes so long is over: a stop that comes an hour later helps nobody.
WAITS = timedelta(minutes=10)
ENDED = frozenset({ErrandState.DONE, ErrandState.FAILED, ErrandState.EXPIRED})


@dataclass(frozen=True, repr=False)
class NewErrand:
    """An errand as it is asked for.

    Attributes:
        id: 32 hexadecimal digits, drawn by who asks.
        target: Name of a source, or id of a plan; empty for none. It is kept in clear.
        who: Who asks.
        sealed: All else that is said, sealed to the worker's public key.
    """

    id: str
    kind: ErrandKind
    target: str
    who: str
    sealed: bytes


@dataclass(frozen=True, repr=False)
class Taken:
    """An errand that one worker has taken.

    Attributes:
        by: Whose it is.
        tries: How often it was taken, this time too.
    """

    id: str
    kind: ErrandKind
    target: str
    who: str
    sealed: bytes
    by: str
    tries: int


@dataclass(frozen=True, repr=False)
class Errand:
    """An errand as the console shows it.

    Attributes:
        answer: What the worker said; None while it has not, and after it was forgotten.
    """

    id: str
    kind: ErrandKind
    target: str
    who: str
    state: ErrandState
    asked_at: datetime
    ended_at: datetime | None
    answer: Mapping[str, Any] | None
