"""One object of a C-STORE on its way to the landing (PS3.4 §B.2)."""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flows.errors import DiskFullError
from flows.sources.landing import Landing
from flows.sources.part_ten import file_header
from flows.sources.receiver.commands import Command, Status
from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.head import BrokenHeadError, Head, Named
from flows.sources.receiver.negotiation import Context
from flows.sources.receiver.quotas import LEAST, Share
from flows.sources.senders import Senders

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
        share: Its sender's.

    Attributes:
        study_uid: Of the study that it is of, once that is known; empty for what is odd.
        is_over_quota: Whether it found no room because too much of its sender waits.
    """

    def __init__(
        self,
        landing: Landing,
        limits: ObjectLimits,
        command: Command,
        context: Context,
        share: Share,
    ) -> None:
        self._landing, self._limits, self._command = landing, limits, command
        self._context, self._share = context, share
        self._until = time.monotonic() + limits.seconds
        self._head = Head(context.encoding)
        self._opened = ExitStack()
        self._sink: Sink | None = None
        self._status = Status.SUCCESS
        self._wasted = False
        self._next_room = 0
        self.size = 0
        self.study_uid = ""
        self._taken: int | None = 0
        self.is_over_quota = False

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
            if self._status is Status.SUCCESS:
                moved = self._command.is_moved
                Senders(self._landing).note(self._share.calling, self.study_uid, moved=moved)
            self._give_back(kept=not self._wasted)
        except (DiskFullError, OSError):
            self._waste(Status.OUT_OF_ROOM)
        return self._status

    def abandon(self) -> None:
        """Leave nothing of the object."""
        leave = AssociationError(Reason.CLOSED)
        self._opened.__exit__(AssociationError, leave, None)
        self._give_back(kept=False)

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
        is_good = self._status is Status.SUCCESS
        self.study_uid = named.study_uid if is_good else ""
        self._take_share()
        if is_good:
            study = self._landing.study(named.study_uid)
        else:
            study = self._landing.odd(uid, self._share.calling)
        self._sink = self._opened.enter_context(study.store(uid))
        self._sink.write(
            file_header(self._command.sop_class, self._command.sop_instance, self._context.transfer)
            + self._head.data
        )
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
            if self._sink:
                self._take_share()

    def _take_share(self) -> None:
        """Count what came as its sender's; what a plan fetches is not refused for that."""
        if self._taken is None:
            return
        more = max(self.size, LEAST) - self._taken
        if self._share.take(more):
            self._taken += more
        elif self.study_uid and self._share.is_awaited(self.study_uid):
            self._give_back(kept=False)
            self._taken = None
        else:
            self.is_over_quota = True
            raise DiskFullError

    def _give_back(self, *, kept: bool) -> None:
        if self._taken:
            self._share.give_back(self._taken, kept=max(self.size, LEAST) if kept else 0)
            self._taken = 0

    def _waste(self, status: Status) -> None:
        """Keep nothing of the object, and pass over what still comes."""
        self._status = status
        if not self._wasted:
            self._wasted = True
            self.abandon()
