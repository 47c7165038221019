"""The work pool is made though the server is still too busy to answer."""

import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest

from infra import probes


class Busy(http.server.BaseHTTPRequestHandler):
    answers: list[int]

    def do_POST(self) -> None:  # the name that http.server calls
        self.rfile.read(int(self.headers["Content-Length"]))
        status = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[tuple[type[Busy], str]]:
    handling = type("Once", (Busy,), {"answers": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handling) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield handling, f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_a_busy_server_is_asked_again(server: tuple[type[Busy], str]) -> None:
    busy, api = server
    busy.answers += [503, 201]
    probes.make_pool(api, "login:word")
    assert not busy.answers


def test_a_refusal_is_final(server: tuple[type[Busy], str]) -> None:
    busy, api = server
    busy.answers += [403, 201]
    with pytest.raises(httpx.HTTPStatusError):
        probes.make_pool(api, "login:word")
    assert busy.answers == [201]
