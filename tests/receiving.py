"""A receiver in this process for tests, a real peer that sends to it, and hostile bytes."""

import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.dsutils import encode

from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth
from flows.sources.receiver import syntaxes
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.negotiation import APPLICATION
from flows.sources.receiver.quotas import Allowance, Quotas
from flows.sources.receiver.server import Receiver
from flows.sources.receiver.terms import Terms
from flows.sources.receiver.wire import Kind, unit

TITLE = "REGION"
MAMMOGRAM = "1.2.840.10008.5.1.4.1.1.1.2"


@dataclass(frozen=True)
class Running:
    """A receiver that listens, and what it goes by."""

    receiver: Receiver
    terms: Terms
    landing: Landing

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.receiver.port

    def received(self) -> list[Path]:
        return [path for study in self.landing.studies() for path in study.files()]


@contextmanager
def running(
    root: Path,
    *,
    port: int = 0,
    slots: int = 8,
    connections: int = 16,
    limits: Any = None,
    allowance: Allowance = Allowance(),  # noqa: B008 -- it is frozen
    **terms: Any,
) -> Iterator[Running]:
    """Start a receiver that lets everybody in, unless said otherwise."""
    landing = terms.pop("landing", None) or Landing(root)
    agreed = Terms(
        **{
            "ae_title": TITLE,
            "admits": lambda *_: True,
            "landing": landing,
            "limits": limits or ObjectLimits(1 << 30, 60.0, 0),
            "quotas": Quotas(landing, slots, lambda _: allowance),
            "bandwidth": Bandwidth(0),
            **terms,
        }
    )
    receiver = Receiver(agreed, "127.0.0.1", port, connections=connections)
    receiver.start()
    try:
        yield Running(receiver, agreed, landing)
    finally:
        receiver.stop(5)


@contextmanager
def associated(
    address: tuple[str, int],
    abstract: str = MAMMOGRAM,
    transfers: tuple[str, ...] = (ExplicitVRLittleEndian,),
    *,
    called: str = TITLE,
    calling: str = "PACS",
    **options: Any,
) -> Iterator[Any]:
    """Associate as pynetdicom does, and release at the end."""
    entity = AE(calling)
    entity.maximum_pdu_size = 131072
    entity.add_requested_context(abstract, list(transfers))
    entity.add_requested_context(syntaxes.VERIFICATION)
    sockets: list[socket.socket] = []
    association = entity.associate(
        *address,
        ae_title=called,
        max_pdu=131072,
        # pynetdicom forgets a socket that the other side has closed first.
        evt_handlers=[(evt.EVT_CONN_OPEN, lambda event: sockets.append(_socket(event)))],
        **options,
    )
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        for one in sockets:
            one.close()


def _socket(event: Any) -> socket.socket:
    connection: socket.socket = event.assoc.dul.socket.socket
    return connection


def send(address: tuple[str, int], *datasets: Dataset, **options: Any) -> list[int]:
    """C-STORE datasets in one association; return their statuses."""
    transfer = datasets[0].file_meta.TransferSyntaxUID
    abstract = datasets[0].SOPClassUID
    with associated(address, abstract, (transfer,), **options) as association:
        assert association.is_established
        return [stored(association, one) for one in datasets]


def stored(association: Any, dataset: Dataset, **options: Any) -> int:
    """C-STORE one dataset; return its status.

    pynetdicom's own loop says that it rests for a moment after it went on, and takes the answer
    then; so it is stopped, and given the time to be.
    """
    association._reactor_checkpoint.clear()
    time.sleep(0.01)
    return int(association.send_c_store(dataset, **options).Status)


def request(abstract: str = MAMMOGRAM, transfer: str = ExplicitVRLittleEndian) -> bytes:
    """An A-ASSOCIATE-RQ with one context, numbered 1 (PS3.8 §9.3.2)."""

    def item(kind: int, value: bytes) -> bytes:
        return struct.pack(">BxH", kind, len(value)) + value

    context = b"\1\0\0\0" + item(0x30, abstract.encode()) + item(0x40, transfer.encode())
    body = struct.pack(">H2x16s16s32x", 1, TITLE.ljust(16).encode(), b"PACS".ljust(16))
    body += item(0x10, APPLICATION.encode()) + item(0x20, context)
    return unit(Kind.ASSOCIATE_RQ, body + item(0x50, item(0x51, struct.pack(">L", 131072))))


def data(fragment: bytes, control: int, context: int = 1) -> bytes:
    """A P-DATA-TF with one value; control 3 is a whole command, 2 a dataset's end, 0 its middle."""
    value = struct.pack(">LBB", len(fragment) + 2, context, control) + fragment
    return unit(Kind.DATA, value)


def store_command(sop_uid: str, abstract: str = MAMMOGRAM) -> bytes:
    """A C-STORE-RQ's command set (PS3.7 §9.3.1)."""

    def element(number: int, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        return struct.pack("<HHL", 0, number, len(value)) + value

    return b"".join(
        (
            element(0x0002, abstract.encode()),
            element(0x0100, struct.pack("<H", 1)),
            element(0x0110, struct.pack("<H", 7)),
            element(0x0700, struct.pack("<H", 0)),
            element(0x0800, struct.pack("<H", 1)),
            element(0x1000, sop_uid.encode()),
        )
    )


def dataset_head(sop_uid: str, study_uid: str) -> bytes:
    """The first elements of a dataset, explicit VR little endian."""

    def ui(group: int, element: int, uid: str) -> bytes:
        value = uid.encode() + b"\0" * (len(uid) % 2)
        return struct.pack("<HH2sH", group, element, b"UI", len(value)) + value

    return ui(8, 0x16, MAMMOGRAM) + ui(8, 0x18, sop_uid) + ui(0x20, 0xD, study_uid)


@contextmanager
def raw(address: tuple[str, int], *, opened: bool = True) -> Iterator[socket.socket]:
    """A connection to send any bytes on, associated unless said otherwise."""
    with socket.create_connection(address, timeout=20) as connection:
        if opened:
            connection.sendall(request())
            assert read_unit(connection)[0] == Kind.ASSOCIATE_AC
        yield connection


def read_unit(connection: socket.socket) -> tuple[int, bytes]:
    """One unit from the receiver; (0, b"") once it has closed."""
    head = _read(connection, 6)
    if len(head) < 6:
        return 0, b""
    kind, length = struct.unpack(">BxL", head)
    return kind, _read(connection, length)


def _read(connection: socket.socket, count: int) -> bytes:
    got = b""
    with suppress(ConnectionError):
        while len(got) < count and (more := connection.recv(count - len(got))):
            got += more
    return got


def cut_off(connection: socket.socket, pieces: Iterable[bytes], *, pause: float = 0.0) -> bool:
    """Send pieces one after another; tell whether the receiver had enough before the last."""
    try:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
    except OSError:
        return True
    return False


def status_of(body: bytes) -> int:
    """The status (0000,0900) of a response."""
    at = body.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
    return int(struct.unpack_from("<H", body, at)[0])


def bare(dataset: Dataset) -> bytes:
    """A dataset as it goes over the network: explicit VR little endian, without file header."""
    data = encode(dataset, is_implicit_vr=False, is_little_endian=True)
    assert data
    return data
