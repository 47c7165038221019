"""A small DICOMweb service for tests: real files over real HTTP, as polite or as rude as wanted."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import uvicorn
from pydicom import Dataset, dcmwrite
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from flows.sources.web.service import Service
from tests.flows.sources.peers import HOST, with_meta

if TYPE_CHECKING:
    from pathlib import Path

BOUNDARY = "+.:parts of a study:.+"
JSON = "application/dicom+json"
ANSWERED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
Answer = Callable[[Request], Response | None]


def part10(ds: Dataset, syntax: str | None = None) -> bytes:
    """Write an object as a file."""
    out = BytesIO()
    dcmwrite(out, with_meta(ds, syntax) if syntax else with_meta(ds), enforce_file_format=True)
    return out.getvalue()


def multipart(*files: bytes, kind: str = "application/dicom", end: bool = True) -> bytes:
    """Write a multipart/related message; `kind` is of each part, and may be empty."""
    header = f"Content-Type: {kind}\r\n".encode() if kind else b""
    parts = [f"--{BOUNDARY}\r\n".encode() + header + b"\r\n" + one + b"\r\n" for one in files]
    return b"".join(parts) + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


def related(content: bytes, **more: Any) -> Response:
    """Give such a message."""
    kind = f'multipart/related; type="application/dicom"; boundary="{BOUNDARY}"'
    return Response(content, media_type=kind, **more)


@dataclass
class Manners:
    """How the service behaves.

    Attributes:
        most: Rows that it gives at a time; `warns` whether it says that there are more.
        pages: Whether it knows `offset`.
        chooses: Whether it matches keys at all.
        tells_modalities: Whether it says which a study holds.
        lists_study: Whether it searches for all objects of a study at once.
        token: That it wants to see.
        instead: Answers some requests otherwise; None for the usual answer.
    """

    most: int = 1000
    warns: bool = True
    pages: bool = True
    chooses: bool = True
    tells_modalities: bool = True
    lists_study: bool = True
    token: str = ""
    instead: Answer | None = None


@dataclass
class DicomWebServer:
    """One service that runs, and what it was asked."""

    port: int
    objects: list[Dataset]
    manners: Manners
    scheme: str = "http"
    asked: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port}/dicom-web"

    def service(self, **changes: Any) -> Service:
        return Service(**({"url": self.url, "connect": 5.0, "answer": 4.0} | changes))

    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/dicom-web") for request in self.asked]

    def app(self) -> Starlette:
        base = "/dicom-web/studies"
        series, instances = base + "/{study}/series", "/{series}/instances"
        routes = {
            base: self._search(ANSWERED[:1]),
            base + "/{study}/instances": self._search(ANSWERED),
            series: self._search(ANSWERED[:2]),
            series + instances: self._search(ANSWERED),
            base + "/{study}": self._retrieve,
            series + instances + "/{sop}": self._retrieve,
        }
        return Starlette(routes=[Route(path, self._kept(one)) for path, one in routes.items()])

    def _kept(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def kept(request: Request) -> Response:
            self.asked.append(request)
            if self.manners.instead and (other := self.manners.instead(request)):
                return other
            wanted = self.manners.token
            if wanted and request.headers.get("authorization") != f"Bearer {wanted}":
                return Response("<html>who are you?</html>", 401, media_type="text/html")
            return answer(request)

        return kept

    def _search(self, keys: Sequence[str]) -> Callable[[Request], Response]:
        def search(request: Request) -> Response:
            of_study = keys == ANSWERED and "series" not in request.path_params
            if of_study and not self.manners.lists_study:
                return Response("", 404)
            rows = {ds[keys[-1]].value: self._row(ds, keys) for ds in self._matching(request)}
            limit = min(self.manners.most, int(request.query_params.get("limit", "100")))
            offset = int(request.query_params.get("offset", "0")) if self.manners.pages else 0
            page = list(rows.values())[offset : offset + limit]
            left = len(rows) - offset - len(page)
            told = f'299 {HOST}: "There are {left} additional results that can be requested"'
            headers = {"Warning": told} if self.manners.warns and left > 0 else {}
            if not page:
                return Response(status_code=204)
            return Response(json.dumps(page), media_type=JSON, headers=headers)

        return search

    def _matching(self, request: Request) -> Iterator[Dataset]:
        asked = dict(request.query_params)
        first, _, last = asked.get("StudyDate", "").partition("-")
        time_first, _, time_last = asked.get("StudyTime", "").partition("-")
        for ds in self._under(request):
            day, clock = ds.StudyDate, ds.StudyTime
            fits = [
                not first or first <= day <= (last or first),
                not time_first or time_first <= clock <= time_last,
                asked.get("AccessionNumber", ds.AccessionNumber) == ds.AccessionNumber,
                asked.get("ModalitiesInStudy", ds.Modality) == ds.Modality,
            ]
            if all(fits) or not self.manners.chooses:
                yield ds

    def _under(self, request: Request) -> list[Dataset]:
        names = dict(zip(("study", "series", "sop"), ANSWERED, strict=True))
        return [
            ds
            for ds in self.objects
            if all(ds[names[key]].value == value for key, value in request.path_params.items())
        ]

    def _row(self, ds: Dataset, keys: Sequence[str]) -> dict[str, Any]:
        row = Dataset()
        for keyword in (*keys, "StudyDate", "StudyTime", "AccessionNumber"):
            setattr(row, keyword, ds[keyword].value)
        study = [one for one in self.objects if one.StudyInstanceUID == ds.StudyInstanceUID]
        if len(keys) == 1 and self.manners.tells_modalities:
            row.ModalitiesInStudy = sorted({one.Modality for one in study})
        if len(keys) == 1:
            row.NumberOfStudyRelatedInstances = len(study)
        else:
            row.Modality = ds.Modality
            row.StationName = ds.get("StationName", "")
        if len(keys) == len(ANSWERED):
            row.SOPClassUID, row.InstanceNumber = ds.SOPClassUID, ds.InstanceNumber
        return row.to_json_dict()

    def _retrieve(self, request: Request) -> Response:
        found = self._under(request)
        if not found:
            return Response("", 404)
        if "transfer-syntax=*" not in request.headers["accept"]:
            return Response("", 406)
        content = multipart(*(part10(ds, _syntax(ds)) for ds in found))
        blocks = (content[at : at + 1000] for at in range(0, len(content), 1000))
        whole = related(b"")
        return StreamingResponse(blocks, media_type=whole.headers["content-type"])


def _syntax(ds: Dataset) -> str | None:
    meta = getattr(ds, "file_meta", None)
    return None if meta is None else str(meta.TransferSyntaxUID)


@contextmanager
def dicomweb(objects: Sequence[Dataset], **more: Any) -> Iterator[DicomWebServer]:
    """Run a service in a thread; `tls` is its certificate, key, and who vouches for clients."""
    tls: tuple[Path, Path, Path | None] | None = more.pop("tls", None)
    served = DicomWebServer(0, list(objects), Manners(**more), "https" if tls else "http")
    config = uvicorn.Config(
        served.app(),
        host=HOST,
        port=0,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    config.load()
    if tls is not None:
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        config.ssl.load_cert_chain(tls[0], tls[1])
        if tls[2] is not None:
            config.ssl.load_verify_locations(tls[2])
            config.ssl.verify_mode = ssl.CERT_REQUIRED
    with running(config) as port:
        served.port = port
        yield served


@contextmanager
def running(config: uvicorn.Config) -> Iterator[int]:
    """Run a server in a thread; give its port."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the service ended"
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
