"""Objects that a PACS sends over our own association (C-GET), written down as they come.

Nothing is decoded but the two UIDs that say what an object is: a PACS may send another one.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom.filereader import read_dataset
from pydicom.uid import RE_VALID_UID, UID

from flows.errors import FlowsError, RetriableError
from flows.files.spool import local_trouble
from flows.sources.network.conversation import Incoming
from flows.sources.network.peer import Spending
from flows.sources.part_ten import file_header
from flows.sources.source import Landed, Sink

#: Where the UIDs are looked for; they come early, before what is large.
HEAD_BYTES = 1 << 18
SOP_INSTANCE_UID, STUDY_INSTANCE_UID = 0x00080018, 0x0020000D
#: PS3.4 Table B.2-1.
STORED, OUT_OF_RESOURCES, OTHER_OBJECT, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000


#: What the landing gives for one object.
Receiving = AbstractContextManager[Sink]


@dataclass
class Arrivals:
    """Takes in the objects of one study.

    Attributes:
        trouble: What is wrong with our own landing, if anything is.
        stored: How many objects were taken in, `refused` how many were not.
    """

    landed: Landed
    study_uid: str
    bandwidth: Spending | None = None
    trouble: FlowsError | None = None
    stored: int = 0
    refused: int = 0

    def open(self, sop_class: str, sop_uid: str, syntax: str) -> "ArrivingObject":
        """Open what one object is written to."""
        return ArrivingObject(self, sop_class, sop_uid, UID(syntax))

    def settle(self, event: Any) -> int:  # noqa: ANN401  # pynetdicom's event has no type
        """Answer for one object, once its bytes are durable: PS3.4 §B.2.3."""
        incoming = event.request.DataSet
        arrival = incoming.arrival if isinstance(incoming, Incoming) else None
        status = arrival.settle() if isinstance(arrival, ArrivingObject) else NOT_UNDERSTOOD
        self.stored += status == STORED
        self.refused += status != STORED
        return status


class ArrivingObject:
    """One object on its way into the landing."""

    def __init__(self, arrivals: Arrivals, sop_class: str, sop_uid: str, syntax: UID) -> None:
        self._arrivals, self._sop_uid, self._syntax = arrivals, sop_uid, syntax
        self._head = bytearray()
        self._receiving: Receiving | None = None
        self._sink: Sink | None = None
        self._status = STORED
        if arrivals.trouble is not None:
            self._status = OUT_OF_RESOURCES
        elif not re.fullmatch(RE_VALID_UID, sop_uid):
            self._status = NOT_UNDERSTOOD
        else:
            self._begin(sop_class)

    def _begin(self, sop_class: str) -> None:
        try:
            header = file_header(sop_class, self._sop_uid, self._syntax)
            self._receiving = self._arrivals.landed.store(self._sop_uid)
            self._sink = self._receiving.__enter__()
            self._sink.write(header)
        except Exception as error:  # noqa: BLE001  # this runs in the network's thread
            self._broke(error)

    def write(self, block: bytes) -> None:
        """Take the next bytes."""
        if self._sink is None:
            return
        if len(self._head) < HEAD_BYTES:
            self._head += block[: HEAD_BYTES - len(self._head)]
        try:
            self._sink.write(block)
            if self._arrivals.bandwidth is not None:
                self._arrivals.bandwidth.spend(len(block))
        except Exception as error:  # noqa: BLE001  # this runs in the network's thread
            self._broke(error)

    def settle(self) -> int:
        """Make the object durable, if it is what it was announced as; give the status."""
        if self._sink is not None and not self._as_announced():
            self._status = OTHER_OBJECT
            self.forget()
        elif self._sink is not None and self._receiving is not None:
            self._sink = None
            try:
                self._receiving.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001  # whatever it is, the PACS must be told
                self._broke(error)
        return self._status

    def forget(self) -> None:
        """Leave nothing of what is not settled."""
        if self._sink is None or self._receiving is None:
            return
        self._sink = None
        gone = RetriableError("the object did not come whole")
        try:
            self._receiving.__exit__(type(gone), gone, None)
        except Exception:  # noqa: BLE001  # the landing gives the error back, as it should
            return

    def _broke(self, error: Exception) -> None:
        """Remember what is wrong with the landing; the PACS is told that we have no room."""
        self._status = OUT_OF_RESOURCES
        if isinstance(error, FlowsError):
            self._arrivals.trouble = error
        elif isinstance(error, OSError):
            self._arrivals.trouble = local_trouble(error)
        else:
            self._status = NOT_UNDERSTOOD
        self.forget()

    def _as_announced(self) -> bool:
        """Tell whether its own UIDs are the announced ones; unreadable ones are left to others."""
        found = _uids(bytes(self._head), self._syntax)
        return (
            found.get(SOP_INSTANCE_UID, self._sop_uid) == self._sop_uid
            and found.get(STUDY_INSTANCE_UID, self._arrivals.study_uid) == self._arrivals.study_uid
        )


def _uids(head: bytes, syntax: UID) -> Mapping[int, str]:
    """Read what an object says of itself from the first bytes of its data set."""
    found: dict[int, str] = {}
    if syntax.is_deflated:
        return found
    try:
        read = read_dataset(
            BytesIO(head),
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            stop_when=lambda tag, _vr, _length: tag > STUDY_INSTANCE_UID,
        )
        for tag in (SOP_INSTANCE_UID, STUDY_INSTANCE_UID):
            element = read.get_item(tag)
            if element is not None and isinstance(element.value, bytes):
                found[tag] = element.value.decode("ascii").strip(" \0")
    except Exception:  # noqa: BLE001  # what cannot be read here is looked at later, whole
        return {}
    return found
