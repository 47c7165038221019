"""Ask a PACS one question with C-FIND, PS3.4 §C.4.1, and tell whether its answer is whole."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from flows.errors import (
    FlowsError,
    SourceAwayError,
    SourceRefusedError,
    StoppedError,
)
from flows.sources.network.association import STOPPED, associated
from flows.sources.network.conversation import PENDING, Conversation
from flows.sources.network.peer import Peer, Watch
from flows.sources.network.telling import status_told
from flows.sources.source import Ended, Stop

#: Study Root Query/Retrieve Information Model - FIND, PS3.4 §C.4.1.
MODEL = "1.2.840.10008.5.1.4.1.2.2.1"
#: Identifiers hold no image; every PACS has these two (PS3.5 §10.1).
PLAIN: list[str | UID] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
#: More answers than this to one question are cancelled, and the question is made smaller.
MOST_ANSWERS = 20_000
SUCCESS, CANCELLED = 0x0000, 0xFE00
#: Limits that are set in PACS are round: hundreds, fifties, or powers of two.
ROUND, LEAST_LIMIT = 50, 50

Row = TypeVar("Row")


@dataclass(repr=False)
class Answers(Generic[Row]):
    """What came back for one question.

    Attributes:
        count: How many answers came.
        left_out: How many of them were not of the question, or named nothing.
        held_back: Why there may be more; empty if the answer is whole.
    """

    rows: list[Row] = field(default_factory=list)
    count: int = 0
    left_out: int = 0
    held_back: str = ""


@dataclass(frozen=True)
class Line:
    """An open association for questions."""

    peer: Peer
    association: Association
    conversation: Conversation
    stop: Stop
    watch: Watch | None

    def ask(self, identifier: Dataset, read: Callable[[Dataset], Row | None]) -> Answers[Row]:
        """Ask, and read each answer as it comes; an answer that reads as None is left out.

        Raises:
            SourceRefusedError: The PACS does not accept the question, or answers unreadably.
            SourceAwayError: It broke off, or fell silent.
            StoppedError: We had to stop; the answer would not be whole.
        """
        if self.stop.reason():
            raise StoppedError(STOPPED)
        context = find_context(self.association)
        self.conversation.begin(1, int(context.context_id or 0))
        answers, began, final = Answers[Row](), time.monotonic(), SUCCESS
        for status, answer in self.association.send_c_find(identifier, MODEL, msg_id=1):
            if answers.count == 0 and self.watch is not None and "Status" in status:
                self.watch.note(time.monotonic() - began)
            final = self._code(status)
            if final in PENDING:
                self._take(answer, read, answers)
        if self.stop.reason():
            raise StoppedError(STOPPED)
        answers.held_back = self._held_back(final, answers.count)
        return answers

    @property
    def is_open(self) -> bool:
        """Tell whether more can be asked: a PACS that ignores C-CANCEL is broken off."""
        return bool(self.association.is_established)

    def _code(self, status: Dataset) -> int:
        if "Status" in status:
            return int(status.Status)
        if self.conversation.cancelled and not self.stop.reason():
            return CANCELLED  # too many answers, and no end of them: what came is not whole
        if self.watch is not None:
            self.watch.failed()
        raise broken_off(self.conversation)

    def _take(
        self, answer: Dataset | None, read: Callable[[Dataset], Row | None], answers: Answers[Row]
    ) -> None:
        if answer is None:
            message = "an answer of the PACS cannot be read: it is not a DICOM data set"
            raise SourceRefusedError(message)
        answers.count += 1
        row = read(answer)
        if row is None:
            answers.left_out += 1
        elif len(answers.rows) < MOST_ANSWERS:
            answers.rows.append(row)
        if answers.count >= MOST_ANSWERS:
            self.conversation.cancel()

    def _held_back(self, final: int, count: int) -> str:
        """Say why there may be more answers, PS3.4 Table C.4-1.

        Raises:
            SourceRefusedError: The question itself was not accepted.
        """
        if final == CANCELLED or count >= MOST_ANSWERS:
            return "the PACS has more answers than can be taken at once"
        if final == SUCCESS:
            limited = f"the PACS gave {count} answers, which looks like a limit that is set there"
            return limited if suspicious(count, self.peer.most_answers) else ""
        if final >> 8 == 0xA7 or final >> 12 in {0xB, 0xC}:  # noqa: PLR2004  # by the table
            return status_told(final)
        raise SourceRefusedError(status_told(final))


def suspicious(count: int, most: int | None) -> bool:
    """Tell whether so many answers look as if there were more."""
    if most is not None:
        return 0 < most <= count
    return count >= LEAST_LIMIT and (count % ROUND == 0 or count & (count - 1) == 0)


def broken_off(conversation: Conversation) -> FlowsError:
    """Say why an operation had no end."""
    if conversation.ended is Ended.STOPPED:
        return StoppedError(STOPPED)
    if conversation.ended is Ended.TIMED_OUT:
        return SourceAwayError("the PACS fell silent in the middle of an answer")
    return SourceAwayError("the PACS broke the association off in the middle of an answer")


@contextmanager
def line(peer: Peer, stop: Stop, watch: Watch | None) -> Iterator[Line]:
    """Open an association for questions. Raises as `associated` does."""
    try:
        with associated(peer, [build_context(MODEL, PLAIN)], stop) as (association, conversation):
            yield Line(peer, association, conversation, stop, watch)
    except SourceAwayError:
        if watch is not None:
            watch.failed()
        raise


def find_context(association: Association) -> PresentationContext:
    """Return the accepted context of questions; an association with none is not opened."""
    return association.accepted_contexts[0]
