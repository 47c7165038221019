"""Connections of strangers: neither a head without end nor one that never comes is kept."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from access_api.connection import Connection
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import ANNA, PERMIT_LARGE, World, log_lines

BEGUN = b"GET /health HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /applications HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LINES = b"".join(b"X-%05d: %s\r\n" % (number, b"a" * 100) for number in range(100))
PATIENCE_S = 15


class Hasty(Connection):
    head_s = 0.3


@pytest.fixture(scope="module")
def door(world: World, issuer: Issuer) -> Iterator[Running]:
    with Running(settings_for(world, issuer)) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(world: World, issuer: Issuer) -> Iterator[Running]:
    with Running(settings_for(world, issuer), http=Hasty) as running:
        yield running


def connected(door: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_S)


def is_closed(stranger: socket.socket) -> bool:
    try:
        while stranger.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (BEGUN, LINES),
        (BEGUN + b"X: ", b"a" * 10_000),
        (b"GET /", b"a" * 10_000),
        (CHUNKED + b"0\r\n", LINES),
        (CHUNKED + b"1;", b"a" * 10_000),
    ],
)
def test_what_has_no_end_is_not_kept(door: Running, begun: bytes, more: bytes) -> None:
    with connected(door) as stranger:
        stranger.sendall(begun)
        with pytest.raises(ConnectionError):
            stranger.sendall(more * 2000)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        BEGUN,
        BEGUN + b"\r\n" + BEGUN,
    ],
)
def test_a_head_that_does_not_come_is_not_waited_for(hasty: Running, said: bytes) -> None:
    with connected(hasty) as stranger:
        stranger.sendall(said)
        assert is_closed(stranger)


def test_a_body_is_longer_than_a_head_and_may_take_longer(hasty: Running) -> None:
    body = b'{"title": "%s"}' % (b"a" * 200_000)
    head = b"POST /applications HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connected(hasty) as caller:
        caller.sendall(head + body[:100_000])
        caller.settimeout(1)
        with pytest.raises(TimeoutError):
            caller.recv(1)
        caller.settimeout(PATIENCE_S)
        caller.sendall(body[100_000:])
        assert caller.recv(4096).startswith(b"HTTP/1.1 401")
        caller.sendall(BEGUN + b"\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 200")


class Careful(Connection):
    still_s = 1.0


def asking(door: Running, path: str, token: str) -> socket.socket:
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    caller.settimeout(PATIENCE_S)
    caller.connect(("127.0.0.1", door.port))
    caller.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    return caller


def test_an_answer_that_nobody_takes_ends(
    world: World, issuer: Issuer, bearer: Callable[..., dict[str, str]]
) -> None:
    member, token = world.of(PERMIT_LARGE), bearer(ANNA)["Authorization"]
    path = f"/releases/{PERMIT_LARGE}/instances/{member.sop}"
    with Running(settings_for(world, issuer), http=Careful) as door:
        with asking(door, path, token) as slow:
            got = 0
            for _ in range(15):  # twice as long as nothing may go
                got += len(slow.recv(10_000))
                time.sleep(0.2)
            while block := slow.recv(1 << 20):
                got += len(block)
                if got > len(member.data):
                    break
            assert got > len(member.data)
        with asking(door, path, token) as idle:
            time.sleep(3)
            got = 0
            with suppress(ConnectionError):
                while block := idle.recv(1 << 20):
                    got += len(block)
            assert got < len(member.data)
        assert [line["complete"] for line in log_lines(door.log.getvalue())] == [True, False]
