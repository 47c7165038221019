"""A-ASSOCIATE (PS3.8 §9.3.2 to §9.3.4): what a peer proposes, and what it is answered."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from flows.sources.receiver import syntaxes
from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.wire import LONGEST, Kind, unit

APPLICATION: Final = "1.2.840.10008.3.1.1.1"
VERSION: Final = 1
#: What this implementation calls itself (PS3.7 §D.3.3.2), here and in a file's meta information.
IMPLEMENTATION_CLASS: Final = "2.25.125740805420824030600021071302588502160"
IMPLEMENTATION_VERSION: Final = "MAMMO-RECEIVER"
MOST_CONTEXTS: Final = 128
#: Version, called and calling AE titles, reserved; then items (PS3.8 table 9-11).
_FIXED: Final = struct.Struct(">H2x16s16s32x")
_ITEM: Final = struct.Struct(">BxH")


class Item(IntEnum):
    """Types of variable items (PS3.8 §9.3.2, Annex D; PS3.7 Annex D)."""

    APPLICATION_CONTEXT = 0x10
    CONTEXT = 0x20
    CONTEXT_RESULT = 0x21
    ABSTRACT = 0x30
    TRANSFER = 0x40
    USER = 0x50
    LONGEST = 0x51
    CLASS = 0x52
    VERSION = 0x55


class Rejection(Enum):
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    APPLICATION_CONTEXT = (1, 1, 2)
    CALLING = (1, 1, 3)
    CALLED = (1, 1, 7)
    VERSION = (1, 2, 2)
    BUSY = (2, 3, 2)


@dataclass(frozen=True, repr=False)
class Proposal:
    """One presentation context that a peer proposes."""

    number: int
    abstract: str
    transfers: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Request:
    """What an A-ASSOCIATE-RQ says. AE titles are without the spaces around them (PS3.8 §9.3.2)."""

    version: int
    called: str
    calling: str
    application: str
    proposals: tuple[Proposal, ...]
    titles: bytes


@dataclass(frozen=True, repr=False)
class Context:
    """One accepted presentation context: a class, a transfer syntax and what that means."""

    abstract: str
    transfer: str
    encoding: syntaxes.Encoding


def parse_request(body: memoryview) -> Request:
    """Read an A-ASSOCIATE-RQ; what we do not know of it is passed over.

    Raises:
        AssociationError: It is not one.
    """
    try:
        version, called, calling = _FIXED.unpack_from(body)
        application, proposals = "", []
        for kind, value in _items(body[_FIXED.size :]):
            if kind == Item.APPLICATION_CONTEXT:
                application = _uid(value)
            elif kind == Item.CONTEXT:
                proposals.append(_proposal(value))
    except (struct.error, IndexError):
        raise AssociationError(Reason.MALFORMED) from None
    numbers = {one.number for one in proposals}
    if len(numbers) != len(proposals) or len(numbers) > MOST_CONTEXTS:
        raise AssociationError(Reason.MALFORMED)
    titles = bytes(body[4 : _FIXED.size])
    return Request(version, _title(called), _title(calling), application, tuple(proposals), titles)


def accepted(request: Request, private: Sequence[str] = ()) -> dict[int, Context]:
    """Choose the presentation contexts that we take, by their numbers."""
    found = {}
    for one in request.proposals:
        transfer = syntaxes.chosen(one.transfers)
        how = syntaxes.encoding(transfer or "")
        if transfer and how and _is_served(one.abstract, private):
            found[one.number] = Context(one.abstract, transfer, how)
    return found


def accept(request: Request, contexts: Mapping[int, Context], private: Sequence[str] = ()) -> bytes:
    """Return the A-ASSOCIATE-AC that answers a request."""
    results = b"".join(_result(one, contexts.get(one.number), private) for one in request.proposals)
    user = (
        _item(Item.LONGEST, struct.pack(">L", LONGEST))
        + _item(Item.CLASS, IMPLEMENTATION_CLASS.encode())
        + _item(Item.VERSION, IMPLEMENTATION_VERSION.encode())
    )
    application = _item(Item.APPLICATION_CONTEXT, APPLICATION.encode())
    fixed = struct.pack(">H2x", VERSION) + request.titles
    body = fixed + application + results + _item(Item.USER, user)
    return unit(Kind.ASSOCIATE_AC, body)


def reject(why: Rejection) -> bytes:
    """Return an A-ASSOCIATE-RJ."""
    return unit(Kind.ASSOCIATE_RJ, bytes((0, *why.value)))


def abort(*, malformed: bool = False) -> bytes:
    """Return an A-ABORT: of ours as the user, or as the provider who saw an invalid value."""
    return unit(Kind.ABORT, bytes((0, 0, 2, 6) if malformed else (0, 0, 0, 0)))


def _is_served(abstract: str, private: Sequence[str]) -> bool:
    return abstract == syntaxes.VERIFICATION or syntaxes.is_storage(abstract, private)


def _result(one: Proposal, context: Context | None, private: Sequence[str]) -> bytes:
    """Answer one context: 0 accepted, 3 class, 4 no transfer syntax supported (table 9-18)."""
    result = 0 if context else 4 if _is_served(one.abstract, private) else 3
    transfer = context.transfer if context else (one.transfers or ("1.2.840.10008.1.2",))[0]
    value = bytes((one.number, 0, result, 0)) + _item(Item.TRANSFER, transfer.encode())
    return _item(Item.CONTEXT_RESULT, value)


def _proposal(value: memoryview) -> Proposal:
    abstract, transfers = "", []
    for kind, inner in _items(value[4:]):
        if kind == Item.ABSTRACT:
            abstract = _uid(inner)
        elif kind == Item.TRANSFER:
            transfers.append(_uid(inner))
    return Proposal(value[0], abstract, tuple(transfers))


def _items(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Walk variable items; one that is cut off is an error."""
    at = 0
    while at < len(view):
        kind, length = _ITEM.unpack_from(view, at)
        at += _ITEM.size + length
        if at > len(view):
            raise AssociationError(Reason.MALFORMED)
        yield kind, view[at - length : at]


def _item(kind: Item, value: bytes) -> bytes:
    return _ITEM.pack(kind, len(value)) + value


def _uid(value: memoryview) -> str:
    return bytes(value).rstrip(b"\0 ").decode("ascii", "replace")[:64]


def _title(value: bytes) -> str:
    return value.strip(b"\0 ").decode("ascii", "replace")
