"""Protocol data units of one connection (PS3.8 §9.3), in one buffer that is used again."""

import socket
import struct
import time
from enum import IntEnum
from typing import Final

from flows.sources.receiver.errors import AssociationError, Reason


class Kind(IntEnum):
    """Types of protocol data units (PS3.8 §9.3.1)."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


#: Longest P-DATA-TF that we ask for, without the six bytes before it.
LONGEST: Final = 131072
_HEADER: Final = struct.Struct(">BxL")
#: 128 presentation contexts with every transfer syntax fit into twice the longest P-DATA-TF.
_BUFFER: Final = 2 * (LONGEST + _HEADER.size)
_MOST: Final = {
    Kind.ASSOCIATE_RQ: _BUFFER - _HEADER.size,
    Kind.DATA: LONGEST,
    Kind.RELEASE_RQ: 4,
    Kind.RELEASE_RP: 4,
    Kind.ABORT: 4,
}


class Wire:
    """Reads whole units, and writes.

    Args:
        connection: A connected socket, TLS or not.
        seconds: How long one unit, or the next byte, may take to come.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self.patience(seconds)

    def patience(self, seconds: float) -> None:
        """Set how long one unit, or the next byte, may take to come."""
        self._seconds = seconds
        self._connection.settimeout(seconds)

    def read(self) -> tuple[Kind, memoryview]:
        """Return the next unit's type and what follows its length; valid until the next call.

        Raises:
            AssociationError: It did not come, or is of no known type, or longer than it may be.
        """
        self._need(_HEADER.size)
        number, length = _HEADER.unpack_from(self._buffer, self._start)
        try:
            kind = Kind(number)
        except ValueError:
            raise AssociationError(Reason.MALFORMED) from None
        if length > _MOST.get(kind, 0):
            raise AssociationError(Reason.MALFORMED)
        self._need(_HEADER.size + length)
        begin = self._start + _HEADER.size
        self._start = begin + length
        return kind, self._view[begin : self._start]

    def send(self, unit: bytes) -> None:
        """Send a whole unit.

        Raises:
            AssociationError: The peer does not take it.
        """
        try:
            self._connection.sendall(unit)
        except OSError:
            raise AssociationError(Reason.CLOSED) from None

    def _need(self, count: int) -> None:
        """Read until there are so many bytes that were not given out."""
        if self._end - self._start >= count:
            return
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start + count > _BUFFER:
            left = bytes(self._view[self._start : self._end])
            self._buffer[: len(left)] = left
            self._start, self._end = 0, len(left)
        until = time.monotonic() + self._seconds
        while self._end - self._start < count:
            self._end += self._receive()
            if time.monotonic() > until and self._end - self._start < count:
                raise AssociationError(Reason.TIMED_OUT)

    def _receive(self) -> int:
        try:
            got = self._connection.recv_into(self._view[self._end :])
        except TimeoutError:
            raise AssociationError(Reason.TIMED_OUT) from None
        except OSError:
            got = 0
        if not got:
            raise AssociationError(Reason.CLOSED)
        return got


def unit(kind: Kind, body: bytes) -> bytes:
    """Return a unit as it is sent."""
    return _HEADER.pack(kind, len(body)) + body
