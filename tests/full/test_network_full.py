"""The PACS source against Orthanc and DCMTK's dcmqrscp, as Debian packages them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from flows.errors import SourceRefusedError
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Patience, Retrieve
from flows.sources.source import Ended, FoundInstance, Query
from tests.flows.sources.peers import (
    CT,
    MG,
    SR,
    Folder,
    Go,
    image,
    receiver,
    send,
    uid,
)
from tests.full.servers import ORTHANC, Server, dcmqrscp, orthanc
from tests.servers import free_ports

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
COMPRESSED = (JPEGLosslessSV1, JPEG2000Lossless, JPEGLSLossless)
STARTS: dict[str, Callable[[Path, int], AbstractContextManager[Server]]] = {
    "orthanc": orthanc,
    "dcmqrscp": dcmqrscp,
}


@dataclass
class Hospital:
    pacs: Server
    received: Path


@pytest.fixture(scope="module", params=sorted(STARTS))
def hospital(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """Studies 1 to 3 of MG, 4 of CT, 5 with a report, 6 with compressed images, if it can."""
    folder = tmp_path_factory.mktemp(request.param)
    (port,) = free_ports(1)
    start = STARTS[request.param]
    with start(folder, port) as pacs, receiver(port, folder / "received") as received:
        for study, day in ((1, "20260110"), (2, "20260111"), (3, "20260115")):
            objects = [
                image(study, 1, number, StudyDate=day, StationName=f"MAM{study}")
                for number in range(1, 5)
            ]
            send(pacs.port, pacs.title, objects)
        send(pacs.port, pacs.title, [image(4, Modality="CT", SOPClassUID=CT)])
        report = image(5, 2, 1, Modality="SR", SOPClassUID=SR)
        del report.PixelData
        send(pacs.port, pacs.title, [image(5), report])
        for number, syntax in enumerate(COMPRESSED if pacs.title == ORTHANC else (), start=1):
            ds = image(6, 1, number, pixels=encapsulate([b"\xff\xd8 nobody decodes it \xff\xd9"]))
            ds["PixelData"].is_undefined_length = True
            send(pacs.port, pacs.title, [ds], syntax)
        yield Hospital(pacs, received)


def found(hospital: Hospital, query: Query) -> set[str]:
    studies = list(Pacs(hospital.pacs.peer()).find(query, Go()))
    assert len({study.study_uid for study in studies}) == len(studies)
    return {study.accession for study in studies}


def test_mammography_is_found(hospital: Hospital) -> None:
    assert found(hospital, Query(JANUARY)) - {"A6"} == {"A1", "A2", "A3", "A5"}
    assert found(hospital, Query((date(2026, 1, 11), date(2026, 1, 11)))) == {"A2"}
    assert found(hospital, Query(None, accessions=("A3", "A4", "A77"))) == {"A3"}


def test_stations_are_found(hospital: Hospital) -> None:
    if hospital.pacs.title != ORTHANC:
        # DCMTK's PACS tells no station at any level, and that is said.
        with pytest.raises(SourceRefusedError, match="stations"):
            found(hospital, Query(JANUARY, stations=("MAM2",)))
        return
    assert found(hospital, Query(JANUARY, stations=("mam2",))) == {"A2"}


def test_objects_are_listed(hospital: Hospital) -> None:
    listed = Pacs(hospital.pacs.peer()).instances(uid(5), Go())
    assert {one.sop_uid for one in listed} == {uid(5, 1, 1), uid(5, 2, 1)}


@pytest.mark.parametrize("retrieve", [Retrieve.GET, Retrieve.AUTO])
def test_a_study_of_two_classes_comes_by_c_get(
    hospital: Hospital, tmp_path: Path, retrieve: Retrieve
) -> None:
    landed = Folder(tmp_path)
    fetched = Pacs(hospital.pacs.peer(retrieve=retrieve)).fetch(uid(5), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 2, 0)
    assert len(landed.files()) == 2


@pytest.mark.parametrize("hospital", ["orthanc"], indirect=True)
@pytest.mark.parametrize("retrieve", [Retrieve.GET, Retrieve.MOVE, Retrieve.AUTO])
def test_what_is_compressed_comes_as_it_lies(
    hospital: Hospital, tmp_path: Path, retrieve: Retrieve
) -> None:
    landed = Folder(hospital.received / uid(6) if retrieve is Retrieve.MOVE else tmp_path)
    fetched = Pacs(hospital.pacs.peer(retrieve=retrieve)).fetch(uid(6), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 3, 0)
    syntaxes = {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in landed.files()}
    assert syntaxes == set(COMPRESSED)


@pytest.mark.parametrize("retrieve", [Retrieve.GET, Retrieve.MOVE])
def test_only_what_is_missing_is_fetched(
    hospital: Hospital, tmp_path: Path, retrieve: Retrieve
) -> None:
    landed = Folder(hospital.received / uid(2) if retrieve is Retrieve.MOVE else tmp_path)
    only = tuple(FoundInstance(uid(2, 1, number), uid(2, 1), MG, number) for number in (2, 4))
    fetched = Pacs(hospital.pacs.peer(retrieve=retrieve)).fetch(uid(2), only, landed, Go())
    assert (fetched.ended, fetched.completed) == (Ended.COMPLETE, 2)
    assert [landed.has(uid(2, 1, number)) for number in range(1, 5)] == [False, True, False, True]


def test_a_trial_takes_every_step(hospital: Hospital) -> None:
    pacs = Pacs(hospital.pacs.peer(), landed=lambda study: Folder(hospital.received / study))
    assert all(step.ok for step in pacs.prove())


def test_an_unknown_destination_is_told(tmp_path: Path) -> None:
    stranger = {"ours": {"AET": "NOBODY", "Host": "127.0.0.1", "Port": 1}}
    allowed = {"DicomAlwaysAllowFind": True, "DicomAlwaysAllowMove": True}
    with orthanc(tmp_path, 1, DicomModalities=stranger, **allowed) as pacs:
        send(pacs.port, pacs.title, [image(1)])
        fetched = Pacs(pacs.peer()).fetch(uid(1), None, Folder(tmp_path / "landed"), Go())
        assert fetched.ended is Ended.REFUSED
        # Orthanc says no more than C000, so what it may mean is told.
        assert "destination" in fetched.told


def test_memory_stays_flat_with_a_large_object(hospital: Hospital, tmp_path: Path) -> None:
    big = image(7, StudyDate="20250101", pixels=bytes(300 << 20))
    big.Rows, big.Columns, big.NumberOfFrames = 1024, 1024, "150"
    send(hospital.pacs.port, hospital.pacs.title, [big])
    del big
    landed, process, most = Folder(tmp_path), psutil.Process(), [0]
    before = process.memory_info().rss

    class Watching(Go):
        def reason(self) -> str:
            most[0] = max(most[0], process.memory_info().rss)
            return ""

    slow = Patience(dimse=120)
    peer = hospital.pacs.peer(retrieve=Retrieve.GET, patience=slow)
    fetched = Pacs(peer).fetch(uid(7), None, landed, Watching())
    assert fetched.ended is Ended.COMPLETE
    assert fetched.bytes > 300 << 20
    assert most[0] - before < 64 << 20
