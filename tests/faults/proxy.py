"""A wire between two processes, for tests: it passes bytes on, or slowly, or not at all."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from tests.servers import free_ports

HOST = "127.0.0.1"
BLOCK = 1 << 16
_PAUSE = 0.05


class Wire:
    """Listens on a port of its own and passes everything on.

    Attributes:
        to: Where it goes: a port of 127.0.0.1.
        port: Where it listens.
        pace: Bytes a second and direction that pass; 0 is without limit.
        stalled: Connections stay, and nothing passes.
    """

    def __init__(self, to: int) -> None:
        self.to = to
        (self.port,) = free_ports(1)
        self.pace = 0.0
        self.stalled = False
        self._cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def open(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._connected, HOST, self.port))

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._cut = True
        self._loop.call_soon_threadsafe(self._break_all)

    def mend(self) -> None:
        """Let everything pass again; what waited goes on."""
        self._cut, self.stalled, self.pace = False, False, 0.0

    def close(self) -> None:
        """End it, and all that passes."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._break_all()

    def _break_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            if self._cut:
                return
            answers, far = await asyncio.open_connection(HOST, self.to)
            self._open.add(far)
            await asyncio.gather(self._pass(reader, far), self._pass(answers, writer))
        except OSError:
            pass
        finally:
            for one in (writer, far):
                if one is not None:
                    self._open.discard(one)
                    one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(BLOCK):
            while self.stalled:  # noqa: ASYNC110 -- another thread ends it
                await asyncio.sleep(_PAUSE)
            if self.pace:
                await asyncio.sleep(len(block) / self.pace)
            writer.write(block)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
