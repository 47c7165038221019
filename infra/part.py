"""One program of the local stack, and what tells that it must start again."""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import infra
from infra.errors import StackError


@dataclass(frozen=True, repr=False)
class Part:
    """One program of the stack: how it starts, when it is ready, how long it may take to end."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    url: str
    ready: Callable[[float], bool]
    ports: tuple[int, ...] = ()
    start_seconds: float = 60.0
    rooms: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Digest what the part was started with; another digest means it must start again."""
        told = [self.command, dict(self.environment), str(self.directory), sources(self.rooms)]
        return digest(told)


def digest(value: object) -> str:
    """Digest any JSON value, keys in order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sources(rooms: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """List the name, size and age of every module of some rooms (they lie beside this one)."""
    root = Path(infra.__file__).parent.parent
    found = []
    for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
        with contextlib.suppress(FileNotFoundError):  # an editor's draft comes and goes
            fact = path.stat()
            found.append((str(path), fact.st_size, fact.st_mtime_ns))
    return found


def program(name: str) -> str:
    """Find a program beside the Python that runs this, so that no other version is started."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        message = f"{path} is missing. Install what the project runs on: make setup"
        raise StackError(message)
    return str(path)
