"""A DICOMweb service that lies, breaks off, never ends, or sends us elsewhere."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from flows.errors import (
    FlowsError,
    SourceAwayError,
    SourceRefusedError,
    StoppedError,
    TruncatedError,
)
from flows.sources import trial
from flows.sources.landed import LandedStudy
from flows.sources.landing import Landing
from flows.sources.network import window
from flows.sources.source import Ended, Fetched, FoundInstance, Query
from flows.sources.web import asking, unpacking
from flows.sources.web.dicomweb import DicomWeb
from flows.sources.web.multipart import MalformedError, parts
from flows.sources.web.telling import USUAL_WAIT, retry_after
from tests.flows.sources.dicomweb import BOUNDARY, dicomweb, multipart, part10, related
from tests.flows.sources.peers import HOST, MG, Go, image, uid

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
ONE, OTHER = image(1, 1, 1), image(1, 1, 2)
FILE, FILE_2 = part10(ONE), part10(OTHER)
ELSEWHERE = part10(image(2, 1, 1))
PLAIN = "application/dicom"


def fetched(answer: Callable[[Request], Response], tmp_path: Path) -> tuple[Fetched, LandedStudy]:
    """Fetch study 1 from a service that answers so; nothing half may be left."""
    landed = Landing(tmp_path).study(uid(1))
    with dicomweb([ONE, OTHER], instead=answer) as server:
        told = DicomWeb(server.service()).fetch(uid(1), None, landed, Go())
    if landed.folder.exists():
        assert sorted(landed.folder.iterdir()) == list(landed.files())
    return told, landed


def giving(content: bytes | Response, **more: Any) -> Callable[[Request], Response]:
    """Answer always so; bytes are a message of parts."""
    return lambda _request: content if isinstance(content, Response) else related(content, **more)


@pytest.mark.parametrize(
    ("content", "ended", "kept"),
    [
        (multipart(FILE, FILE_2, end=False), Ended.ABORTED, 1),
        (multipart(FILE, FILE_2)[: -len(FILE_2) // 2], Ended.ABORTED, 1),
        (multipart(FILE, FILE_2)[:-6], Ended.ABORTED, 1),
        (multipart(FILE, ELSEWHERE), Ended.PARTIAL, 1),
        (multipart(ELSEWHERE), Ended.REFUSED, 0),
        (multipart(FILE, b"<html>no</html>"), Ended.PARTIAL, 1),
        (multipart(FILE, b""), Ended.PARTIAL, 1),
        (multipart(FILE, kind=""), Ended.COMPLETE, 1),
        (multipart(FILE, FILE_2, kind="application/dicom; transfer-syntax=1.2"), Ended.COMPLETE, 2),
        (multipart(FILE, kind="text/html"), Ended.REFUSED, 0),
        (multipart(FILE, kind="application/dicom\r\nContent-Length: 7"), Ended.REFUSED, 0),
        (multipart(FILE, kind=f"{PLAIN}\r\nContent-Length: {len(FILE)}"), Ended.COMPLETE, 1),
        (multipart(FILE, kind="x" * 20_000), Ended.ABORTED, 0),
        (b"Hello, this is a preamble.\r\n" + multipart(FILE) + b"epilogue", Ended.COMPLETE, 1),
        (b"x" * 100_000 + multipart(FILE), Ended.ABORTED, 0),
        (multipart(FILE + f"\r\n--{BOUNDARY}but not quite".encode() + b"x"), Ended.COMPLETE, 1),
        (multipart(), Ended.REFUSED, 0),
        (b"", Ended.ABORTED, 0),
    ],
)
def test_parts_are_taken_whole_or_not_at_all(
    tmp_path: Path, content: bytes, ended: Ended, kept: int
) -> None:
    told, landed = fetched(giving(content), tmp_path)
    assert (told.ended, told.completed, len(landed.files())) == (ended, kept, kept)
    assert uid(1) not in told.told
    assert (told.told == "") == (ended is Ended.COMPLETE)


@pytest.mark.parametrize("boundary", ["", "a" * 71, "a\u00e5", "a\x01", "ends in a space "])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(MalformedError, match="boundary"):
        list(parts(iter([multipart(FILE)]), boundary))


def test_parts_come_the_same_however_they_are_cut() -> None:
    message = multipart(FILE[:300] + b"\r\n--" + BOUNDARY[:5].encode() + b"\r\n\r", b"", b"\r\n")
    whole = [FILE[:300] + b"\r\n--" + BOUNDARY[:5].encode() + b"\r\n\r", b"", b"\r\n"]
    for size in (1, 2, 3, 7, 64, 1 << 20):
        blocks = (message[at : at + size] for at in range(0, len(message), size))
        assert [b"".join(part.blocks) for part in parts(blocks, BOUNDARY)] == whole


@pytest.mark.parametrize(
    ("answer", "error", "wrong"),
    [
        (Response("<html>log in</html>", media_type="text/html"), SourceRefusedError, "login page"),
        (Response("{}", media_type="application/json"), SourceRefusedError, "login page"),
        (Response("", 401), SourceRefusedError, "token or the certificate"),
        (Response("", 403), SourceRefusedError, "forbids"),
        (Response("", 404), SourceRefusedError, "base before /studies"),
        (Response("", 406), SourceRefusedError, "transfer-syntax"),
        (Response("", 413), TruncatedError, "too large"),
        (Response("", 429, {"Retry-After": "3600"}), SourceAwayError, "too often"),
        (Response("", 500), SourceAwayError, "its own log"),
        (Response("", 503, {"Retry-After": "0"}), SourceAwayError, "busy"),
        (Response("", 599), SourceAwayError, "599"),
        (Response("", 302, {"Location": "http://elsewhere.example/"}), SourceRefusedError, "host"),
        (Response("", 302, {"Location": "//127.0.0.2:1/"}), SourceRefusedError, "another host"),
        (Response("", 302, {"Location": "file:///etc/passwd"}), SourceRefusedError, "another host"),
        (Response("", 302, {"Location": "https://127.0.0.1/"}), SourceRefusedError, "another host"),
        (Response("", 302, {"Location": "/dicom-web/studies"}), SourceRefusedError, "without end"),
    ],
)
def test_refusals_are_told_in_words(
    tmp_path: Path, answer: Response, error: type[FlowsError], wrong: str
) -> None:
    with dicomweb([ONE], instead=giving(answer)) as server:
        web = DicomWeb(server.service())
        with pytest.raises(FlowsError, match=wrong) as refused:
            list(web.find(Query(JANUARY, accessions=("A1",)), Go()))
        assert isinstance(refused.value, error)
        assert "A1" not in str(refused.value)
        with pytest.raises(error):
            _raise_gone(web.fetch(uid(1), None, Landing(tmp_path).study(uid(1)), Go()), error)


def _raise_gone(told: Fetched, error: type[FlowsError]) -> None:
    """A study that is not there is an answer, not an error."""
    assert (told.ended, error) == (Ended.REFUSED, SourceRefusedError)
    raise error(told.told)


def test_what_is_forbidden_of_one_study_stops_no_other(tmp_path: Path) -> None:
    def guarded(request: Request) -> Response | None:
        return Response("", 403) if request.url.path.endswith(uid(2)) else None

    landing = Landing(tmp_path)
    with dicomweb([ONE, image(2, 1, 1)], instead=guarded) as server:
        web = DicomWeb(server.service())
        with pytest.raises(SourceRefusedError):
            web.fetch(uid(2), None, landing.study(uid(2)), Go())
        assert web.fetch(uid(1), None, landing.study(uid(1)), Go()).ended is Ended.COMPLETE
        assert web.fetch(uid(2), None, landing.study(uid(2)), Go()).ended is Ended.REFUSED


def test_a_moved_service_is_followed_on_its_own_host_with_its_token(tmp_path: Path) -> None:
    def moved(request: Request) -> Response | None:
        if "moved" in request.query_params:
            return None
        return Response("", 307, {"Location": f"{request.url.path}?{request.url.query}&moved=1"})

    file = tmp_path / "token"
    file.write_text("T1")
    file.chmod(0o600)
    with dicomweb([ONE], instead=moved, token="T1") as server:
        assert len(list(DicomWeb(server.service(token_file=file)).find(Query(JANUARY), Go()))) == 1


def test_one_object_alone_is_taken_if_its_end_is_known(tmp_path: Path) -> None:
    told, landed = fetched(giving(Response(FILE, media_type=PLAIN)), tmp_path)
    assert (told.ended, len(landed.files())) == (Ended.COMPLETE, 1)


def test_an_object_that_nobody_asked_for_is_not_kept(tmp_path: Path) -> None:
    landed = Landing(tmp_path).study(uid(1))
    with dicomweb([ONE, OTHER], instead=giving(multipart(FILE_2))) as server:
        only = (FoundInstance(uid(1, 1, 1), uid(1, 1), MG, 1),)
        told = DicomWeb(server.service()).fetch(uid(1), only, landed, Go())
    assert (told.ended, told.completed, landed.files()) == (Ended.REFUSED, 0, ())
    assert "not asked for" in told.told


def test_packed_answers_are_unpacked_and_bombs_are_not(tmp_path: Path, monkeypatch: Any) -> None:
    packed = {"Content-Encoding": "gzip"}
    told, landed = fetched(giving(gzip.compress(multipart(FILE)), headers=packed), tmp_path)
    assert (told.ended, len(landed.files())) == (Ended.COMPLETE, 1)
    monkeypatch.setattr(unpacking, "SMALL", 1 << 20)
    bomb = gzip.compress(multipart(FILE + bytes(64 << 20)))
    told, landed = fetched(giving(bomb, headers=packed), tmp_path / "bomb")
    assert (told.ended, landed.files()) == (Ended.ABORTED, ())
    assert "swells" in told.told
    for wrong in (b"no gzip", gzip.compress(multipart(FILE))[:-9]):
        told, _ = fetched(giving(wrong, headers=packed), tmp_path / "wrong")
        assert told.ended is Ended.ABORTED
    odd = {"Content-Encoding": "br"}
    assert fetched(giving(b"x", headers=odd), tmp_path / "odd")[0].ended is Ended.ABORTED


def test_a_search_is_never_larger_than_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(asking, "LARGEST_ANSWER", 1 << 20)
    huge = Response(b"[" + b" " * (2 << 20) + b"]", media_type="application/dicom+json")
    deep = Response(b"[" * 200_000, media_type="application/dicom+json")
    with (
        dicomweb([ONE], instead=giving(huge)) as server,
        pytest.raises(TruncatedError, match="can be taken"),
    ):
        list(DicomWeb(server.service()).find(Query(None, accessions=("A1",)), Go()))
    with (
        dicomweb([ONE], instead=giving(deep)) as server,
        pytest.raises(SourceRefusedError, match="JSON"),
    ):
        list(DicomWeb(server.service()).find(Query(JANUARY), Go()))


def test_a_search_that_is_cut_off_without_end_is_not_asked_without_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(window, "MOST_QUESTIONS", 10)

    def plausible(request: Request) -> Response:
        """Give a study of the days and the time that were asked for, and say there are more."""
        day, time = request.query_params["StudyDate"][:8], request.query_params.get("StudyTime", "")
        values = {"00080020": day, "00080030": time[:6] or "000000", "0020000D": f"1.2.{day}"}
        values["00080061"] = "MG"
        row = {tag: {"vr": "UI", "Value": [value]} for tag, value in values.items()}
        return JSONResponse([row], headers={"Warning": '299 s "additional results"'})

    with (
        dicomweb([ONE], instead=plausible) as server,
        pytest.raises(TruncatedError, match="fewer days at a time"),
    ):
        list(DicomWeb(server.service()).find(Query(JANUARY), Go()))


def test_an_object_is_never_whole_in_memory(tmp_path: Path) -> None:
    large = 48 << 20

    def stream(_request: Request) -> Response:
        head, tail = multipart(part10(image(1, 1, 1, pixels=b"\0\0"))).split(b"\r\n--", 1)[0], b""
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()

        def blocks() -> Iterator[bytes]:
            yield head
            for _ in range(large >> 20):
                yield bytes(1 << 20)
            yield tail

        return StreamingResponse(blocks(), media_type=related(b"").headers["content-type"])

    tracemalloc.start()
    told, _ = fetched(stream, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told.bytes > large
    assert peak < large / 3


@contextmanager
def rude(answers: Sequence[bytes], *, pause: float = 0) -> Iterator[int]:
    """Answer one connection with bytes, and break it off; with a pause between, if any."""
    with closing(socket.create_server((HOST, 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                for answer in answers:
                    connection.sendall(answer)
                    if pause and ended.wait(pause):
                        return

        ended = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join(10)


HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: multipart/related; "
    f'type="application/dicom"; boundary="{BOUNDARY}"\r\n'
).encode()


@pytest.mark.parametrize(
    ("answers", "pause", "ended"),
    [
        ([HEAD + b"Content-Length: 90000\r\n\r\n" + multipart(FILE)[:-30]], 0, Ended.ABORTED),
        ([HEAD + b"Connection: close\r\n\r\n" + multipart(FILE)[:-30]], 0, Ended.ABORTED),
        ([HEAD + b"\r\n" + multipart(FILE)[:200], b""], 30, Ended.TIMED_OUT),
        ([HEAD + b"\r\n", *[b"x"] * 400], 0.05, Ended.TIMED_OUT),
        ([HEAD.replace(b"multipart/related", PLAIN.encode()) + b"\r\n" + FILE], 0, Ended.REFUSED),
    ],
)
def test_an_answer_without_its_end_is_not_believed(
    tmp_path: Path, answers: list[bytes], pause: float, ended: Ended
) -> None:
    landed = Landing(tmp_path).study(uid(1))
    with rude(answers, pause=pause) as port:
        from flows.sources.web.service import Service

        web = DicomWeb(Service(f"http://{HOST}:{port}", answer=0.6))
        told = web.fetch(uid(1), None, landed, Go())
    assert (told.ended, landed.files()) == (ended, ())
    assert not landed.folder.exists() or not list(landed.folder.iterdir())


def test_a_search_that_drips_ends_when_we_must_stop() -> None:
    """Else a night's end, a stop and a preview's patience would wait for it for days."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n\r\n["
    with rude([head, *[b" " * 2000] * 200], pause=0.02) as port:
        from flows.sources.web.service import Service

        web, stop = DicomWeb(Service(f"http://{HOST}:{port}", answer=30)), Go(after=6)
        with pytest.raises(StoppedError):
            list(web.find(Query(JANUARY), stop))


def test_a_trial_that_takes_too_long_ends(monkeypatch: Any) -> None:
    monkeypatch.setattr(trial.Briefly.__init__, "__defaults__", (0.0,))
    with dicomweb([ONE]) as server:
        (step,) = DicomWeb(server.service()).prove()
    assert (step.name, step.ok) == ("query", False)


def test_who_is_not_there_is_away() -> None:
    with closing(socket.create_server((HOST, 0))) as listening:
        port = listening.getsockname()[1]
    from flows.sources.web.service import Service

    with pytest.raises(SourceAwayError, match="nothing listens"):
        list(DicomWeb(Service(f"http://{HOST}:{port}")).find(Query(JANUARY), Go()))


def test_no_proxy_of_the_environment_sees_anything(monkeypatch: Any) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with dicomweb([ONE]) as server:
        assert len(list(DicomWeb(server.service()).find(Query(JANUARY), Go()))) == 1


def test_a_busy_service_is_waited_for(monkeypatch: Any) -> None:
    left = [Response("", 503, {"Retry-After": "0"}), Response("", 429, {"Retry-After": "0"})]
    with dicomweb([ONE], instead=lambda _request: left.pop() if left else None) as server:
        assert len(list(DicomWeb(server.service()).find(Query(JANUARY), Go()))) == 1
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert retry_after("Thu, 01 Jan 2026 12:00:30 GMT", lambda: now) == 30
    assert retry_after("yesterday") == USUAL_WAIT
