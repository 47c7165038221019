"""The messages of one association: awaited with patience, cut short when we must stop.

pynetdicom's own provider waits for a whole message without looking up, and keeps a received
object in memory. This one looks up four times a second, and passes an object's bytes on as they
come.
"""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol, cast

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.pdu_primitives import P_DATA

from flows.sources.network.connection import Connection
from flows.sources.network.peer import Patience
from flows.sources.source import Ended, Stop

LOOK_UP_SECONDS = 0.25
#: An answer's identifier holds a few hundred bytes; what is larger is no answer.
LARGEST_IDENTIFIER = 1 << 20
#: There is more to come (PS3.4 §C.4).
PENDING = frozenset({0xFF00, 0xFF01})


class Arrival(Protocol):
    """One object that is coming in. Neither call raises: both run in the network's thread."""

    def write(self, block: bytes) -> None:
        """Take the next bytes of its encoded data set."""
        ...

    def forget(self) -> None:
        """Leave nothing of it."""
        ...


#: Opens an arrival: SOP Class UID, SOP Instance UID, Transfer Syntax UID.
Opens = Callable[[str, str, str], Arrival]


class Conversation(DIMSEServiceProvider):
    """Stands in for an association's provider of messages, PS3.7.

    Attributes:
        ended: Why it was broken off, if it was: `TIMED_OUT` or `STOPPED`.
        opens: Where objects go that the PACS sends over this association (C-GET).
        unsettled: Objects that came, or are coming in, and were not settled.
    """

    def __init__(self, association: Association, patience: Patience, stop: Stop) -> None:
        super().__init__(association)
        self._patience = patience
        self._stop = stop
        self._began = self._heard = self._moved = time.monotonic()
        self._counts: tuple[object, ...] = ()
        self._operation: tuple[int, int] | None = None
        self._cancelled: float | None = None
        self._answering = False
        self.ended: Ended | None = None
        self.opens: Opens | None = None
        self.unsettled: list[Arrival] = []

    def begin(self, message_id: int, context_id: int) -> None:
        """Start the clocks of one operation, which C-CANCEL names by these two numbers."""
        self._operation = (message_id, context_id)
        self._began = self._heard = self._moved = time.monotonic()
        self._counts, self._cancelled, self._answering = (), None, True

    @property
    def cancelled(self) -> bool:
        """Tell whether the PACS was asked to cancel."""
        return self._cancelled is not None

    def cancel(self) -> None:
        """Ask the PACS to cancel, PS3.7 §9.3.2.3; once."""
        if self._cancelled is None and self._operation and self.assoc.is_established:
            self._cancelled = time.monotonic()
            message_id, context_id = self._operation
            self.assoc.send_c_cancel(message_id, context_id)

    def get_msg(self, block: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  # pynetdicom's
        """Return the next message, or (None, None) when there will be none."""
        if not block:
            # That is the association's own loop, which should rest while an answer is awaited. It
            # says that it rests for a moment after it went on, and would take the answer then.
            return (None, None) if self._answering else super().get_msg(block=False)
        while True:
            if self._stop.reason():
                self.cancel()
            if reason := self._out_of_patience():
                self.ended, self._answering = reason, False
                self.break_off()
                return None, None
            if not self.msg_queue.empty() or self._wait():
                context_id, message = self.msg_queue.get()
                self._note(message)
                return context_id, message

    def _wait(self) -> bool:
        """Wait a moment for a message, without taking it."""
        end = time.monotonic() + LOOK_UP_SECONDS
        with self.msg_queue.not_empty:
            while not self.msg_queue.queue:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.msg_queue.not_empty.wait(left)
        return True

    def _out_of_patience(self) -> Ended | None:
        now, patience = time.monotonic(), self._patience
        if self._cancelled is not None and now - self._cancelled > patience.cancel:
            return Ended.STOPPED
        slow = (
            now - self._heard > patience.dimse
            or now - self._moved > patience.stalled
            or now - self._began > patience.study
        )
        return Ended.TIMED_OUT if slow else None

    def _note(self, message: object) -> None:
        """Note whether a retrieval moves: an object came, or the PACS counts on; and its end."""
        if getattr(message, "Status", None) not in {None, *PENDING}:
            self._answering = False
        if isinstance(message, C_MOVE | C_GET):
            counts = (
                message.NumberOfCompletedSuboperations,
                message.NumberOfFailedSuboperations,
                message.NumberOfWarningSuboperations,
            )
            if counts == self._counts:
                return
            self._counts = counts
        self._moved = time.monotonic()

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what the network's thread read; nothing it holds may end that thread."""
        self._heard = time.monotonic()
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = Incoming(self, self.message)
        try:
            super().receive_primitive(primitive)
        except Exception:  # noqa: BLE001  # a malformed message has a hundred faces
            self.message = None
            self.dul.event_queue.put("Evt19")

    def open(self, message: DIMSEMessage) -> Arrival | None:
        """Open what an object's bytes are passed to; None where objects are not expected."""
        if self.opens is None:
            return None
        command = message.command_set
        context = self.assoc._accepted_cx[cast("int", message.context_id)]  # noqa: SLF001
        sop_class, sop_uid = command.AffectedSOPClassUID, command.AffectedSOPInstanceUID
        syntax = UID(context.transfer_syntax[0])
        arrival = self.opens(str(sop_class), str(sop_uid), str(syntax))
        self.unsettled.append(arrival)
        return arrival

    def break_off(self) -> None:
        """Abort, and make sure that the connection ends whatever the PACS does."""
        self.assoc.abort(block=False)
        until = time.monotonic() + 1
        while self.dul.is_alive() and not self.dul.stop_dul() and time.monotonic() < until:
            time.sleep(0.01)
        cut(self.assoc)
        self.assoc.kill()


class Incoming(BytesIO):
    """What a message's data set is written to; an object's is passed on.

    Attributes:
        arrival: The object, if it is one and is expected.
    """

    def __init__(self, conversation: Conversation, message: DIMSEMessage) -> None:
        super().__init__()
        self._conversation, self._message = conversation, message
        self._begun = False
        self.arrival: Arrival | None = None

    def write(self, block: Any) -> int:  # noqa: ANN401  # any buffer
        """Write, or pass on.

        Raises:
            ValueError: It is larger than any answer.
        """
        if isinstance(self._message, C_STORE_RQ):
            if not self._begun:
                self._begun, self.arrival = True, self._conversation.open(self._message)
            if self.arrival is not None:
                self.arrival.write(block)
            return len(block)
        if self.tell() + len(block) > LARGEST_IDENTIFIER:
            message = "too large"
            raise ValueError(message)
        return super().write(block)


def cut(association: Association) -> None:
    """End an association's connection at once."""
    if isinstance(association.dul.socket, Connection):
        association.dul.socket.cut()


def shut(association: Association) -> None:
    """Close an association's connection, whatever became of it."""
    if isinstance(association.dul.socket, Connection):
        association.dul.socket.shut()
