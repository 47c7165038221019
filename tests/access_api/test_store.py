"""Bytes that come from the store: those that were asked for, all of them, and no others."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_api.store.buffers import BLOCK, Buffers
from access_api.store.heads import read_head
from access_api.store.source import Source
from catalog.errors import NotFoundError, StorageError
from catalog.releases.mac import Mac

DATA = bytes(range(256)) * 12_000  # three blocks, the last of them short
LENGTH = len(DATA)
GOOD = f"HTTP/1.1 206 Partial Content\r\nContent-Length: {LENGTH}\r\n"
RANGE = f"Content-Range: bytes 7-{LENGTH + 6}/*\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def fetch(talk: Talk, times: int = 1) -> list[bytes]:
    """Read the same bytes a few times from a server that talks like that."""

    async def main() -> list[bytes]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        source = Source(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", secure=False)
        try:
            return [await whole(source) for _ in range(times)]
        finally:
            source.close()
            server.close()
            await asyncio.sleep(0.01)

    return asyncio.run(main())


async def whole(source: Source) -> bytes:
    got = bytearray()
    async with aclosing(source.read("http://x/key?signed", 7, LENGTH + 7)) as blocks:
        async for block in blocks:
            got += block
            del block
    return bytes(got)


def says(head: str, body: bytes = DATA, *, then_close: bool = False) -> Talk:
    """Answer each request of a connection with the same."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            assert f"range: bytes=7-{LENGTH + 6}".encode() in asked.lower()
            writer.write(head.encode() + b"\r\n" + body)
            await writer.drain()
            if then_close:
                return

    return talk


def test_all_bytes_come_and_the_connection_is_used_again() -> None:
    connections: list[int] = []
    talk = says(GOOD + RANGE)

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await talk(reader, writer)

    assert fetch(counted, 3) == [DATA] * 3
    assert len(connections) == 1


def test_a_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    assert fetch(says(GOOD + RANGE, then_close=True), 3) == [DATA] * 3


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(GOOD + RANGE, DATA[:-1], id="ends early"),
        pytest.param(GOOD + RANGE, b"", id="has no body"),
        pytest.param(GOOD, DATA, id="does not say which range"),
        pytest.param(GOOD + RANGE.replace("7-", "8-"), DATA, id="another range"),
        pytest.param(GOOD.replace("206", "200"), DATA, id="the whole instead of a range"),
        pytest.param(GOOD.replace(str(LENGTH), "12") + RANGE, DATA[:12], id="another length"),
        pytest.param(GOOD + GOOD[30:] + RANGE, DATA, id="two lengths"),
        pytest.param(GOOD + RANGE + "Transfer-Encoding: chunked\r\n", DATA, id="chunks"),
        pytest.param(GOOD + RANGE + "Content-Encoding: gzip\r\n", DATA, id="coded"),
        pytest.param("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n", b"no", id="refused"),
        pytest.param("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n", b"no", id="in trouble"),
        pytest.param("SSH-2.0-x\r\n", b"", id="no HTTP"),
        pytest.param(
            "HTTP/1.1 101 Oh\r\nUpgrade: x\r\nConnection: upgrade\r\n", b"", id="no HTTP any more"
        ),
        pytest.param("x" * 20_000, b"", id="a head without end"),
    ],
)
def test_what_was_not_asked_for_is_no_answer(head: str, body: bytes) -> None:
    with pytest.raises(StorageError):
        fetch(says(head, body, then_close=True))


def test_nothing_follows_the_bytes_that_were_asked_for() -> None:
    """What comes behind them is not taken for the next answer."""
    assert fetch(says(GOOD + RANGE, DATA + b"HTTP/1.1 200 more", then_close=True), 2) == [DATA] * 2


def test_what_comes_unasked_while_a_block_waits_is_no_end_of_the_bytes() -> None:
    async def main() -> None:
        more, cut = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write((GOOD + RANGE).encode() + b"\r\n" + DATA)
            await more.wait()
            writer.write(b"more")
            with suppress(ConnectionError):
                await reader.read()
            cut.set()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        source = Source(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", secure=False)
        async with aclosing(source.read("http://x/key?signed", 7, LENGTH + 7)) as blocks:
            assert len(await anext(blocks)) == BLOCK
            assert len(await anext(blocks)) == BLOCK  # the last is read ahead from here on
            more.set()
            await cut.wait()
            with pytest.raises(StorageError):
                await anext(blocks)
        server.close()

    asyncio.run(main())


def test_an_object_that_is_gone() -> None:
    with pytest.raises(NotFoundError):
        fetch(says("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n", b"no"))


def test_a_field_that_is_none() -> None:
    with pytest.raises(StorageError):
        read_head(b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n")


def test_a_buffer_is_used_again_when_nobody_looks_at_it_any_more() -> None:
    buffers = Buffers(kept=2)
    one = buffers.take()
    view = memoryview(one)[:10]
    buffers.give(one)
    assert buffers.take() is not one
    del view
    assert buffers.take() is one
    assert len(one) == BLOCK


@given(st.binary(min_size=1, max_size=200), st.integers(0, 199), st.integers(0, 200))
def test_a_code_knows_its_bytes_however_they_are_cut(data: bytes, where: int, cut: int) -> None:
    made = Mac()
    made.update(data)
    told = made.told()
    again, other = Mac.of(told), Mac.of(told)
    again.update(data[:cut])
    again.update(memoryview(data)[cut:])
    assert again.holds()
    changed = bytearray(data)
    changed[where % len(data)] ^= 1
    other.update(bytes(changed))
    assert not other.holds()


def test_codes_of_the_same_bytes_differ() -> None:
    assert Mac().told() != Mac().told()
    assert len(Mac().told()) == 64
