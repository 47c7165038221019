import asyncio
import hashlib
import threading
from collections.abc import Iterator

import pytest
from anyio import CapacityLimiter
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from access_api.errors import BrokenStreamError
from access_api.streams import BlocksResponse, exactly, in_blocks, proven


@given(st.lists(st.binary(max_size=9)), st.integers(1, 20))
def test_blocks_keep_the_bytes(chunks: list[bytes], size: int) -> None:
    blocks = list(in_blocks(iter(chunks), size))
    assert b"".join(blocks) == b"".join(chunks)
    assert all(len(block) >= size for block in blocks[:-1])
    assert all(blocks)


@given(st.lists(st.binary(min_size=1, max_size=9)), st.integers(0, 60))
def test_exactly(chunks: list[bytes], length: int) -> None:
    whole = b"".join(chunks)
    if len(whole) == length:
        assert b"".join(exactly(iter(chunks), length)) == whole
        return
    with pytest.raises(BrokenStreamError):
        list(exactly(iter(chunks), length))


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1))
def test_proven_lets_good_bytes_through_and_never_completes_others(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    good = hashlib.sha256(whole).hexdigest()
    assert b"".join(proven(iter(blocks), good)) == whole
    passed: list[bytes] = []
    with pytest.raises(BrokenStreamError):
        passed.extend(proven(iter(blocks), hashlib.sha256(whole + b"!").hexdigest()))
    assert b"".join(passed) == b"".join(blocks[:-1])


class Source:
    """Blocks that know whether they were read, where, and let go."""

    def __init__(self, count: int, *, fail_at: int = -1) -> None:
        self.count, self.fail_at = count, fail_at
        self.read, self.closed = 0, threading.Event()
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[bytes]:
        try:
            for number in range(self.count):
                self.threads.add(threading.get_ident())
                if number == self.fail_at:
                    raise BrokenStreamError
                self.read += 1
                yield bytes([number % 256]) * 10
        finally:
            self.closed.set()


def run(
    source: Source,
    *,
    leave_after: int | None = None,
    length: int | None = None,
    messages: list[Message] | None = None,
) -> list[Message]:
    """Serve a source as uvicorn does; the caller leaves after so many blocks."""
    messages = [] if messages is None else messages

    async def main() -> None:
        gone = asyncio.Event()

        async def send(message: Message) -> None:
            messages.append(message)
            if leave_after is not None and len(messages) > leave_after:
                gone.set()
            await asyncio.sleep(0)

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        response = BlocksResponse(iter(source), limiter=CapacityLimiter(2), length=length)
        await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    asyncio.run(main())
    return messages


def test_all_blocks_are_sent_and_the_source_is_closed() -> None:
    source = Source(5)
    messages = run(source)
    body = b"".join(message.get("body", b"") for message in messages)
    assert body == b"".join(bytes([number]) * 10 for number in range(5))
    assert messages[-1]["more_body"] is False
    assert source.closed.is_set()


def test_not_read_on_the_event_loop() -> None:
    source = Source(50)
    run(source)
    source.threads.discard(threading.get_ident())
    assert source.threads


def test_when_the_caller_leaves_the_source_is_closed_at_once() -> None:
    source = Source(100_000)
    run(source, leave_after=3)
    assert source.closed.is_set()
    assert source.read < 1000


def test_a_source_that_breaks_never_completes() -> None:
    source = Source(5, fail_at=3)
    with pytest.raises(BrokenStreamError):
        run(source)
    assert source.closed.is_set()


def test_a_source_that_breaks_at_once_breaks_before_the_answer() -> None:
    messages: list[Message] = []
    with pytest.raises(BrokenStreamError):
        run(Source(5, fail_at=0), messages=messages)
    assert not messages
