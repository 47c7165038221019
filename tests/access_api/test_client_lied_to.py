"""The client against a server that lies: it ends with a sentence and a code, never a traceback."""

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.access_api.test_client import run

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
ITEM = {
    "path": "a/1.dcm",
    "size": 3,
    "sha256": "0" * 64,
    "study_uid": "2.25.1",
    "sop_uid": "2.25.2",
}
LINE = json.dumps(ITEM).encode() + b"\n"
ENDLESS = 64_000_000


class Liar:
    """Answers every request with the same bytes, and counts those that were taken."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.sent = answer, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                with closing(caller), suppress(OSError):
                    caller.recv(1 << 16)
                    for start in range(0, len(self.answer), 1 << 16):
                        caller.sendall(self.answer[start : start + (1 << 16)])
                        self.sent += 1 << 16


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Liar]]:
    made: list[Liar] = []

    def one(answer: bytes) -> Liar:
        made.append(Liar(answer))
        return made[-1]

    yield one
    for liar in made:
        liar.close()


def asked(liar: Liar, into: Path) -> subprocess.CompletedProcess[str]:
    return run(liar.url, "SE-1", into, "--retries", "0", token="t")


def line(**other: object) -> bytes:
    return HEAD + json.dumps(ITEM | other).encode() + b"\n"


MANIFESTS = {
    "endless size": line(size=float("inf")),
    "no number": line(size=float("nan")),
    "a size with many digits": line(size=10**400),
    "a negative size": line(size=-1),
    "a size in words": line(size="3"),
    "a broken size": line(size=2.5),
    "a true size": line(size=True),
    "a deep line": HEAD + b"[" * 60_000 + b"\n",
    "no object": HEAD + b"[]\n",
    "an empty line": HEAD + b"\n",
    "other text": HEAD + b"\xff\xfe\n",
    "a cut line": HEAD + LINE[:-1],
    "the same file twice": HEAD + LINE + LINE,
    "the same file in capitals": HEAD + LINE + LINE.replace(b"a/1.dcm", b"A/1.dcm"),
    "a negative chunk": HEAD.replace(b"close", b"close\r\nTransfer-Encoding: chunked") + b"-5\r\nx",
    "no status": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("answer", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_manifest_that_lies(
    serve: Callable[[bytes], Liar], tmp_path: Path, answer: bytes
) -> None:
    done = asked(serve(answer), tmp_path / "data")
    assert (done.returncode, "Traceback" in done.stderr) == (4, False), done.stderr
    assert done.stderr.startswith("mammo_download: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_a_line_without_end_is_not_waited_for(
    serve: Callable[[bytes], Liar], tmp_path: Path
) -> None:
    liar = serve(HEAD + b"x" * ENDLESS)
    done = asked(liar, tmp_path)
    assert done.returncode == 4, done.stderr
    assert "the manifest cannot be read" in done.stderr
    assert liar.sent < ENDLESS / 2


@pytest.mark.parametrize("pause", ["²", "-1", "1e9", "9" * 400, "soon", "NaN"])
def test_a_pause_that_is_none(serve: Callable[[bytes], Liar], tmp_path: Path, pause: str) -> None:
    head = f"HTTP/1.1 503 No\r\nRetry-After: {pause}\r\nContent-Length: 0\r\n\r\n"
    done = asked(serve(head.encode("latin-1")), tmp_path)
    assert done.returncode == 4, done.stderr
    assert done.stderr == "mammo_download: the service answered 503\n"
