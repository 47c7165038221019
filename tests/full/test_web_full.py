"""The DICOMweb source against Orthanc and its DICOMweb plugin, as Debian packages them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from flows.errors import SourceRefusedError
from flows.sources.landing import Landing
from flows.sources.source import Ended, Query
from flows.sources.web.dicomweb import DicomWeb
from flows.sources.web.service import Service
from tests.flows.sources.peers import CT, HOST, MG, SR, Go, image, send, uid
from tests.full.servers import ORTHANC, needed, orthanc
from tests.servers import free_ports

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
STORED = (JPEGLosslessSV1, JPEG2000Lossless, JPEGLSLossless)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Studies 1 to 3 of MG, 4 of CT, 5 with a report, 6 compressed; 7 to 76 of one day."""
    needed("Orthanc")
    assert PLUGIN.exists(), "orthanc-dicomweb is not installed; see CONTRIBUTING.md"
    port, unused = free_ports(2)
    web = {
        "HttpPort": port,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "QidoCaseSensitive": True},
    }
    with orthanc(tmp_path_factory.mktemp("web"), unused, **web) as pacs:
        for study, day in ((1, "20260110"), (2, "20260111"), (3, "20260115")):
            objects = [
                image(study, 1, number, StudyDate=day, StationName=f"MAM{study}")
                for number in range(1, 5)
            ]
            send(pacs.port, ORTHANC, objects)
        send(pacs.port, ORTHANC, [image(4, Modality="CT", SOPClassUID=CT)])
        report = image(5, 2, 1, Modality="SR", SOPClassUID=SR)
        del report.PixelData
        send(pacs.port, ORTHANC, [image(5), report])
        for number, syntax in enumerate(STORED, start=1):
            ds = image(6, 1, number, pixels=encapsulate([b"\xff\xd8 nobody decodes it \xff\xd9"]))
            ds["PixelData"].is_undefined_length = True
            send(pacs.port, ORTHANC, [ds], syntax)
        send(pacs.port, ORTHANC, [image(n, StudyDate="20250101") for n in range(7, 77)])
        yield f"http://{HOST}:{port}"


@pytest.fixture
def web(served: str) -> DicomWeb:
    return DicomWeb(Service(f"{served}/dicom-web"))


def test_mammography_is_found(web: DicomWeb) -> None:
    found = {one.accession: one for one in web.find(Query(JANUARY), Go())}
    assert set(found) == {"A1", "A2", "A3", "A5", "A6"}
    assert found["A5"].modalities == ("MG", "SR")
    assert {one.instances for one in found.values()} == {4, 2, 3}
    by_station = web.find(Query(JANUARY, stations=("mam2",)), Go())
    assert {one.accession for one in by_station} == {"A2"}
    assert {one.accession for one in web.find(Query(None, accessions=("A3", "A4")), Go())} == {"A3"}


def date_range(first: str, last: str) -> tuple[date, date]:
    return date.fromisoformat(first), date.fromisoformat(last)


def test_pages_are_gone_through(web: DicomWeb) -> None:
    assert len(list(web.find(Query(date_range("20250101", "20250101")), Go()))) == 70


def test_objects_are_listed(web: DicomWeb) -> None:
    listed = web.instances(uid(5), Go())
    assert {(one.sop_uid, one.series_uid, one.sop_class_uid) for one in listed} == {
        (uid(5, 1, 1), uid(5, 1), MG),
        (uid(5, 2, 1), uid(5, 2), SR),
    }


def test_what_is_compressed_comes_as_it_lies(web: DicomWeb, tmp_path: Path) -> None:
    landed = Landing(tmp_path).study(uid(6))
    fetched = web.fetch(uid(6), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 3, 0)
    syntaxes = {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in landed.files()}
    assert syntaxes == set(STORED)


def test_only_what_lacks_is_fetched(web: DicomWeb, tmp_path: Path) -> None:
    landed, listed = Landing(tmp_path).study(uid(1)), web.instances(uid(1), Go())
    assert web.fetch(uid(1), listed[:2], landed, Go()).completed == 2
    fetched = web.fetch(uid(1), listed, landed, Go())
    assert (fetched.ended, fetched.completed, len(landed.files())) == (Ended.COMPLETE, 2, 4)
    gone = web.fetch(uid(99), None, landed, Go())
    assert (gone.ended, gone.completed) == (Ended.REFUSED, 0)


def test_a_wrong_address_is_told(served: str) -> None:
    with pytest.raises(SourceRefusedError, match="base before"):
        list(DicomWeb(Service(f"{served}/nowhere")).find(Query(JANUARY), Go()))


def test_a_trial_tells_each_step(web: DicomWeb) -> None:
    steps = list(web.prove())
    assert [(step.name, step.ok) for step in steps] == [
        ("query", True),
        ("list", True),
        ("object", True),
    ]
