import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra import process
from infra.errors import PartError, PortTakenError
from infra.startup import Step
from tests.infra.killing import end


def record(startup: Any) -> process.Record:
    found = process.read_record(startup.state / "run" / "api.json")
    assert found is not None
    return found


@pytest.fixture
def running(startup: Any, page: Any, ports: Any, tmp_path: Path) -> Any:
    part = page(tmp_path, ports.api)
    startup.ensure(part)
    yield part
    process.stop(startup.state / "run" / "api.json", f"{startup.stack_id}:api", 5)


def test_a_healthy_part_is_left_alone(startup: Any, running: Any) -> None:
    before = record(startup)
    startup.ensure(running)
    assert record(startup) == before


def test_a_part_that_died_starts_again(startup: Any, running: Any) -> None:
    before = record(startup)
    end(before.pid)
    startup.ensure(running)
    assert record(startup).pid != before.pid
    assert running.ready(0)


def test_a_part_that_hangs_starts_again(
    startup: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.startup.SETTLE_SECONDS", 0.5)
    before = record(startup)
    os.kill(before.pid, signal.SIGSTOP)
    startup.ensure(running)
    assert not psutil.pid_exists(before.pid)
    assert running.ready(0)


def test_a_part_that_is_told_something_else_starts_again(
    startup: Any, running: Any, page: Any, tmp_path: Path
) -> None:
    before = record(startup)
    other = page(tmp_path, running.ports[0])
    other.environment["GREETING"] = "good day"
    startup.ensure(other)
    assert record(startup).pid != before.pid


def test_a_port_of_another_program_is_not_fought_for(
    startup: Any, page: Any, ports: Any, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", ports.api)),
        pytest.raises(PortTakenError, match=f"Port {ports.api} .*api needs it"),
    ):
        startup.ensure(page(tmp_path, ports.api))
    assert process.read_record(startup.state / "run" / "api.json") is None


def test_a_part_that_dies_while_starting_shows_the_end_of_its_log(
    startup: Any, page: Any, ports: Any, tmp_path: Path
) -> None:
    words = ("-c", "print('line one'); raise SystemExit('the reason')")
    with pytest.raises(PartError, match=r"(?s)api died while it started.*the reason") as caught:
        startup.ensure(page(tmp_path, ports.api, words=words))
    assert str(caught.value.log) in str(caught.value)


def test_a_step_runs_once_and_again_when_it_changes(startup: Any, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    code = f"open({str(tally)!r}, 'a').write('x')"
    for told in ({"A": "1"}, {"A": "1"}, {"A": "2"}):
        startup.do(Step("prepare", ("-c", code), told))
    assert tally.read_text() == "xx"


def test_a_failed_step_says_why_and_runs_again(startup: Any) -> None:
    step = Step("prepare", ("-c", "raise SystemExit('no such database')"), {})
    for _ in range(2):
        with pytest.raises(PartError, match=r"(?s)prepare failed.*no such database"):
            startup.do(step)


def test_a_step_that_hangs_is_ended(startup: Any) -> None:
    hurried = replace(startup, step_seconds=0.5)
    step = Step("deploy", ("-c", "import time; time.sleep(60)"), {"PATH": str(sys.executable)})
    with pytest.raises(PartError, match="deploy did not end within"):
        hurried.do(step)
    assert process.marked(f"{startup.stack_id}:deploy") == ()


def test_a_part_starts_again_when_its_room_changes(
    startup: Any, page: Any, ports: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "access_api"
    room.mkdir()
    (room / "app.py").write_text("a = 1\n")
    part = replace(page(tmp_path, ports.api), rooms=("access_api",))
    before = part.fingerprint()
    monkeypatch.setattr("infra.__file__", str(tmp_path / "infra" / "__init__.py"))
    elsewhere = part.fingerprint()
    (room / "app.py").write_text("a = 11\n")
    assert len({before, elsewhere, part.fingerprint()}) == 3
