"""One block of loopback ports, every one derived from its base."""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from infra.errors import PortTakenError, StackError

HOST = "127.0.0.1"
VARIABLE = "MAMMO_PORT_BASE"
DEFAULT_BASE = 21800
BLOCK = 20
LOWEST, HIGHEST = 1024, 65535 - BLOCK


@dataclass(frozen=True)
class Ports:
    """The ports of one local stack: what people open first, the inside of the store last."""

    base: int = DEFAULT_BASE

    def __post_init__(self) -> None:
        """Refuse a block that does not fit, naming the variable that sets it."""
        if not LOWEST <= self.base <= HIGHEST:
            message = f"{VARIABLE} must lie between {LOWEST} and {HIGHEST}, not {self.base}."
            raise StackError(message)

    @classmethod
    def chosen(cls, environ: Mapping[str, str], remembered: int | None = None) -> Self:
        """Take the base from the environment, else the one this state ran on, else the default."""
        text = environ.get(VARIABLE, "")
        if not text:
            return cls(remembered or DEFAULT_BASE)
        if not text.isdecimal():
            message = f"{VARIABLE} must be a number between {LOWEST} and {HIGHEST}, not {text!r}."
            raise StackError(message)
        return cls(int(text))

    @property
    def api(self) -> int:
        """Port of the door."""
        return self.base

    @property
    def prefect(self) -> int:
        """Port of the Prefect API and its pages."""
        return self.base + 1

    @property
    def s3(self) -> int:
        """Port of the object store."""
        return self.base + 2

    @property
    def receiver(self) -> int:
        """Port that a PACS pushes to, where the state directory says which may."""
        return self.base + 3

    @property
    def console(self) -> int:
        """Port of the region's console."""
        return self.base + 4

    @property
    def intake(self) -> int:
        """Port that regions deliver to, where region and hub run apart."""
        return self.base + 5

    @property
    def inside(self) -> tuple[int, ...]:
        """Nine ports that the object store's own parts talk on."""
        return tuple(range(self.base + 10, self.base + 19))


def taken(ports: Iterable[int]) -> tuple[int, ...]:
    """Return those of the ports that something on this machine already listens on."""
    return tuple(port for port in ports if not _free(port))


def require_free(part: str, ports: Iterable[int], base: int) -> None:
    """Raise PortTakenError with the way out if a part cannot have one of its ports."""
    for port in taken(ports):
        message = (
            f"Port {port} on {HOST} is taken by another program, and {part} needs it. "
            f"Stop that program, or use other ports: {VARIABLE}={_other_base(base)} make demo"
        )
        raise PortTakenError(message)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


def _other_base(base: int) -> int:
    for candidate in range(23000, HIGHEST, 1000):
        if abs(candidate - base) >= BLOCK and not taken(range(candidate, candidate + BLOCK)):
            return candidate
    return HIGHEST
