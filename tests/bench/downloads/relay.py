"""The least that a door in Python can do: bytes from the store to the caller, and nothing else.

No token, no permit, no ledger, no check of the bytes, no framework. What the door costs above this
is what its promises cost; below it, no door on this event loop comes.

    python -m tests.bench.downloads.relay PORT FILE_OF_LINKS
"""

import asyncio
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from access_api.store.source import Source

END = b"\r\n\r\n"


class Relay:
    """Answers `GET /N` with the bytes of link N; anything else is empty."""

    def __init__(self, links: list[str]) -> None:
        self._links = [(link, _size(link)) for link in links]
        self._source = Source(urlsplit(links[0]).netloc, secure=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one caller until they go."""
        try:
            while True:
                head = await reader.readuntil(END)
                await self._answer(head.split(b" ", 2)[1].decode()[1:], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, number: str, writer: asyncio.StreamWriter) -> None:
        link, size = self._links[int(number)] if number.isdigit() else ("", 0)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        if not size:
            return
        async for block in self._source.read(link, 0, size):
            writer.write(block)
            await writer.drain()
            del block


def _size(link: str) -> int:
    parts = urlsplit(link)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Range": "bytes=0-0"})
    told = connection.getresponse().headers["Content-Range"]
    connection.close()
    return int(told.rpartition("/")[2])


async def _main(port: int, links: list[str]) -> None:
    server = await asyncio.start_server(Relay(links).serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]), Path(sys.argv[2]).read_text().split()))
