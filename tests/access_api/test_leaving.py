"""What is read for a caller ends at once when the caller leaves, or may not have it any more.

Behind a store that is faster than everybody: its next block has always come already.
"""

import io
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field

import pytest
import uvicorn
from anyio import CapacityLimiter
from starlette.types import Message, Receive, Scope, Send

from access_api.connection import Connection
from access_api.door import open_door
from access_api.doorstep import open_log
from access_api.store.buffers import BLOCK, KEPT
from access_api.store.source import Source
from access_api.streams import BlocksResponse, Watch
from access_api.tokens import Caller, Role
from access_api.visits import Visit
from catalog import holds, permits
from catalog.database import writing
from catalog.errors import CatalogError, HeldError, PermitError
from catalog.holds import HoldTarget
from catalog.tables import permit as permit_table
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.world import ANNA, PERMIT_LARGE, World

SIZE = 1 << 31
CALLERS = 8
FEW = 3
"""Blocks that may be on their way when it ends."""
SOME = 64
"""The same, while a thread's answer comes to the event loop."""


class Store:
    """Sends zeros without end, or stalls after so many; counts who is connected."""

    def __init__(self, stops_after: int = SIZE) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.stops_after = stops_after
        self.connected = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                there, _ = self.socket.accept()
            except OSError:
                return
            self.connected += 1
            threading.Thread(target=self._talk, args=(there,), daemon=True).start()

    def _talk(self, there: socket.socket) -> None:
        head = f"HTTP/1.1 206 x\r\nContent-Length: {SIZE}\r\nContent-Range: bytes 0-{SIZE - 1}/*"
        zeros, sent = bytes(BLOCK), 0
        try:
            there.recv(4096)
            there.sendall(f"{head}\r\n\r\n".encode())
            while sent < self.stops_after:
                there.sendall(zeros)
                sent += BLOCK
            there.recv(1)
        except OSError:
            pass
        finally:
            there.close()
            self.connected -= 1


@dataclass
class Reading:
    """What was read for one caller."""

    blocks: int = 0
    known: int = -1
    """How many when it was known that the caller must have no more."""
    error: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class Relay:
    """An application that answers every request with what the store sends."""

    def __init__(self, store: Store, ask: Callable[[], object] | None = None) -> None:
        self.source = Source(store.address, secure=False)
        self.ask, self.readings = ask, list[Reading]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mine = Reading()
        self.readings.append(mine)

        async def leaving() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                mine.known = mine.blocks
            return message

        def asked() -> None:
            try:
                assert self.ask is not None
                self.ask()
            except CatalogError:
                mine.known = mine.blocks
                raise

        answer = BlocksResponse(
            self._read(mine),
            limiter=CapacityLimiter(1),
            length=SIZE,
            headers={"Content-Length": str(SIZE)},
            watch=Watch(asked, 0.1, CapacityLimiter(1)) if self.ask else None,
        )
        try:
            await answer(scope, leaving, send)
        except CatalogError as error:
            mine.error = type(error).__name__
            raise
        finally:
            mine.over.set()

    async def _read(self, mine: Reading) -> AsyncGenerator[memoryview]:
        async with aclosing(self.source.read("http://x/key?signed", 0, SIZE)) as blocks:
            async for block in blocks:
                mine.blocks += 1
                yield block
                del block


@contextmanager
def serving(relay: Relay) -> Iterator[int]:
    config = uvicorn.Config(relay, port=0, http=Connection, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


def take(port: int, size: int) -> socket.socket:
    """Ask, and read so many bytes as fast as they come."""
    caller = socket.create_connection(("127.0.0.1", port), timeout=20)
    caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    while size > 0 and (got := len(caller.recv(1 << 18))):
        size -= got
    return caller


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@pytest.mark.parametrize("stops_after", [SIZE, 4 * BLOCK], ids=["fast", "stalled"])
def test_nothing_more_is_read_for_who_has_left(stops_after: int) -> None:
    store = Store(stops_after)
    relay = Relay(store)
    with serving(relay) as port:
        for _ in range(CALLERS):
            take(port, 2 * BLOCK).close()
            assert relay.readings[-1].over.wait(10)
        assert all(0 <= one.blocks - one.known <= FEW for one in relay.readings)
        assert until(lambda: store.connected == 0)
    assert len(relay.source._buffers._kept) <= min(KEPT, 3 * CALLERS)
    store.socket.close()


@pytest.mark.parametrize("error", [PermitError, HeldError])
def test_a_fast_reader_is_cut_off_as_soon_as_it_is_asked(
    world: World, issuer: Issuer, error: type[CatalogError]
) -> None:
    store, uid = Store(), world.of(PERMIT_LARGE).sop
    settings = settings_for(world, issuer)
    with open_door(settings, open_log(io.StringIO())) as door:
        visit = Visit(door, Caller(ANNA, frozenset({Role.RESEARCHER})), PERMIT_LARGE)
        cut_off(world, store, Relay(store, lambda: visit.find(uid)), error)


def cut_off(world: World, store: Store, relay: Relay, error: type[CatalogError]) -> None:
    with serving(relay) as port:
        with take(port, 2 * BLOCK) as caller, taken_away(world, error), suppress(ConnectionError):
            while caller.recv(1 << 20):
                pass
        assert relay.readings[0].over.wait(10)
        assert relay.readings[0].error == error.__name__
        assert relay.readings[0].blocks - relay.readings[0].known <= SOME
        assert until(lambda: store.connected == 0)
    store.socket.close()


@contextmanager
def taken_away(world: World, error: type[CatalogError]) -> Iterator[None]:
    if error is HeldError:
        image = HoldTarget(HoldScope.STUDY, "2.25.94")
        number = holds.place(world.engine, HoldKind.RECALLED, image, reason="x", who="operator")
        try:
            yield
        finally:
            holds.lift(world.engine, number, who="operator")
        return
    permits.revoke(world.engine, PERMIT_LARGE, who="officer", reason="r")
    try:
        yield
    finally:
        with writing(world.engine) as connection:  # which nothing but a test may do
            mine = permit_table.c.id == PERMIT_LARGE
            connection.execute(permit_table.update().where(mine).values(revoked_at=None))
