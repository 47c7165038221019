import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from infra import process
from infra.process import Launch
from tests.infra.killing import end

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)"
)
# A child in a session of its own, as a Prefect worker may start its flow runs.
PARENT = (
    "import subprocess, sys, time;"
    "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
    " start_new_session=True); print(c.pid, flush=True); time.sleep(60)"
)


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "part.json"


@pytest.fixture
def marker() -> Iterator[str]:
    drawn = f"test:{secrets.token_hex(8)}"
    yield drawn
    assert process.marked(drawn) == ()


def launch(directory: Path, marker: str, code: str) -> Launch:
    command = (sys.executable, "-c", code)
    return Launch(command, {"PATH": os.defpath}, directory, directory / "part.log", marker)


def said(log: Path) -> str:
    deadline = time.monotonic() + 10
    while not log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return log.read_text()


def test_a_program_lives_in_a_session_of_its_own_until_stopped(
    tmp_path: Path, pid_file: Path, marker: str
) -> None:
    record = process.start(launch(tmp_path, marker, SLEEP), pid_file, "f")
    assert process.read_record(pid_file) == record
    assert process.alive(record)
    assert os.getsid(record.pid) == record.pid != os.getsid(0)
    process.stop(pid_file, marker, 5)
    assert not process.alive(record)
    assert not pid_file.exists()


def test_stopping_twice_is_no_harm(tmp_path: Path, pid_file: Path, marker: str) -> None:
    process.stop(pid_file, marker, 1)
    pid_file.write_text("not a record")
    process.stop(pid_file, marker, 1)
    assert not pid_file.exists()


def test_a_stranger_with_the_same_number_is_not_ended(pid_file: Path, marker: str) -> None:
    with subprocess.Popen((sys.executable, "-c", SLEEP), start_new_session=True) as stranger:
        stale = process.Record(stranger.pid, "another-boot/1", time.time(), "f")
        process.write_json(pid_file, vars(stale))
        assert not process.alive(stale)
        process.stop(pid_file, marker, 1)
        assert stranger.poll() is None
        stranger.kill()


def test_a_deaf_program_is_ended_by_force(tmp_path: Path, pid_file: Path, marker: str) -> None:
    record = process.start(launch(tmp_path, marker, STUBBORN), pid_file, "f")
    said(tmp_path / "part.log")
    process.stop(pid_file, marker, 0.3)
    assert not process.alive(record)


def test_what_a_killed_part_had_started_is_ended_too(
    tmp_path: Path, pid_file: Path, marker: str
) -> None:
    record = process.start(launch(tmp_path, marker, PARENT), pid_file, "f")
    child = int(said(tmp_path / "part.log"))
    end(record.pid)
    assert child in process.marked(marker)
    process.stop(pid_file, marker, 1)
    gone = not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert gone


def test_a_part_hears_interrupts_even_when_its_starter_does_not(
    tmp_path: Path, pid_file: Path, marker: str
) -> None:
    tell = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start(launch(tmp_path, marker, tell), pid_file, "f")
    finally:
        signal.signal(signal.SIGINT, before)
    assert said(tmp_path / "part.log") == "True\n"
    process.stop(pid_file, marker, 1)


def test_a_part_is_told_only_what_is_meant_for_it(
    tmp_path: Path, pid_file: Path, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_OF_THE_CALLER", "must not be seen")
    tell = "import os; print(sorted(os.environ))"
    process.start(launch(tmp_path, marker, tell), pid_file, "f")
    heard = said(tmp_path / "part.log")
    assert "CANARY" not in heard
    assert "MAMMO_PART" in heard
    process.stop(pid_file, marker, 1)


def test_the_last_log_is_kept_beside_the_new_one(
    tmp_path: Path, pid_file: Path, marker: str
) -> None:
    for word in ("first", "second"):
        plan = replace(launch(tmp_path, marker, f"print('{word}')"), log=tmp_path / "a.log")
        process.start(plan, pid_file, "f")
        said(plan.log)
        process.stop(pid_file, marker, 1)
    assert (tmp_path / "a.log").read_text() == "second\n"
    assert (tmp_path / "a.log.1").read_text() == "first\n"
    assert (tmp_path / "a.log").stat().st_mode & 0o177 == 0
