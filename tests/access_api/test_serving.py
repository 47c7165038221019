"""The door behind a real uvicorn on a real socket."""

import hashlib
import http.client
import io
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from access_api.settings import DoorSettings
from catalog import holds, releases
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.running import Running
from tests.access_api.world import (
    ANNA,
    BERTIL,
    PERMIT_A,
    PERMIT_B,
    PERMIT_LARGE,
    TODAY,
    Member,
    World,
    log_lines,
)

Bearer = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def door(settings: DoorSettings) -> Iterator[Running]:
    running = Running(settings)
    yield running
    running.stop()


def path_of(member: Member) -> str:
    return f"/releases/{PERMIT_A}/instances/{member.sop}"


def test_whole_and_in_parts(door: Running, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_A, small=False)
    answer, body = door.get(path_of(member), bearer(ANNA))
    assert (answer.status, body == member.data) == (200, True)
    assert answer.getheader("Server") is None
    step, parts = 1_000_003, []
    for start in range(0, len(member.data), step):
        asked = bearer(ANNA) | {"Range": f"bytes={start}-{start + step - 1}"}
        answer, body = door.get(path_of(member), asked)
        assert answer.status == 206
        parts.append(body)
    assert b"".join(parts) == member.data
    answer, body = door.get(path_of(member), bearer(ANNA) | {"If-None-Match": "*"})
    assert (answer.status, body) == (304, b"")


def test_many_at_once(door: Running, world: World, bearer: Bearer) -> None:
    members = world.members[PERMIT_A] * 4

    def download(member: Member) -> bool:
        _, body = door.get(path_of(member), bearer(ANNA))
        return hashlib.sha256(body).hexdigest() == member.sha256

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(download, members))


def test_an_archive(door: Running, world: World, bearer: Bearer) -> None:
    study = world.of(PERMIT_A, small=False).study
    answer, body = door.get(f"/releases/{PERMIT_A}/studies/{study}/archive", bearer(ANNA))
    assert answer.getheader("Content-Length") == str(len(body))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        for member in world.members[PERMIT_A]:
            if member.study == study:
                assert archive.read(member.path) == member.data


def connections_to(port: int) -> int:
    return sum(
        bool(found.raddr) and found.raddr.port == port and found.status == "ESTABLISHED"
        for found in psutil.Process().net_connections("tcp4")
    )


def test_a_caller_who_leaves_lets_the_store_go(door: Running, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_A, small=False)
    s3_port = int(world.s3.endpoint.rpartition(":")[2])
    before = connections_to(s3_port)
    head = bearer(ANNA)["Authorization"]
    request = f"GET {path_of(member)} HTTP/1.1\r\nHost: x\r\nAuthorization: {head}\r\n\r\n"
    callers = []
    for _ in range(12):
        caller = socket.create_connection(("127.0.0.1", door.port))
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.sendall(request.encode())
        assert caller.recv(512).startswith(b"HTTP/1.1 200")
        callers.append(caller)
    for caller in callers:
        caller.close()
    deadline = time.monotonic() + 10
    while connections_to(s3_port) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert connections_to(s3_port) <= before
    assert door.get("/health", {})[0].status == 200
    cut_off = [line for line in log_lines(door.log.getvalue()) if line.get("complete") is False]
    assert len(cut_off) == 12


def test_a_hold_breaks_an_archive_off(door: Running, world: World, bearer: Bearer) -> None:
    """The first files are on their way when the last one is recalled."""
    study = next(one.study for one in world.members[PERMIT_LARGE])
    last = HoldTarget(HoldScope.INSTANCE, "2.25.94.1.2")
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    path = f"/releases/{PERMIT_LARGE}/studies/{study}/archive"
    connection.request("GET", path, headers=bearer(ANNA))
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read(1000)
    number = holds.place(world.engine, HoldKind.RECALLED, last, reason="x", who="operator")
    try:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    finally:
        holds.lift(world.engine, number, who="operator")
        connection.close()
    assert "HeldError" in door.log.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer x\r\n y\r\n",
        b"Range: bytes=0-1\r\nRange: bytes=5-9\r\n",
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Authorization : Bearer x\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"X: \x00\r\n",
    ],
)
def test_strange_headers_open_nothing(door: Running, world: World, line: bytes) -> None:
    path = path_of(world.of(PERMIT_A)).encode()
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as caller:
        caller.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n")
        assert caller.recv(4096).split()[1] in {b"400", b"401"}


@pytest.mark.parametrize(
    ("permit", "who", "coded", "small"),
    [(PERMIT_A, ANNA, True, True), (PERMIT_A, ANNA, True, False), (PERMIT_B, BERTIL, False, True)],
)
def test_other_bytes_than_those_released_never_complete(
    door: Running, world: World, bearer: Bearer, permit: str, who: str, coded: bool, small: bool
) -> None:
    member = world.of(permit, small=small)
    found = releases.servable(world.engine, permit, member.sop, who=who, today=TODAY)
    assert (found.mac is not None) is coded
    header = b"".join(world.s3.store("releases").get(found.header_key))
    path = f"/releases/{permit}/instances/{member.sop}"
    try:
        replace(world, found.header_key, header[:-1] + bytes([header[-1] ^ 1]))
        if small:
            assert door.get(path, bearer(who))[0].status == 503
        else:
            with pytest.raises(http.client.IncompleteRead):
                door.get(path, bearer(who))
    finally:
        replace(world, found.header_key, header)
    assert door.get(path, bearer(who))[1] == member.data


def replace(world: World, key: str, data: bytes) -> None:
    world.s3.store("releases").remove(key)
    world.put("releases", key, data)
