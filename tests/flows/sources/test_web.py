"""A DICOMweb service, searched and retrieved from over real HTTP, with real objects."""

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset
from starlette.requests import Request
from starlette.responses import Response

from flows.errors import SettingsError, SourceRefusedError, StoppedError, TruncatedError
from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth, Breaker
from flows.sources.source import Ended, FoundInstance, Query
from flows.sources.web import searching
from flows.sources.web.dicomweb import DicomWeb
from tests.flows.sources.dicomweb import DicomWebServer, dicomweb
from tests.flows.sources.peers import CT, MG, SR, Go, image, uid
from tests.key_service import Authority

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))


def hospital() -> list[Dataset]:
    """Studies 1 to 3 of MG on three days, 4 of CT, 5 with a report; A1 to A5."""
    objects = [
        image(study, 1, number, StudyDate=day, StationName=f"MAM{study}")
        for study, day in ((1, "20260110"), (2, "20260111"), (3, "20260115"))
        for number in range(1, 5)
    ]
    report = image(5, 2, 1, Modality="SR", SOPClassUID=SR)
    del report.PixelData
    return [*objects, image(4, Modality="CT", SOPClassUID=CT), image(5), report]


def many(count: int, **more: Any) -> list[Dataset]:
    return [image(n, StudyTime=f"10{n // 60 % 60:02}{n % 60:02}", **more) for n in range(1, count)]


@pytest.fixture(scope="module")
def polite() -> Iterator[DicomWebServer]:
    with dicomweb(hospital()) as server:
        yield server


def found(server: DicomWebServer, query: Query) -> dict[str, tuple[str, ...]]:
    studies = list(DicomWeb(server.service()).find(query, Go()))
    assert len({study.study_uid for study in studies}) == len(studies)
    return {study.accession: study.modalities for study in studies}


def test_mammography_of_a_window_is_found(polite: DicomWebServer) -> None:
    mammography = {"A1": ("MG",), "A2": ("MG",), "A3": ("MG",), "A5": ("MG", "SR")}
    assert found(polite, Query(JANUARY)) == mammography
    assert set(found(polite, Query((date(2026, 1, 11), date(2026, 1, 15))))) == {"A2", "A3"}
    assert set(found(polite, Query(JANUARY, stations=("mam2",)))) == {"A2"}
    assert found(polite, Query((date(2025, 1, 1), date(2025, 1, 2)))) == {}


def test_stations_that_nobody_tells_choose_nothing() -> None:
    with dicomweb([image(1)]) as server, pytest.raises(SourceRefusedError, match="stations"):
        found(server, Query(JANUARY, stations=("mam2",)))


def test_accessions_are_found_one_by_one(polite: DicomWebServer) -> None:
    assert set(found(polite, Query(None, accessions=("A3", "A1", "A4", "A7")))) == {"A1", "A3"}


@pytest.mark.parametrize("tells", [True, False])
def test_keys_that_are_ignored_are_checked_here(tells: bool) -> None:
    with dicomweb(hospital(), chooses=False, tells_modalities=tells) as server:
        assert set(found(server, Query((date(2026, 1, 11), date(2026, 1, 15))))) == {"A2", "A3"}
        assert set(found(server, Query(None, accessions=("A4",)))) == set()


@pytest.mark.parametrize("warns", [True, False])
def test_every_page_is_asked_for(warns: bool) -> None:
    with dicomweb(many(131), most=50, warns=warns) as server:
        assert len(found(server, Query(JANUARY))) == 130


def test_a_page_that_comes_again_and_again_makes_smaller_windows() -> None:
    objects = [*many(61), *(image(n, StudyDate="20260120") for n in range(100, 140))]
    with dicomweb(objects, most=50, pages=False, warns=False) as server:
        assert len(found(server, Query(JANUARY))) == 100


def test_one_moment_that_is_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = [image(n) for n in range(1, 70)]
    with (
        dicomweb(objects, most=50, pages=False) as server,
        pytest.raises(TruncatedError, match="first page"),
    ):
        found(server, Query(JANUARY))
    monkeypatch.setattr(searching, "MOST_ROWS", 50)
    with dicomweb(objects, most=50) as server, pytest.raises(TruncatedError, match="at once"):
        found(server, Query(JANUARY))


@pytest.mark.parametrize("at_once", [True, False])
def test_objects_are_listed(at_once: bool) -> None:
    with dicomweb(hospital(), lists_study=at_once) as server:
        listed = DicomWeb(server.service()).instances(uid(5), Go())
    assert {(one.sop_uid, one.series_uid, one.sop_class_uid) for one in listed} == {
        (uid(5, 1, 1), uid(5, 1), MG), (uid(5, 2, 1), uid(5, 2), SR),
    }  # fmt: skip


def test_a_study_comes_as_it_is(polite: DicomWebServer, tmp_path: Path) -> None:
    landed = Landing(tmp_path).study(uid(5))
    fetched = DicomWeb(polite.service()).fetch(uid(5), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 2, 0)
    assert fetched.bytes == sum(path.stat().st_size for path in landed.files())
    objects = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, landed.files())}
    assert set(objects) == {uid(5, 1, 1), uid(5, 2, 1)}
    assert objects[uid(5, 1, 1)].PixelData == bytes(512)
    assert len(list(landed.folder.iterdir())) == 2
    assert "transfer-syntax=*" in polite.asked[-1].headers["accept"]


def test_only_what_lacks_is_fetched(polite: DicomWebServer, tmp_path: Path) -> None:
    landed = Landing(tmp_path).study(uid(2))
    web = DicomWeb(polite.service())
    only = tuple(FoundInstance(uid(2, 1, number), uid(2, 1), MG, number) for number in (2, 4))
    assert web.fetch(uid(2), only[:1], landed, Go()).completed == 1
    before = len(polite.asked)
    fetched = web.fetch(uid(2), only, landed, Go())
    assert (fetched.ended, fetched.completed, len(polite.asked) - before) == (Ended.COMPLETE, 1, 1)
    assert [landed.has(uid(2, 1, number)) for number in range(1, 5)] == [False, True, False, True]
    nowhere = (FoundInstance(uid(2, 1, 2), "", MG, 2), FoundInstance(uid(2, 1, 3), "", MG, 3))
    assert web.fetch(uid(2), nowhere, landed, Go()).ended is Ended.PARTIAL
    assert landed.has(uid(2, 1, 3))


def test_what_is_gone_is_told_and_the_rest_comes(polite: DicomWebServer, tmp_path: Path) -> None:
    landed, web = Landing(tmp_path).study(uid(2)), DicomWeb(polite.service())
    only = tuple(FoundInstance(uid(2, 1, number), uid(2, 1), MG, number) for number in (9, 1))
    fetched = web.fetch(uid(2), only, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.PARTIAL, 1, 1)
    gone = web.fetch(uid(77), None, landed, Go())
    assert (gone.ended, gone.completed) == (Ended.REFUSED, 0)


def test_it_stops_between_objects(polite: DicomWebServer, tmp_path: Path) -> None:
    landed, web = Landing(tmp_path).study(uid(1)), DicomWeb(polite.service())
    fetched = web.fetch(uid(1), None, landed, Go(after=3))
    assert fetched.ended is Ended.STOPPED
    assert 0 < fetched.completed < 4
    assert fetched.completed == len(landed.files())
    with pytest.raises(StoppedError):
        list(web.find(Query(JANUARY), Go(after=0)))


def test_bandwidth_and_breaker_are_told(polite: DicomWebServer, tmp_path: Path) -> None:
    slept: list[float] = []
    bandwidth = Bandwidth(1000, clock=lambda: 0.0, sleep=slept.append)
    breaker = Breaker(60, 1, 60)
    web = DicomWeb(polite.service(), bandwidth=bandwidth, watch=breaker)
    fetched = web.fetch(uid(1), None, Landing(tmp_path).study(uid(1)), Go())
    assert max(slept) == pytest.approx(fetched.bytes / 1000 - 0.25)
    breaker.failed()
    assert not breaker.allows()
    list(web.find(Query(JANUARY), Go()))
    assert breaker.allows()


def test_a_token_is_read_anew_and_never_told(tmp_path: Path, caplog: Any) -> None:
    file = tmp_path / "token"
    file.write_text("CANARY-old\n")
    file.chmod(0o600)

    def renew(_request: Request) -> Response | None:
        file.write_text("CANARY-new\n")
        return None

    caplog.set_level(logging.DEBUG)
    with dicomweb(hospital(), token="CANARY-new") as server:
        caplog.set_level(logging.DEBUG)
        web = DicomWeb(server.service(token_file=file))
        with pytest.raises(SourceRefusedError, match="401") as refused:
            list(web.find(Query(JANUARY), Go()))
        server.manners.instead = renew
        assert len(list(web.find(Query(JANUARY), Go()))) == 4
        assert {one.headers["authorization"] for one in server.asked[-2:]} == {
            "Bearer CANARY-old", "Bearer CANARY-new",
        }  # fmt: skip
        assert web.instances(uid(1), Go())
    assert "CANARY" not in str(refused.value) + caplog.text
    assert uid(1) not in caplog.text


@pytest.mark.parametrize(
    ("content", "mode", "url", "wrong"),
    [
        ("CANARY", 0o640, "", "others"),
        ("CANARY\r\nX-Other: 1", 0o600, "", "no token"),
        ("", 0o600, "", "no token"),
        ("CANARY", 0o600, "http://pacs.example/dicom-web", "https only"),
    ],
)
def test_a_token_that_is_not_safe_is_not_sent(
    polite: DicomWebServer, tmp_path: Path, content: str, mode: int, url: str, wrong: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(mode)
    before = len(polite.asked)
    service = polite.service(token_file=file, url=url or polite.url)
    with pytest.raises(SettingsError, match=wrong) as refused:
        list(DicomWeb(service).find(Query(JANUARY), Go()))
    assert "CANARY" not in str(refused.value)
    assert len(polite.asked) == before


def test_both_sides_show_certificates(tmp_path: Path) -> None:
    from flows.sources.network.peer import Tls

    ours = Authority(tmp_path, "ours")
    server_pem, client_pem = ours.issue("server"), ours.issue("client")
    with dicomweb(hospital(), tls=(*server_pem, ours.certificate)) as server:
        good = Tls(ours.certificate, *client_pem)
        assert len(list(DicomWeb(server.service(tls=good)).find(Query(JANUARY), Go()))) == 4
        for tls, wrong in (
            (Tls(ours.certificate), "TLS fails|broke"),
            (Tls(Authority(tmp_path, "other").certificate), "certificate is not accepted"),
        ):
            with pytest.raises(Exception, match=wrong):  # away in TLS 1.3
                list(DicomWeb(server.service(tls=tls)).find(Query(JANUARY), Go()))


def test_a_trial_tells_each_step(polite: DicomWebServer, tmp_path: Path) -> None:
    steps = list(DicomWeb(polite.service()).prove())
    assert [(step.name, step.ok) for step in steps] == [
        ("query", True), ("list", True), ("object", True),
    ]  # fmt: skip
    assert "WITHOUT TLS" in steps[0].told


def test_a_trial_ends_at_what_fails(tmp_path: Path) -> None:
    def login(request: Request) -> Response | None:
        if "instances" in request.url.path:
            return Response("<html>", media_type="text/html")
        return None

    with dicomweb(hospital(), instead=login) as server:
        steps = list(DicomWeb(server.service()).prove())
    assert [step.ok for step in steps] == [True, False]
    assert "DICOM JSON" in steps[-1].told
