"""The two UIDs at the head of a dataset, found without decoding anything else (PS3.5 §7)."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from flows.sources.receiver.syntaxes import Encoding

#: Most bytes that may come before the Study Instance UID.
LONGEST_HEAD: Final = 4 << 20
#: Longest UID that is looked at; PS3.5 §9.1 allows 64.
LONGEST_UID: Final = 128
_DEEPEST: Final = 64
_UNDEFINED: Final = 0xFFFFFFFF
_INSTANCE: Final = (0x0008, 0x0018)
_STUDY: Final = (0x0020, 0x000D)
_ITEMS: Final = 0xFFFE
_ITEM: Final = 0xE000
#: Value representations whose length has four bytes (PS3.5 table 7.1-1).
_LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


@dataclass(frozen=True, repr=False)
class Named:
    """What a dataset calls itself; "" where it does not say."""

    sop_uid: str
    study_uid: str


class BrokenHeadError(ValueError):
    """The bytes are no dataset in the encoding that was agreed on."""


class Head:
    """The first bytes of a dataset, as they come.

    Args:
        encoding: How its elements are written.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._plain = bytearray()
        self._next_look = 0
        self.data = bytearray()

    @property
    def is_full(self) -> bool:
        """Tell whether so much has come that a sound dataset would have named itself."""
        return max(len(self.data), len(self._plain)) >= LONGEST_HEAD

    def add(self, fragment: memoryview) -> Named | None:
        """Take what came; return the UIDs, or None if more must come.

        Raises:
            BrokenHeadError: It cannot be read.
        """
        self.data += fragment
        if self._encoding is Encoding.DEFLATED:
            self._inflate(fragment)
            plain = self._plain
        else:
            plain = self.data
        # Looked at again only after it has doubled: tiny fragments cost no more than large ones.
        if len(plain) < self._next_look and not self.is_full:
            return None
        self._next_look = 2 * len(plain)
        return find(plain, self._encoding)

    def last(self) -> Named | None:
        """Return the UIDs of a dataset that has come to its end.

        Raises:
            BrokenHeadError: It cannot be read.
        """
        plain = self._plain if self._encoding is Encoding.DEFLATED else self.data
        return find(plain, self._encoding, whole=True)

    def _inflate(self, fragment: memoryview) -> None:
        room = LONGEST_HEAD - len(self._plain)
        if room <= 0 or self._inflater.eof:
            return
        try:
            self._plain += self._inflater.decompress(
                self._inflater.unconsumed_tail + fragment, room
            )
        except zlib.error:
            raise BrokenHeadError from None


def find(data: bytes | bytearray, encoding: Encoding, *, whole: bool = False) -> Named | None:
    """Find SOP and Study Instance UID among a dataset's own elements, not in its sequences.

    Args:
        data: A dataset's first bytes.
        encoding: How its elements are written.
        whole: Nothing comes after them.

    Returns:
        None if the data ends before they can have come.

    Raises:
        BrokenHeadError: It cannot be read: elements out of order, or nested too deep.
    """
    walk = _Walk(data, encoding)
    try:
        while walk.at < len(data):
            if walk.step():
                return walk.named
    except (struct.error, EOFError):
        return None
    return walk.named if whole and walk.at == len(data) and walk.depth == 0 else None


class _Walk:
    """Goes from element to element; what has no length (PS3.5 §7.5) is entered, not skipped."""

    def __init__(self, data: bytes | bytearray, encoding: Encoding) -> None:
        order = ">" if encoding is Encoding.BIG else "<"
        self._data = data
        self._tag = struct.Struct(f"{order}HH")
        self._short, self._long = struct.Struct(f"{order}H"), struct.Struct(f"{order}L")
        #: Of the dataset, and of every item and sequence that is open.
        self._implicit = [encoding is Encoding.IMPLICIT]
        self._before = (0, 0)
        self._found = {_INSTANCE: "", _STUDY: ""}
        self.at = 0

    @property
    def depth(self) -> int:
        return len(self._implicit) - 1

    @property
    def named(self) -> Named:
        return Named(self._found[_INSTANCE], self._found[_STUDY])

    def step(self) -> bool:
        """Pass one element; tell whether both UIDs have come, or cannot come any more."""
        tag = self._tag.unpack_from(self._data, self.at)
        vr, length, value = self._header(tag)
        is_own = len(self._implicit) == 1
        if is_own:
            if tag > _STUDY:
                return True
            if tag <= self._before:
                raise BrokenHeadError
            self._before = tag
            if tag in self._found:
                self._found[tag] = self._uid(value, length)
        self.at = value
        if tag[0] == _ITEMS or length == _UNDEFINED:
            self._nest(tag, vr, length)
        if length != _UNDEFINED:
            self.at += length
        return tag == _STUDY and is_own

    def _header(self, tag: tuple[int, int]) -> tuple[bytes, int, int]:
        """Return VR ("" if implicit), length, and where the value begins (PS3.5 §7.1)."""
        if self._implicit[-1] or tag[0] == _ITEMS:
            return b"", self._long.unpack_from(self._data, self.at + 4)[0], self.at + 8
        vr = bytes(self._data[self.at + 4 : self.at + 6])
        if len(vr) == len(b"UI") and not (vr.isalpha() and vr.isupper()):
            raise BrokenHeadError
        if vr in _LONG:
            return vr, self._long.unpack_from(self._data, self.at + 8)[0], self.at + 12
        return vr, self._short.unpack_from(self._data, self.at + 6)[0], self.at + 8

    def _nest(self, tag: tuple[int, int], vr: bytes, length: int) -> None:
        """Enter what is open, and leave what is closed."""
        if tag[0] == _ITEMS and tag[1] != _ITEM:
            if self.depth == 0:
                raise BrokenHeadError
            self._implicit.pop()
        elif length == _UNDEFINED:
            if self.depth == _DEEPEST:
                raise BrokenHeadError
            # What is unknown and open is written implicitly, whatever is around it (§6.2.2).
            self._implicit.append(vr == b"UN" or self._implicit[-1])

    def _uid(self, value: int, length: int) -> str:
        if length > LONGEST_UID:
            raise BrokenHeadError
        data = self._data[value : value + length]
        if len(data) < length:
            raise EOFError
        return data.rstrip(b"\0 ").decode("latin-1")
