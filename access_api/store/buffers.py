"""Memory for blocks, used again as soon as nobody looks at it any more.

A block of its own for every MiB costs more than reading it: the pages are taken from the system,
filled with zeros and given back each time.
"""

from collections import deque
from typing import Final

BLOCK: Final = 1 << 20
KEPT: Final = 32
"""Buffers that are kept for later; more are made when they are wanted, and given up."""


class Buffers:
    """Buffers of `BLOCK` bytes. Whoever holds a view of one keeps it from being used again."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[bytearray] = deque(maxlen=kept)

    def take(self) -> bytearray:
        """Give a buffer that nobody has a view of; what is in it means nothing."""
        for _ in range(len(self._kept)):
            buffer = self._kept.pop()  # the newest: it lies in the processor's cache still
            if _is_free(buffer):
                return buffer
            self._kept.appendleft(buffer)
        return bytearray(BLOCK)

    def give(self, buffer: bytearray) -> None:
        """Take a buffer back; views of it may still be out, such as in a socket's queue."""
        if len(self._kept) < (self._kept.maxlen or 0):
            self._kept.append(buffer)


def _is_free(buffer: bytearray) -> bool:
    """Tell whether there is no view of a buffer: only then may its length change."""
    try:
        last = buffer.pop()
    except BufferError:
        return False
    buffer.append(last)
    return True
