"""A digest of the frames that were looked at, so that no others are written in their place."""

from hashlib import sha256
from typing import BinaryIO

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.source import Parsed

_STEP = 1 << 16  # bytes that are looked at at a time, from the end
_OTHERS = (Finding("pixels", "not those that were looked at"),)


class Witness:
    """Sees the stored bytes of every frame, in order; zeros that fill them up do not count."""

    def __init__(self) -> None:
        self._whole = sha256()

    def see(self, frame: bytes) -> None:
        """Take note of one frame as it is stored."""
        length = _filled(frame)
        self._whole.update(length.to_bytes(8, "big"))
        self._whole.update(memoryview(frame)[:length])

    @property
    def digest(self) -> bytes:
        """Of all frames so far."""
        return self._whole.digest()


def check_same(finished: BinaryIO, parsed: Parsed, seen: bytes) -> None:
    """Compare the frames of a finished object with those that were looked at.

    Raises:
        SuspectError: They are others: the source was changed between the look and the writing.
    """
    witness = Witness()
    for place in locate_frames(finished, parsed).places:
        witness.see(read_frame(finished, place))
    if witness.digest != seen:
        raise SuspectError(Reason.UNCHECKED, _OTHERS)


def _filled(frame: bytes) -> int:
    """Give the length without the zeros at the end; stripping them would copy a whole frame."""
    length = len(frame)
    while length:
        start = max(0, length - _STEP)
        rest = len(frame[start:length].rstrip(b"\0"))
        if rest:
            return start + rest
        length = start
    return 0
