"""DIMSE command sets (PS3.7 §6.3, §9.3, Annex E): what is asked, and what it is answered."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.wire import Kind, unit

#: Longest command set that is read; one of ours has some 200 bytes.
LONGEST_COMMAND: Final = 16384
_NO_DATASET: Final = 0x0101
_RESPONSE: Final = 0x8000
_ELEMENT: Final = struct.Struct("<HHL")
_FRAGMENT: Final = struct.Struct(">LBB")

_CLASS, _FIELD, _MESSAGE, _ANSWERED = 0x0002, 0x0100, 0x0110, 0x0120
_DATASET, _STATUS, _COMMENT, _INSTANCE = 0x0800, 0x0900, 0x0902, 0x1000
#: Move Originator Application Entity Title (0000,1030).
_MOVER = 0x1030


class Field(IntEnum):
    """Command fields (PS3.7 §E.1) that are understood here."""

    STORE = 0x0001
    ECHO = 0x0030
    CANCEL = 0x0FFF


class Status(IntEnum):
    """Statuses of a C-STORE (PS3.4 §B.2.3): failures are A7xx, A9xx, Cxxx."""

    SUCCESS = 0x0000
    OUT_OF_ROOM = 0xA700
    NOT_AS_ANNOUNCED = 0xA900
    NOT_UNDERSTOOD = 0xC000
    TOO_LARGE = 0xC001


#: What a failure says in words (0000,0902), for the log of the peer; at most 64 characters.
COMMENTS: Final = {
    Status.OUT_OF_ROOM: "the landing takes nothing from here now",
    Status.NOT_AS_ANNOUNCED: "SOP Class or Instance UID is not the one announced",
    Status.NOT_UNDERSTOOD: "no SOP or Study Instance UID in the dataset",
    Status.TOO_LARGE: "the object is larger than accepted here",
}


@dataclass(frozen=True, repr=False)
class Command:
    """A command set, as far as it matters here; UIDs as they came, without padding.

    Attributes:
        is_moved: Whether it answers a C-MOVE, and says so (PS3.7 §9.3.1.1).
    """

    field: Field
    message: int
    sop_class: str
    sop_instance: str
    has_dataset: bool
    is_moved: bool = False


def parse_command(data: bytes) -> Command:
    """Read a command set: implicit VR, little endian (PS3.7 §6.3.1).

    Raises:
        AssociationError: It is none, or of a service that is not served here.
    """
    values: dict[int, bytes] = {}
    at = 0
    try:
        while at < len(data):
            group, element, length = _ELEMENT.unpack_from(data, at)
            at += _ELEMENT.size + length
            if group or at > len(data):
                raise AssociationError(Reason.MALFORMED)
            values[element] = data[at - length : at]
        return Command(
            field=Field(_number(values[_FIELD])),
            message=_number(values.get(_MESSAGE, b"\0\0")),
            sop_class=_uid(values.get(_CLASS, b"")),
            sop_instance=_uid(values.get(_INSTANCE, b"")),
            has_dataset=_number(values[_DATASET]) != _NO_DATASET,
            is_moved=_MOVER in values,
        )
    except (struct.error, KeyError, ValueError):
        raise AssociationError(Reason.MALFORMED) from None


def response(command: Command, context: int, status: Status) -> bytes:
    """Return the P-DATA-TF that answers a C-STORE or C-ECHO."""
    body = (
        _element(_CLASS, _padded(command.sop_class))
        + _element(_FIELD, struct.pack("<H", command.field | _RESPONSE))
        + _element(_ANSWERED, struct.pack("<H", command.message))
        + _element(_DATASET, struct.pack("<H", _NO_DATASET))
        + _element(_STATUS, struct.pack("<H", status))
    )
    if status in COMMENTS:
        text = COMMENTS[status].encode()
        body += _element(_COMMENT, text + b" " * (len(text) % 2))
    if command.field is Field.STORE:
        body += _element(_INSTANCE, _padded(command.sop_instance))
    whole = _element(0, struct.pack("<L", len(body))) + body
    return unit(Kind.DATA, _FRAGMENT.pack(len(whole) + 2, context, 0b11) + whole)


def _number(value: bytes) -> int:
    number: int = struct.unpack("<H", value)[0]
    return number


def _uid(value: bytes) -> str:
    # Latin-1 gives every byte back as it came.
    return value.rstrip(b"\0 ").decode("latin-1")


def _padded(uid: str) -> bytes:
    value = uid.encode("latin-1")
    return value + b"\0" * (len(value) % 2)


def _element(element: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, element, len(value)) + value
