"""Orthanc as a peer: received into, anonymised in, asked, over its own REST interface."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from tests.bench.exports.sending import ENVIRONMENT
from tests.full.servers import Server, orthanc
from tests.servers import free_ports


@dataclass
class Orthanc:
    """One that runs."""

    server: Server
    web: int

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.server.process.pid)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """Ask it something; every request has a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.web, timeout=600)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, (method, path, answer.status)
            return content
        finally:
            connection.close()

    def told(self, path: str) -> Any:
        """What it tells as JSON."""
        return json.loads(self.ask("GET", path))

    def anonymize(self, study: str) -> None:
        """Anonymise one study by PS3.15's basic profile, as it does unless told otherwise."""
        self.ask("POST", f"/studies/{study}/anonymize", {})

    def empty(self) -> None:
        """Forget all studies."""
        for study in self.told("/studies"):
            self.ask("DELETE", f"/studies/{study}")


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Orthanc]:
    """Run Orthanc with its defaults, but for waiting for delayed acknowledgements."""
    web, nobody = free_ports(2)
    with (
        patch.dict(os.environ, ENVIRONMENT),
        orthanc(folder, nobody, HttpPort=web, **more) as server,
    ):
        yield Orthanc(server, web)
