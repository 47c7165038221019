"""Programs that outlive the command that started them, and how they are found and ended again."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from infra.private import read_json, write_json

MARKER: Final = "MAMMO_PART"
PROC: Final = Path("/proc")
TAIL_LINES: Final = 12
# A shell that runs `mammo` in the background makes it ignore SIGINT; a Prefect worker that
# inherits that survives every polite end, so each program begins with the default again.
BOOT: Final = (
    "import os,signal,sys;signal.signal(signal.SIGINT,signal.SIG_DFL);"
    "os.execve(sys.argv[1],sys.argv[1:],os.environ)"
)


@dataclass(frozen=True)
class Launch:
    """What to start: a command with an absolute program, its whole environment, where."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    marker: str


@dataclass(frozen=True)
class Record:
    """A started program: its pid is worth nothing without the moment it was born."""

    pid: int
    birth: str
    since: float
    fingerprint: str


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output in its log (the last one is kept)."""
    if launch.log.exists():
        launch.log.replace(launch.log.with_suffix(".log.1"))
    descriptor = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - every word of the command is our own
            (sys.executable, "-I", "-S", "-c", BOOT, *launch.command),
            env={**launch.environment, MARKER: launch.marker},
            cwd=launch.directory,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    finally:
        os.close(descriptor)


def start(launch: Launch, pid_file: Path, fingerprint: str) -> Record:
    """Start a program that outlives this one, and write down who it is."""
    child = spawn(launch)
    threading.Thread(target=child.wait, name=f"reaper-{child.pid}", daemon=True).start()
    record = Record(child.pid, _birth(child.pid), time.time(), fingerprint)
    write_json(pid_file, asdict(record))
    return record


def read_record(pid_file: Path) -> Record | None:
    """Read who was started, or None where no whole record is."""
    with contextlib.suppress(TypeError):
        return Record(**read_json(pid_file))
    return None


def alive(record: Record | None) -> bool:
    """Say whether that very program still runs, not merely one with its number."""
    return record is not None and record.birth != "" and _birth(record.pid) == record.birth


def stop(pid_file: Path, marker: str, grace: float) -> None:
    """End a program and everything it started: politely, and after `grace` seconds by force."""
    record = read_record(pid_file)
    if record is not None and alive(record):
        _signal_group(record.pid, signal.SIGTERM)
        _signal_group(record.pid, signal.SIGCONT)  # a stopped program would not hear it
        if not _gone(lambda: alive(record), grace):
            _signal_group(record.pid, signal.SIGKILL)
            _gone(lambda: alive(record), 5)
    sweep(marker)
    pid_file.unlink(missing_ok=True)


def sweep(marker: str) -> None:
    """End whatever carries a part's marker, such as the children of a part that was killed."""
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
        for pid in marked(marker):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if _gone(lambda: marked(marker), patience):
            return


def marked(marker: str) -> tuple[int, ...]:
    """List the living processes that carry a part's marker (on Linux; elsewhere none)."""
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for entry in PROC.glob("[0-9]*/environ"):
        pid = int(entry.parent.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and wanted in entry.read_bytes().split(b"\0") and _birth(pid):
                found.append(pid)
    return tuple(found)


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def _gone(still_there: Callable[[], object], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while still_there():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _birth(pid: int) -> str:
    """Name the moment a process was born, so that a number used again is not mistaken for it.

    Empty for a process that is gone, or dead and not yet reaped.
    """
    if not PROC.joinpath("self", "stat").exists():
        return _birth_by_ps(pid)
    try:
        fields = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        boot = PROC.joinpath("sys", "kernel", "random", "boot_id").read_text().strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _birth_by_ps(pid: int) -> str:
    shown = subprocess.run(  # noqa: S603 - one number is all that varies
        ("/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)),
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    state, _, born = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else born.strip()
