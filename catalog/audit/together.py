"""Lines that wait at the same time are written in one transaction: the disk is asked once for all.

The chain is one queue, and each transaction waits for the disk; without this, callers would wait
for one another's disk, too. Nobody is told that a line is written before it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from catalog.audit.records import AccessEvent
from catalog.errors import CatalogError

Write = Callable[[Engine, list[AccessEvent]], None]


@dataclass
class _Ticket:
    """A line that waits; whoever was taken along and is not written then writes it alone."""

    event: AccessEvent
    taken: bool = False
    written: bool = False


@dataclass
class _Queue:
    """Who waits at one database."""

    lock: Lock = field(default_factory=Lock)
    turn: Lock = field(default_factory=Lock)
    waiting: list[_Ticket] = field(default_factory=list)


_QUEUES: WeakKeyDictionary[Engine, _Queue] = WeakKeyDictionary()
_QUEUES_LOCK = Lock()


def write_together(engine: Engine, event: AccessEvent, write: Write) -> None:
    """Write a line with all that wait, or find that another has written it.

    Raises:
        CatalogError: This line is not written; another's fault is not this one's.
    """
    with _QUEUES_LOCK:
        queue = _QUEUES.setdefault(engine, _Queue())
    ticket = _Ticket(event)
    with queue.lock:
        queue.waiting.append(ticket)
    with queue.turn:
        if not ticket.taken:
            _lead(engine, queue, write)
        if not ticket.written:
            write(engine, [event])


def _lead(engine: Engine, queue: _Queue, write: Write) -> None:
    """Write what waits; if that fails, each of them writes its own and sees its own fault."""
    with queue.lock:
        batch, queue.waiting = queue.waiting, []
    for one in batch:
        one.taken = True
    try:
        write(engine, [one.event for one in batch])
    except CatalogError:
        return
    for one in batch:
        one.written = True
