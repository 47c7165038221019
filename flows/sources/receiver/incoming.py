"""One object of a C-STORE on its way to the landing (PS3.4 §B.2)."""

import re
import struct
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flows.errors import DiskFullError
from flows.sources.landing import Landing
from flows.sources.receiver.commands import Command, Status
from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.head import BrokenHeadError, Head, Named
from flows.sources.receiver.negotiation import (
    IMPLEMENTATION_CLASS,
    IMPLEMENTATION_VERSION,
    Context,
)

if TYPE_CHECKING:
    from flows.sources.placing import Sink

#: Bytes after which free room is asked for again.
_ROOM_EVERY: Final = 64 << 20
_UID: Final = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True)
class ObjectLimits:
    """What one object may take.

    Attributes:
        size: Most bytes. What is larger is thrown away; at twice the size the peer is cut off.
        seconds: Longest time from its first byte to its last.
        room: Bytes of the landing's disk that stay free.
    """

    size: int
    seconds: float
    room: int


class Incoming:
    """Takes an object's fragments, and says what it is answered.

    Args:
        landing: Where it goes.
        limits: What it may take.
        command: The C-STORE-RQ.
        context: Its presentation context.
    """

    def __init__(
        self, landing: Landing, limits: ObjectLimits, command: Command, context: Context
    ) -> None:
        self._landing, self._limits, self._command = landing, limits, command
        self._context = context
        self._until = time.monotonic() + limits.seconds
        self._head = Head(context.encoding)
        self._opened = ExitStack()
        self._sink: Sink | None = None
        self._status = Status.SUCCESS
        self._wasted = False
        self._next_room = 0
        self.size = 0

    def write(self, fragment: memoryview) -> None:
        """Take a fragment of the dataset.

        Raises:
            AssociationError: It never ends, or comes too slowly.
        """
        self.size += len(fragment)
        if self.size > 2 * self._limits.size:
            raise AssociationError(Reason.ENDLESS)
        if time.monotonic() > self._until:
            raise AssociationError(Reason.TIMED_OUT)
        if self.size > self._limits.size:
            self._waste(Status.TOO_LARGE)
        if self._wasted:
            return
        try:
            self._look_for_room()
            self._take(fragment)
        except (DiskFullError, OSError):
            self._waste(Status.OUT_OF_ROOM)

    def end(self) -> Status:
        """Make the object count, and return what its C-STORE is answered."""
        try:
            if not self._sink and not self._wasted:
                self._begin(self._last_look())
            self._opened.close()
        except (DiskFullError, OSError):
            self._waste(Status.OUT_OF_ROOM)
        return self._status

    def abandon(self) -> None:
        """Leave nothing of the object."""
        leave = AssociationError(Reason.CLOSED)
        self._opened.__exit__(AssociationError, leave, None)

    def _take(self, fragment: memoryview) -> None:
        if self._sink:
            self._sink.write(fragment)
            return
        try:
            named = self._head.add(fragment)
        except BrokenHeadError:
            named = Named("", "")
        if named or self._head.is_full:
            self._begin(named or Named("", ""))

    def _last_look(self) -> Named:
        try:
            return self._head.last() or Named("", "")
        except BrokenHeadError:
            return Named("", "")

    def _begin(self, named: Named) -> None:
        """Open the place where the object goes, and write what has come of it."""
        self._status = self._judged(named)
        uid = self._command.sop_instance
        odd = self._status is not Status.SUCCESS
        study = self._landing.odd() if odd else self._landing.study(named.study_uid)
        self._sink = self._opened.enter_context(study.store(uid))
        self._sink.write(part10_header(self._command, self._context.transfer) + self._head.data)
        self._head.data.clear()

    def _judged(self, named: Named) -> Status:
        """Compare what was announced with what came; what differs is kept apart."""
        if not (_UID.fullmatch(named.sop_uid) and _UID.fullmatch(named.study_uid)):
            return Status.NOT_UNDERSTOOD
        told = (self._command.sop_class, self._command.sop_instance)
        same = told == (self._context.abstract, named.sop_uid)
        return Status.SUCCESS if same else Status.NOT_AS_ANNOUNCED

    def _look_for_room(self) -> None:
        if self.size >= self._next_room:
            self._next_room = self.size + _ROOM_EVERY
            if self._landing.room() < self._limits.room:
                raise DiskFullError

    def _waste(self, status: Status) -> None:
        """Keep nothing of the object, and pass over what still comes."""
        self._status = status
        if not self._wasted:
            self._wasted = True
            self.abandon()


def part10_header(command: Command, transfer: str) -> bytes:
    """Return preamble, prefix and File Meta Information (PS3.10 §7.1).

    It says nothing of who sent the object, so the same object has the same bytes from everywhere.
    """
    meta = b"".join(
        (
            struct.pack("<HH2s2xL2s", 0x0002, 0x0001, b"OB", 2, b"\0\1"),
            _ui(0x0002, command.sop_class),
            _ui(0x0003, command.sop_instance),
            _ui(0x0010, transfer),
            _ui(0x0012, IMPLEMENTATION_CLASS),
            _short(0x0013, b"SH", IMPLEMENTATION_VERSION.encode(), b" "),
        )
    )
    length = struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(meta))
    return bytes(128) + b"DICM" + length + meta


def _ui(element: int, uid: str) -> bytes:
    return _short(element, b"UI", uid.encode("latin-1"), b"\0")


def _short(element: int, vr: bytes, value: bytes, pad: bytes) -> bytes:
    value += pad * (len(value) % 2)
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value
