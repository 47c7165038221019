"""A real PACS for tests (pynetdicom's `qrscp`), a receiver for its C-MOVE, and a landing."""

import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

from flows.sources.network.offered import UNCOMPRESSED
from flows.sources.network.peer import Patience, Peer, Retrieve
from flows.sources.part_ten import file_header
from tests.receiving import stored
from tests.servers import free_ports

OURS = "MAMDATA"
QRSCP = "QRSCP"
HOST = "127.0.0.1"
MG = "1.2.840.10008.5.1.4.1.1.1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.50"
PATIENT = "Provström^Åsa"
#: Short, so that a test of what never ends ends.
PATIENCE = Patience(connect=5, acse=5, dimse=4, network=4, stalled=8, study=60, cancel=2)
START_SECONDS = 40


class Go:
    """Stops when it is told to, or after it was asked so often."""

    def __init__(self, after: int | None = None) -> None:
        self.asked = 0
        self._after = after

    def reason(self) -> str:
        self.asked += 1
        return "" if self._after is None or self.asked <= self._after else "the window ends"


class Folder:
    """A landed study: one file an object, there when its writer left without an error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, sop_uid: str) -> Path:
        return self.folder / f"{hashlib.sha256(sop_uid.encode()).hexdigest()[:40]}.dcm"

    def has(self, sop_uid: str) -> bool:
        return self.path(sop_uid).exists()

    def files(self) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob("*.dcm")))

    def left_over(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.suffix != ".dcm"]

    @contextmanager
    def store(self, sop_uid: str) -> Iterator[Any]:
        partial = self.path(sop_uid).with_suffix(".partial")
        try:
            with partial.open("wb") as sink:
                yield sink
            partial.replace(self.path(sop_uid))
        finally:
            partial.unlink(missing_ok=True)


def uid(*numbers: int) -> str:
    return ".".join(["1.2.826.0.1.3680043.8.498.752.9", *map(str, numbers)])


def image(
    study: int, series: int = 1, number: int = 1, *, pixels: bytes = bytes(512), **more: Any
) -> Dataset:
    """One small object of an invented woman; `more` overrides any element."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = more.pop("SOPClassUID", MG)
    ds.SOPInstanceUID = uid(study, series, number)
    ds.StudyDate = "20260110"
    ds.StudyTime = "101500"
    ds.AccessionNumber = f"A{study}"
    ds.Modality = "MG"
    ds.PatientName = PATIENT
    ds.PatientID = "19570312-9808"
    ds.StudyInstanceUID = uid(study)
    ds.SeriesInstanceUID = uid(study, series)
    ds.StudyID = str(study)
    ds.SeriesNumber = str(series)
    ds.InstanceNumber = str(number)
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 16, 12, 11
    ds.SamplesPerPixel, ds.PixelRepresentation = 1, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.PixelData = pixels
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def with_meta(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    from pydicom.dataset import FileMetaDataset

    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def send(port: int, called: str, datasets: Sequence[Dataset], syntax: str | None = None) -> None:
    """Store objects in a PACS, as a modality does."""
    syntax = syntax or ExplicitVRLittleEndian
    entity = AE("MODALITY")
    for sop_class in {ds.SOPClassUID for ds in datasets}:
        entity.add_requested_context(sop_class, [syntax])
    association = entity.associate(HOST, port, ae_title=called)
    assert association.is_established
    for ds in datasets:
        assert stored(association, with_meta(ds, syntax)) == 0
    association.release()


@dataclass
class QrScp:
    """pynetdicom's own PACS, as a process."""

    port: int
    process: subprocess.Popen[bytes]

    def peer(self, **changes: Any) -> Peer:
        values = {"retrieve": Retrieve.MOVE, "patience": PATIENCE} | changes
        return Peer(QRSCP, HOST, self.port, OURS, **values)


@contextmanager
def qrscp(folder: Path, receiver_port: int) -> Iterator[QrScp]:
    (port,) = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "q.ini"
    settings.write_text(
        f"""[DEFAULT]
    ae_title: {QRSCP}
    port: {port}
    max_pdu: 131072
    acse_timeout: 30
    dimse_timeout: 30
    network_timeout: 30
    bind_address: {HOST}
    instance_location: {folder}/instances
    database_location: {folder}/instances.sqlite
    log_identifier: False
[{OURS}]
    address: {HOST}
    port: {receiver_port}
"""
    )
    command = [sys.executable, "-W", "ignore", "-m", "pynetdicom", "qrscp", "-c", str(settings)]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield QrScp(port, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a PACS takes connections."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "the PACS ended"
        time.sleep(0.2)
        with suppress(ConnectionRefusedError), socket.create_connection((HOST, port), 5):
            return
    message = "the PACS did not start"
    raise AssertionError(message)


@contextmanager
def receiver(port: int, root: Path) -> Iterator[Path]:
    """Receive what a PACS sends: one folder a study."""

    def store(event: Any) -> int:
        ds = event.dataset
        request = event.request
        syntax = event.context.transfer_syntax
        header = file_header(request.AffectedSOPClassUID, ds.SOPInstanceUID, syntax)
        with Folder(root / ds.StudyInstanceUID).store(ds.SOPInstanceUID) as sink:
            sink.write(header)
            sink.write(request.DataSet.getvalue())
        return 0

    entity = AE(OURS)
    # pynetdicom prefers by the order of its own list: what is compressed shall stay so.
    syntaxes = sorted(ALL_TRANSFER_SYNTAXES, key=lambda one: one in UNCOMPRESSED)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, syntaxes)
    server = entity.start_server((HOST, port), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    try:
        yield root
    finally:
        server.shutdown()
