"""A region's Prefect server calls its webhook when something is wrong; server and call are real."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from catalog.database import connect
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, NewItem, Original
from catalog.outcome import Outcome
from catalog.reviews.records import Opening
from flows.ingest.alarms import WAITING
from flows.settings import RegionSettings
from infra.environment import QUIET_PREFECT
from tests.catalog.test_ledger import EXPORT, KEY
from tests.servers import free_ports

SET_UP = """
import sys
from pydantic import SecretStr
from flows.startup import automations
print(automations.set_up(SecretStr(sys.argv[1])))
"""
TELL = """
from flows.ingest import alarms
alarms.tell_failed("20261122-0a0b0c0d", "norrby", failed=1, tried=20)  # not more than a twentieth
alarms.tell_failed("20261122-0a0b0c0d", "norrby", failed=3, tried=20)
alarms.tell_unreachable("sectra", "norrby")
"""
QUARANTINE = """
import sys
from datetime import UTC, datetime, timedelta
from catalog.database import connect
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from flows.ingest import alarms
from tests.catalog.test_ledger import KEY
ledger, pace = Ledger(connect(sys.argv[1]), LedgerKey(KEY)), timedelta(minutes=10)
morning = datetime(2026, 11, 22, alarms.MORNING, 3, tzinfo=UTC)
for moment in (morning, morning + pace, morning - pace):  # called once: the others are not its hour
    alarms.tell_quarantine(ledger, moment, pace)
"""
LATE = """
from datetime import UTC, datetime, timedelta
from prefect import flow, get_client
from prefect.states import Scheduled
@flow(name="export")
def export(plan_id: str) -> None:
    raise ValueError("CANARY 19121212-1212")
with get_client(sync_client=True) as client:  # no worker takes it
    told = {"plan_id": "p-1"}
    due = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=2))
    client.create_flow_run(export, name="plan-p-1", parameters=told, state=due)
"""
FAIL = """
from prefect import flow
@flow(name="ingest", flow_run_name="plan-p-1")
def fails():
    raise ValueError("CANARY 19121212-1212")
try:
    fails()
except ValueError:
    pass
"""


@dataclass
class Here:
    port: int
    home: Path
    called: "Queue[dict[str, Any]]"

    def run(self, code: str, *arguments: str) -> str:
        told = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        told |= QUIET_PREFECT | {
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_HOME": str(self.home / "client"),
        }
        root = Path(__file__).parents[3]
        command = [sys.executable, "-c", code, *arguments]
        ran = subprocess.run(  # its own process: Prefect reads settings when imported
            command, env=told, cwd=root, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        return ran.stdout

    def wait(self, count: int) -> list[dict[str, Any]]:
        calls, deadline = [], time.monotonic() + 60
        while len(calls) < count and time.monotonic() < deadline:
            try:
                calls.append(self.called.get(timeout=1))
            except Empty:
                continue
        return calls


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    home, (port,) = tmp_path_factory.mktemp("prefect"), free_ports(1)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = kept | QUIET_PREFECT | {"PREFECT_HOME": str(home / "server")}
    program = str(Path(sys.executable).with_name("prefect"))
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=told,
            cwd=home,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield Here(port, home, Queue())
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def webhook(here: Here) -> Iterator[str]:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.called.put(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alarm"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_wrong_calls_the_webhook_with_names_and_numbers(here: Here, webhook: str) -> None:
    for _ in range(2):
        assert here.run(SET_UP, webhook) == "5\n"
    automations = httpx.post(f"http://127.0.0.1:{here.port}/api/automations/filter").json()
    assert len([one for one in automations if one["name"].startswith("mammo: ")]) == 5
    time.sleep(6)  # the server takes its automations up now and then
    here.run(TELL)
    here.run(FAIL)
    calls = {one["event"]: one for one in here.wait(3)}
    assert set(calls) == {
        "mammo.export.failed-ratio",
        "mammo.source.unreachable",
        "prefect.flow-run.Failed",
    }
    failed = calls["mammo.export.failed-ratio"]
    assert failed["about"] == "mammo.export.20261122-0a0b0c0d"
    assert failed["numbers"] == {"holder": "norrby", "failed": 3, "tried": 20}
    assert calls["prefect.flow-run.Failed"]["run"] == "plan-p-1"
    assert "CANARY" not in json.dumps(calls)
    assert here.run(SET_UP, "") == "0\n"
    assert httpx.post(f"http://127.0.0.1:{here.port}/api/automations/filter").json() == []


def quarantining(url: str, waiting: int) -> None:
    """Fill a region ledger with originals that wait for people."""
    engine = connect(url)
    ledger = Ledger(engine, LedgerKey(KEY))
    ledger.register_export(replace(EXPORT, path="/mnt/CANARY Åsa", claimed=waiting))
    ledger.enroll(EXPORT.id, [NewItem(f"CANARY/{n}.dcm", 1, 100) for n in range(waiting)])
    later = datetime.now(UTC) + timedelta(days=30)
    for n, one in enumerate(ledger.items(EXPORT.id, 1)):
        original = Original("1.2.826.0.4711", f"1.2.826.0.4711.{n}", "CANARY-19121212", "RIS")
        ended = Ending(
            one.id,
            Outcome.SUSPECT,
            "text is left",
            quarantine_key=f"q/{n}",
            expires_at=later,
            original=original,
            review=Opening("", later),
        )
        ledger.record(ended, run="run")
    engine.dispose()


def test_a_late_run_and_a_full_quarantine_call_it_too(
    here: Here, webhook: str, sqlite_databases: Callable[[str], str]
) -> None:
    few, many = sqlite_databases("ledger"), sqlite_databases("ledger")
    quarantining(few, WAITING)
    quarantining(many, WAITING + 1)
    assert here.run(SET_UP, webhook) == "5\n"
    time.sleep(6)  # as above
    here.run(QUARANTINE, few)
    here.run(QUARANTINE, many)
    here.run(LATE)
    calls = here.wait(2)
    here.run(SET_UP, "")
    told = {one["event"]: one for one in calls}
    assert set(told) == {"mammo.quarantine.waiting", "prefect.flow-run.Late"}
    waits = told["mammo.quarantine.waiting"]
    assert waits["about"] == f"mammo.holder.{EXPORT.holder_id}"
    assert waits["numbers"] == {"holder": EXPORT.holder_id, "waiting": WAITING + 1}
    assert told["prefect.flow-run.Late"]["run"] == "plan-p-1"
    assert set(told["prefect.flow-run.Late"]) == {"event", "run", "at"}
    for canary in ("CANARY", "1912", "4711", "Åsa", "text is left"):
        assert canary not in json.dumps(calls, ensure_ascii=False)
    assert here.called.empty()  # each was told of once


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("", True),
        ("https://alarm.example/x?y=1", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://alarm.example/x", False),
        ("http://127.0.0.1.example/x", False),
        ("http://localhost@alarm.example/", False),
        ("https://user@alarm.example/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_webhook_is_called_by_https_or_on_loopback(url: str, good: bool) -> None:
    field = RegionSettings.__pydantic_validator__
    told = RegionSettings.model_construct()
    if good:
        field.validate_assignment(told, "webhook_url", SecretStr(url))
    else:
        with pytest.raises(ValidationError):
            field.validate_assignment(told, "webhook_url", SecretStr(url))
