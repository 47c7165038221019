"""Objects that a DICOMweb service sends, written down as they come (PS3.10 files, PS3.18 §10.4).

Nothing is decoded but the two UIDs that say what an object is: a service may send another one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flows.files.spool import local_trouble
from flows.sources.network.peer import Spending
from flows.sources.receiver.head import BrokenHeadError, Head, Named
from flows.sources.receiver.syntaxes import encoding
from flows.sources.source import Landed

_PREAMBLE: Final = 128
_PREFIX: Final = b"DICM"
_META: Final = 0x0002
_SOP_UID, _SYNTAX = (_META, 0x0003), (_META, 0x0010)
#: Value representations whose length has four bytes (PS3.5 table 7.1-1).
_LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
#: Most bytes of File Meta Information, PS3.10 §7.1.
_LONGEST_META: Final = 1 << 16
#: Most bytes of one object.
LARGEST_OBJECT: Final = 16 << 30

NOT_DICOM = "the service sent something that is no DICOM file"
NOT_ASKED = "the service sent objects that were not asked for, or of another study"
TOO_LARGE = "the service sent an object without end"
OTHER_LENGTH = "the service sent an object that is longer or shorter than it said"


class _RefusedError(Exception):
    """An object is not kept; the text says why, and quotes nothing of it."""


@dataclass
class Arrivals:
    """Takes in the objects of one study.

    Attributes:
        wanted: SOP Instance UIDs; None for all of the study.
        stored: How many objects were taken in, `failed` how many were not, and `why` one was not.
    """

    landed: Landed
    study_uid: str
    wanted: frozenset[str] | None = None
    bandwidth: Spending | None = None
    stored: int = 0
    failed: int = 0
    why: str = ""

    def refuse(self, why: str) -> None:
        """Count an object that is not kept."""
        self.failed += 1
        self.why = self.why or why

    def take(self, blocks: Iterator[bytes], length: int | None) -> None:
        """Take one object in; it is kept once all of it has come, and not if it is another.

        Args:
            blocks: Its bytes. What they raise passes, with nothing kept.
            length: How many there shall be, where that was said.

        Raises:
            DiskFullError: The landing's disk is full.
            RetriableError: The landing cannot be written to.
        """
        try:
            head, named = _named(blocks)
            self._require_asked(named)
            self._store(named.sop_uid, head, blocks, length)
        except _RefusedError as error:
            self.refuse(str(error))
        except OSError as error:
            raise local_trouble(error) from None
        else:
            self.stored += 1

    def _require_asked(self, named: Named) -> None:
        wanted = self.wanted is None or named.sop_uid in self.wanted
        if not wanted or named.study_uid not in {"", self.study_uid}:
            raise _RefusedError(NOT_ASKED)

    def _store(
        self, sop_uid: str, head: bytes, blocks: Iterator[bytes], length: int | None
    ) -> None:
        with self.landed.store(sop_uid) as sink:
            sink.write(head)
            size = len(head)
            for block in blocks:
                sink.write(block)
                size += len(block)
                if size > LARGEST_OBJECT:
                    raise _RefusedError(TOO_LARGE)
                self._spend(len(block))
            if length not in {None, size}:
                raise _RefusedError(OTHER_LENGTH)
        self._spend(len(head))

    def _spend(self, count: int) -> None:
        if self.bandwidth is not None:
            self.bandwidth.spend(count)


class _Beginning:
    """As much of an object as tells what it is.

    Of a data set that cannot be read the File Meta Information is believed: it is looked at
    later, whole.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self._meta: _Meta | None = None
        self._head: Head | None = None

    def add(self, block: bytes) -> Named | None:
        """Take what came; return what the object calls itself, or None if more must come."""
        self.data += block
        if self._meta is not None:
            return self._look(block)
        self._meta = _meta(self.data)
        if self._meta is None:
            return None
        self._head = _head(self._meta.syntax)
        return self._look(bytes(self.data[self._meta.end :]))

    def last(self) -> Named:
        """Return what an object that has come to its end calls itself."""
        try:
            named = self._head.last() if self._head is not None else None
        except BrokenHeadError:
            named = None
        return self._either(named)

    def _look(self, block: bytes) -> Named | None:
        if self._head is None:
            return self._either(None)
        try:
            named = self._head.add(memoryview(block))
        except BrokenHeadError:
            return self._either(None)
        return self._either(named) if named or self._head.is_full else None

    def _either(self, named: Named | None) -> Named:
        found = named or Named("", "")
        sop_uid = found.sop_uid or (self._meta.sop_uid if self._meta is not None else "")
        if not sop_uid:
            raise _RefusedError(NOT_DICOM)
        return Named(sop_uid, found.study_uid)


def _named(blocks: Iterator[bytes]) -> tuple[bytes, Named]:
    """Read the beginning of an object; give it, and what the object calls itself."""
    beginning = _Beginning()
    for block in blocks:
        named = beginning.add(block)
        if named is not None:
            return bytes(beginning.data), named
    return bytes(beginning.data), beginning.last()


def _head(syntax: str) -> Head | None:
    known = encoding(syntax)
    return None if known is None else Head(known)


@dataclass(frozen=True, repr=False)
class _Meta:
    sop_uid: str
    syntax: str
    end: int


def _meta(data: bytearray) -> _Meta | None:
    """Read File Meta Information (PS3.10 §7.1: explicit, little endian); None until all came."""
    start = _PREAMBLE + len(_PREFIX)
    if not _PREFIX.startswith(bytes(data[_PREAMBLE:start])):
        raise _RefusedError(NOT_DICOM)
    found: dict[tuple[int, int], str] = {}
    at = start
    try:
        while (tag := struct.unpack_from("<HH", data, at))[0] == _META:
            is_long = bytes(data[at + 4 : at + 6]) in _LONG
            length = struct.unpack_from("<L" if is_long else "<H", data, at + (8 if is_long else 6))
            value = at + (12 if is_long else 8)
            at = value + length[0]
            if at - start > _LONGEST_META:
                raise _RefusedError(NOT_DICOM)
            if tag in {_SOP_UID, _SYNTAX} and at <= len(data):
                found[tag] = bytes(data[value:at]).rstrip(b"\0 ").decode("latin-1")
    except struct.error:
        return None
    return _Meta(found.get(_SOP_UID, ""), found.get(_SYNTAX, ""), at)
