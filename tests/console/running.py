"""A region's console and its worker as processes of their own, each with its own settings only."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from catalog.errands import tokens
from tests.servers import free_ports

ROOT = Path(__file__).parents[2]
SECONDS = 60
ANSWERED_SECONDS = 180
EVA = "eva.provstrom"


@dataclass(repr=False)
class Console:
    """A console, by HTTP.

    Attributes:
        environment: All that its process is told.
        log: What it wrote.
    """

    url: str
    ledger: Engine
    environment: Mapping[str, str]
    log: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, who: str = EVA) -> httpx.Client:
        if who not in self.tokens:
            until = datetime.now(UTC) + timedelta(1)
            made = tokens.make(self.ledger, who, "pacs_admin", by="test", expires_at=until)
            self.tokens[who] = made[1]
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS)

    def ask(self, path: str, told: object = None, who: str = EVA) -> dict[str, Any]:
        """Ask something, and wait for its answer."""
        with self.client(who) as client:
            asked = client.post(path, json=told) if told is not None else client.post(path)
            assert asked.status_code == 202, asked.text
            return self.ended(client, asked.headers["location"])

    @staticmethod
    def ended(client: httpx.Client, path: str) -> dict[str, Any]:
        """Wait until an errand has ended; the worker may still be starting."""
        until = time.monotonic() + ANSWERED_SECONDS
        while time.monotonic() < until:
            found = client.get(path, params={"wait": 20})
            assert found.status_code == 200, found.text
            if found.json()["state"] in {"DONE", "FAILED", "EXPIRED"}:
                return dict(found.json())
        message = f"no answer: {path}"
        raise AssertionError(message)

    def done(self, path: str, told: object = None) -> dict[str, Any]:
        """Ask something that goes well; give the answer."""
        found = self.ask(path, told)
        assert found["state"] == "DONE", found
        return dict(found["answer"])

    def refused(self, path: str, told: object = None) -> str:
        """Ask something that the worker refuses; give the reason."""
        found = self.ask(path, told)
        assert found["state"] == "FAILED", found
        return str(found["answer"]["reason"])

    def get(self, path: str) -> Any:
        with self.client() as client:
            found = client.get(path)
        assert found.status_code == 200, found.text
        return found.json()


@contextmanager
def process(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Any]:
    with log.open("ab") as written:
        running = subprocess.Popen(
            [sys.executable, *command],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def console(ledger: Engine, key: str, folder: Path) -> Iterator[Console]:
    (port,) = free_ports(1)
    (folder / "console.pub").write_text(key)
    environment = {
        "MAMMO_CONSOLE_LEDGER_URL": ledger.url.render_as_string(hide_password=False),
        "MAMMO_CONSOLE_KEY_FILE": str(folder / "console.pub"),
        "MAMMO_CONSOLE_REQUESTS_A_SECOND": "500",
        "MAMMO_CONSOLE_BURST": "5000",
        "MAMMO_CONSOLE_FAILURES_A_MINUTE": "5000",
        "MAMMO_CONSOLE_ERRANDS_WAITING": "5000",
    }
    words = ("uvicorn", "--no-access-log", "--no-server-header", "--host", "127.0.0.1")
    app = ("--port", str(port), "--factory", "access_api.console.app:create_app")
    log = folder / "console.log"
    with process(["-m", *words, *app], environment, log) as running:
        made = Console(f"http://127.0.0.1:{port}", ledger, environment, log)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            assert running.poll() is None, log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(f"{made.url}/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield made


def region_environment(**told: Any) -> dict[str, str]:
    """Give the worker's settings; its Prefect server is one that nobody runs."""
    values = {"environment": "development", "s3_secure": "false", **told}
    (nowhere,) = free_ports(1)
    return {
        **{
            f"MAMMO_REGION_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        },
        "PREFECT_API_URL": f"http://127.0.0.1:{nowhere}/api",
        "PREFECT_CLIENT_MAX_RETRIES": "0",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def worker(environment: Mapping[str, str], log: Path) -> Iterator[Any]:
    words = ["-m", "flows.cli", "console", "answer", "--watch"]
    with process(words, environment, log) as running:
        yield running
