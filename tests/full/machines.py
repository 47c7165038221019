"""Several machines for tests: network namespaces where that is allowed, else processes apart.

What machines share is reached by one address: PostgreSQL, the object store, Prefect, a PACS; and
the landing by one path. Each has a folder of its own for keys, temporary files and Prefect's.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.environment import QUIET_PREFECT

ROOT = Path(__file__).parents[2]
#: Of the host on the bridge that joins the namespaces; it is told to nobody else.
BRIDGE = "10.231.77"


@dataclass(frozen=True)
class Machine:
    """One machine: how a program is started on it, and where it keeps what is its own."""

    name: str
    folder: Path
    enter: tuple[str, ...] = ()

    def start(self, words: tuple[str, ...], told: dict[str, str]) -> subprocess.Popen[bytes]:
        for name in ("tmp", "prefect"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        own = {"TMPDIR": str(self.folder / "tmp"), "PREFECT_HOME": str(self.folder / "prefect")}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*self.enter, sys.executable, "-m", *words],
                env={**base(), **told, **own},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def base() -> dict[str, str]:
    """Give the variables that every program here needs."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **QUIET_PREFECT}


@contextmanager
def forwarding(address: str, ports: list[int]) -> Iterator[None]:
    """Listen on an address too, and pass all on to the same ports of loopback.

    A process of its own does it: tests may open no socket but to loopback.
    """
    command = [sys.executable, "-m", "tests.full.machines", address, *map(str, ports)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield
        finally:
            process.kill()


async def _listen(address: str, ports: list[int]) -> None:
    servers = [await _serve(address, port) for port in ports]
    print("listening", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _serve(address: str, port: int) -> asyncio.Server:
    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(reader, inner[1]), _pipe(inner[0], writer))

    return await asyncio.start_server(met, address, port)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@contextmanager
def namespaces(folder: Path, *names: str) -> Iterator[list[Machine]]:
    """Make machines that are network namespaces on one bridge; only root may."""
    bridge = f"mm{os.getpid() % 100000}"
    made = [(name, f"{bridge}{number}") for number, name in enumerate(names)]
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", f"{BRIDGE}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, (_, space) in enumerate(made, 2):
            _ip("netns", "add", space)
            _ip("link", "add", f"{space}v", "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", f"{space}v", "master", bridge, "up")
            _ip("-n", space, "address", "add", f"{BRIDGE}.{number}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
        yield [Machine(name, folder / name, ("ip", "netns", "exec", space)) for name, space in made]
    finally:
        for _, space in made:
            _ip("netns", "delete", space, check=False)
        _ip("link", "delete", bridge, check=False)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


if __name__ == "__main__":
    asyncio.run(_listen(sys.argv[1], [int(port) for port in sys.argv[2:]]))
