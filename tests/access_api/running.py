"""The door behind a real uvicorn on a real socket."""

import http.client
import io
import threading
import time
from typing import Self

import uvicorn

from access_api.app import create_app
from access_api.connection import Connection
from access_api.doorstep import open_log
from access_api.settings import DoorSettings


class Running:
    """A served door: its port and its log."""

    def __init__(
        self, settings: DoorSettings, *, port: int = 0, http: type[Connection] = Connection
    ) -> None:
        self.log = io.StringIO()
        app = create_app(settings, log=open_log(self.log))
        config = uvicorn.Config(app, port=port, http=http, log_config=None, server_header=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
