"""The client against the real door, over wires that break."""

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_api.client import mammo_download
from catalog import holds
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import ANNA, BERTIL, PERMIT_A, PERMIT_LARGE, World, digests
from tests.servers import free_ports

PROGRAM = Path(mammo_download.__file__)
PYTHON = os.environ.get("MAMMO_CLIENT_PYTHON", sys.executable)
"""The Python that runs the client: of another version, if one is named."""


@pytest.fixture(scope="module")
def door(settings: Any) -> Iterator[Running]:
    with Running(settings) as running:
        yield running


class Wire:
    """A way to the door that breaks each connection after some bytes, and may be slow.

    Attributes:
        breaks_after: Bytes of answers after which a connection is cut; None: never.
        pause_s: Seconds between pieces of 64 KiB.
    """

    def __init__(self, door: Running) -> None:
        self.door, self.breaks_after, self.pause_s = door, None, 0.0
        self.carried, self.requests = 0, []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self) -> None:
        try:
            while True:
                caller, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()
        except OSError:
            return

    def _carry(self, caller: socket.socket) -> None:
        with closing(caller), closing(self._to_door()) as there:
            asking = threading.Thread(target=self._ask, args=(caller, there), daemon=True)
            asking.start()
            left = self.breaks_after
            try:
                while (left is None or left > 0) and (data := there.recv(1 << 16)):
                    caller.sendall(data)
                    self.carried += len(data)
                    left = None if left is None else left - len(data)
                    time.sleep(self.pause_s)
            except OSError:
                pass
            for one in (caller, there):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _ask(self, caller: socket.socket, there: socket.socket) -> None:
        try:
            while data := caller.recv(1 << 16):
                self.requests.append(data.decode())
                there.sendall(data)
        except OSError:
            return

    def _to_door(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.door.port))


@pytest.fixture
def wire(door: Running) -> Iterator[Wire]:
    made = Wire(door)
    yield made
    made.close()


def command(url: str, permit: str, target: Path, *more: str) -> list[str]:
    return [PYTHON, str(PROGRAM), "--api", url, permit, str(target), *more]


def run(
    url: str, permit: str, target: Path, *more: str, token: str = ""
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"]} | ({"MAMMO_TOKEN": token} if token else {})
    asked = command(url, permit, target, *more)
    return subprocess.run(asked, env=env, capture_output=True, text=True, timeout=90, check=False)


def wanted(world: World, permit: str = PERMIT_A) -> dict[str, str]:
    return {one.path: one.sha256 for one in world.members[permit]}


def test_everything_comes_and_the_next_run_has_nothing_to_do(
    door: Running, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    done = run(door.url, PERMIT_A, tmp_path, token=issuer.token(ANNA))
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path) == wanted(world)
    assert "6 files, 0 there already, 6 downloaded" in done.stdout
    assert "100%" in done.stderr
    assert list(tmp_path.rglob("*.part")) == []
    again = run(door.url, PERMIT_A, tmp_path, "--quiet", token=issuer.token(ANNA))
    assert (again.returncode, again.stderr) == (0, "")
    assert "6 there already, 0 downloaded" in again.stdout


def test_a_wire_that_breaks_all_the_time(
    wire: Wire, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    wire.breaks_after = 6_000_000
    done = run(wire.url, PERMIT_A, tmp_path, token=issuer.token(ANNA))
    assert done.returncode == 0, done.stdout + done.stderr
    assert digests(tmp_path) == wanted(world)
    assert any("Range: bytes=" in one and "If-Range" in one for one in wire.requests)
    # Gone on with, not begun again.
    assert wire.carried < 1.5 * sum(len(one.data) for one in world.members[PERMIT_A])


def test_a_client_that_is_killed_goes_on(
    wire: Wire, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    wire.pause_s = 0.02
    env = {"PATH": os.environ["PATH"], "MAMMO_TOKEN": issuer.token(ANNA)}
    asked = command(wire.url, PERMIT_LARGE, tmp_path, "--parallel", "1")
    killed = subprocess.Popen(asked, env=env, stderr=subprocess.DEVNULL)
    while not any(one.stat().st_size > 2_000_000 for one in tmp_path.rglob("*.part")):
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    wire.pause_s = 0.0
    done = run(wire.url, PERMIT_LARGE, tmp_path, token=issuer.token(ANNA))
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path) == wanted(world, PERMIT_LARGE)
    assert any("Range: bytes=" in one for one in wire.requests)


def test_a_service_that_is_away_for_a_while(
    settings: Any, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    with Running(settings) as first:
        port = first.port
    env = {"PATH": os.environ["PATH"], "MAMMO_TOKEN": issuer.token(ANNA)}
    asked = command(f"http://127.0.0.1:{port}", PERMIT_A, tmp_path)
    waiting = subprocess.Popen(asked, env=env, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    with Running(settings, port=port):
        assert waiting.wait(60) == 0
    assert digests(tmp_path) == wanted(world)


def test_what_is_spoilt_on_either_side_is_never_kept(
    door: Running, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    """A part that was spoilt is fetched anew; a whole file is looked at when asked."""
    one, other = world.of(PERMIT_A), world.of(PERMIT_A, small=False)
    whole = tmp_path / one.path
    whole.parent.mkdir(parents=True)
    whole.write_bytes(bytes(len(one.data)))
    part = tmp_path / f"{other.path}.{other.sha256[:16]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1_000_000)
    checked = run(door.url, PERMIT_A, tmp_path, "--check", "--verify", token=issuer.token(ANNA))
    assert checked.returncode == 1
    assert f"missing: {one.path}" in checked.stdout
    done = run(door.url, PERMIT_A, tmp_path, "--verify", token=issuer.token(ANNA))
    assert done.returncode == 0, done.stdout
    assert digests(tmp_path) == wanted(world)


def test_what_is_withdrawn_meanwhile_is_named(
    wire: Wire, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    wire.pause_s = 0.01
    env = {"PATH": os.environ["PATH"], "MAMMO_TOKEN": issuer.token(ANNA)}
    asked = command(wire.url, PERMIT_LARGE, tmp_path, "--parallel", "1")
    running = subprocess.Popen(asked, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while not list(tmp_path.rglob("*.part")):
        time.sleep(0.02)
    last = HoldTarget(HoldScope.INSTANCE, "2.25.94.1.2")
    number = holds.place(world.engine, HoldKind.RECALLED, last, reason="x", who="operator")
    try:
        wire.pause_s = 0.0
        said, _ = running.communicate(timeout=60)
    finally:
        holds.lift(world.engine, number, who="operator")
    assert running.returncode == 1
    gone = next(one for one in world.members[PERMIT_LARGE] if one.sop.endswith(".94.1.2"))
    assert f"missing: {gone.path}  not there any more, or not for you (404)" in said.decode()


def test_a_token_that_has_expired_is_read_again(
    door: Running, world: World, issuer: Issuer, tmp_path: Path
) -> None:
    file, before = tmp_path / "token", len(door.log.getvalue())
    file.write_text(issuer.token(ANNA, exp=int(time.time()) - 60))
    asked = command(door.url, PERMIT_A, tmp_path / "data", "--token-file", str(file))
    env = {"PATH": os.environ["PATH"]}
    running = subprocess.Popen(asked, env=env, stderr=subprocess.DEVNULL)
    while "AuthenticationError" not in door.log.getvalue()[before:]:
        assert running.poll() is None
        time.sleep(0.02)
    file.write_text(issuer.token(ANNA))
    assert running.wait(60) == 0
    assert digests(tmp_path / "data") == wanted(world)


def test_a_command_may_give_the_token(door: Running, issuer: Issuer, tmp_path: Path) -> None:
    given = f"{sys.executable} -c 'print(\"{issuer.token(ANNA)}\")'"
    done = run(door.url, PERMIT_A, tmp_path, "--check", "--token-command", given)
    assert done.returncode == 1
    assert "6 missing" in done.stdout


@pytest.mark.parametrize(
    ("url", "permit", "who", "code", "said"),
    [
        ("", PERMIT_A, "", 3, "no token"),
        ("", PERMIT_A, "garbage", 3, "refused"),
        ("", PERMIT_A, BERTIL, 3, "no such permit"),
        ("", "../x", ANNA, 2, "permit's id"),
        ("http://hub.example.org", PERMIT_A, ANNA, 2, "must be https"),
        ("ftp://127.0.0.1", PERMIT_A, ANNA, 2, "where the API is"),
        ("http://127.0.0.1:9", PERMIT_A, ANNA, 4, "cannot be reached"),
    ],
)
def test_it_says_what_is_wrong(
    door: Running,
    issuer: Issuer,
    tmp_path: Path,
    url: str,
    permit: str,
    who: str,
    code: int,
    said: str,
) -> None:
    token = issuer.token(who) if who in {ANNA, BERTIL} else who
    done = run(url or door.url, permit, tmp_path, "--retries", "0", token=token)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_cannot_be_reached_is_said_and_given_up(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    done = run(url, PERMIT_A, tmp_path, "--retries", "2", token="t")
    assert done.returncode == 4
    said = "mammo_download: the service cannot be reached (ConnectionRefusedError)"
    assert done.stderr.splitlines() == [f"{said}; trying again", said]
    quiet = run(url, PERMIT_A, tmp_path, "--retries", "1", "--quiet", token="t")
    assert (quiet.returncode, quiet.stderr) == (4, f"{said}\n")


def test_it_says_so_again_while_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mammo_download, "TOLD_EVERY_S", 0.05)
    (port,) = free_ports(1)
    told = ["--api", f"http://127.0.0.1:{port}", "--retries", "1", PERMIT_A, str(tmp_path)]
    monkeypatch.setenv("MAMMO_TOKEN", "t")
    assert mammo_download.main(told) == 4
    assert capsys.readouterr().err.count("trying again") > 3


def test_a_service_that_goes_away_for_good_is_not_asked_for_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("MAMMO_TOKEN", "t")
    told = ["--api", f"http://127.0.0.1:{port}", PERMIT_A, str(tmp_path)]
    service = mammo_download.service_of(mammo_download.arguments(told))
    items = [mammo_download.Item(f"{n}.dcm", 1, "0" * 64, "1.2", f"1.{n}") for n in range(9)]
    work = mammo_download.Download(service, PERMIT_A, tmp_path, 0)
    work.run(items, 1)
    assert work.stopped is not None
    assert (work.stopped.code, work.finished, work.reasons) == (4, set(), {})


@pytest.mark.parametrize("ignored", [False, True])
def test_an_interrupt_while_it_imports_is_quiet(tmp_path: Path, ignored: bool) -> None:
    early = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "queue.py").write_text(f"{early}class SimpleQueue: pass\n")
    asked = [PYTHON, str(PROGRAM), "--help"]
    shell = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"] if ignored else []
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*shell, *asked],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (done.returncode, done.stderr) == (0 if ignored else 130, "")


EVIL = [
    "../x.dcm",
    "/etc/x.dcm",
    "a/../../x.dcm",
    "a//x.dcm",
    "a/./x.dcm",
    "a\\..\\x.dcm",
    "C:x.dcm",
    "a/\n.dcm",
    "/".join("a" * 9),
    "",
]


@pytest.mark.parametrize("path", EVIL)
def test_a_manifest_cannot_name_a_file_outside(path: str) -> None:
    line = {"path": path, "size": 1, "sha256": "0" * 64, "study_uid": "1.2", "sop_uid": "1.2.3"}
    with pytest.raises(mammo_download.StopError, match="will not write"):
        mammo_download.item_of(json.dumps(line).encode())
    line["path"] = "1.2/1.3/1.4.dcm"
    assert mammo_download.item_of(json.dumps(line).encode()).path == line["path"]


@pytest.mark.parametrize("deep", [True, False], ids=["folder", "file"])
def test_no_link_is_followed_out_of_the_folder(
    door: Running, world: World, issuer: Issuer, tmp_path: Path, deep: bool
) -> None:
    outside, target = tmp_path / "outside", tmp_path / "data"
    outside.mkdir()
    place = target / world.of(PERMIT_A).path
    place = place.parent if deep else place
    place.parent.mkdir(parents=True)
    place.symlink_to(outside if deep else outside / "x")
    done = run(door.url, PERMIT_A, target, token=issuer.token(ANNA))
    assert done.returncode == 5, done.stderr
    assert list(outside.iterdir()) == []


def test_a_part_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    part, outside = tmp_path / "1.dcm.part", tmp_path / "outside"
    part.symlink_to(outside)
    with pytest.raises(OSError, match="symbolic links"):
        mammo_download.opened(part)
    assert not outside.exists()


def test_two_runs_do_not_meet(door: Running, issuer: Issuer, tmp_path: Path) -> None:
    with mammo_download.alone(tmp_path):
        done = run(door.url, PERMIT_A, tmp_path, token=issuer.token(ANNA))
    assert done.returncode == 2
    assert "another run" in done.stderr


def test_old_pythons_can_read_it_and_need_nothing_else() -> None:
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 9))
    named = {
        (one.module if isinstance(one, ast.ImportFrom) else one.names[0].name).partition(".")[0]
        for one in ast.walk(tree)
        if isinstance(one, ast.Import | ast.ImportFrom)
    }
    assert named <= sys.stdlib_module_names
    head = PROGRAM.read_text().split("# ///")
    assert head[1].startswith(' script\n# requires-python = ">=3.9"\n# dependencies = []\n')


def test_the_door_hands_it_out_and_it_explains_itself(client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/client.py")
    assert answer.content == PROGRAM.read_bytes()
    assert answer.headers["content-type"].startswith("text/x-python")
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/client.py", headers=known).status_code == 304
    (tmp_path / "client.py").write_bytes(answer.content)
    asked = [PYTHON, "-I", str(tmp_path / "client.py"), "--help"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert "exit codes:" in shown.stdout
    assert "--token-file" in shown.stdout
