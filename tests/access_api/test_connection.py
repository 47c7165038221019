"""Connections of strangers: neither a head without end nor one that never comes is kept."""

import socket
from collections.abc import Iterator

import pytest

from access_api.connection import Connection
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import World

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
