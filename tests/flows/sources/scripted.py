"""A PACS that behaves as it is told to, mostly badly: pynetdicom as SCP, in this process."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind as Find,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet as Get,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelMove as Move,
)
from pynetdicom.sop_class import Verification

from flows.sources.network.peer import Peer, Retrieve
from tests.flows.sources.peers import HOST, MG, OURS, PATIENCE, SR, with_meta
from tests.servers import free_ports

CALLED = "BADPACS"
#: What a handler gives: a status, and an identifier or an object.
Given = Iterator[Any]


@dataclass
class Scripted:
    """What the PACS does, and what it was asked.

    Attributes:
        find: Answers C-FIND, given the identifier and the event; `get` and `move` likewise.
        most: The largest number of associations at one time.
    """

    find: Callable[[Dataset, Any], Given] = lambda _identifier, _event: iter(())
    get: Callable[[Dataset, Any], Given] | None = None
    move: Callable[[Dataset, Any], Given] | None = None
    storage: Sequence[str] = (MG, SR)
    syntaxes: Sequence[str] = tuple(ALL_TRANSFER_SYNTAXES)
    set_up: Callable[[AE], None] = lambda _entity: None
    handlers: Sequence[Any] = ()
    tls: SSLContext | None = None
    questions: list[Dataset] = field(default_factory=list)
    requests: list[Dataset] = field(default_factory=list)
    port: int = 0
    most: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def peer(self, **changes: Any) -> Peer:
        values = {"retrieve": Retrieve.AUTO, "patience": PATIENCE} | changes
        return Peer(CALLED, HOST, self.port, OURS, **values)

    @contextmanager
    def running(self) -> Iterator["Scripted"]:
        entity = AE(CALLED)
        entity.add_supported_context(Verification)
        entity.add_supported_context(Find)
        for model, script in ((Get, self.get), (Move, self.move)):
            if script is not None:
                entity.add_supported_context(model)
        if self.get is not None:
            for sop_class in self.storage:
                entity.add_supported_context(
                    sop_class, list(self.syntaxes), scu_role=True, scp_role=True
                )
        self.set_up(entity)
        (self.port,) = free_ports(1)
        handlers = [
            (evt.EVT_C_FIND, self._found),
            (evt.EVT_C_GET, self._got),
            (evt.EVT_C_MOVE, self._moved),
            (evt.EVT_ESTABLISHED, self._opened),
            (evt.EVT_RELEASED, self._closed),
            (evt.EVT_ABORTED, self._closed),
            *self.handlers,
        ]
        server = entity.start_server(
            (HOST, self.port), block=False, evt_handlers=handlers, ssl_context=self.tls
        )
        try:
            yield self
        finally:
            server.shutdown()

    def _found(self, event: Any) -> Given:
        self.questions.append(event.identifier)
        yield from self.find(event.identifier, event)

    def _got(self, event: Any) -> Given:
        self.requests.append(event.identifier)
        assert self.get is not None
        yield from self.get(event.identifier, event)

    def _moved(self, event: Any) -> Given:
        self.requests.append(event.identifier)
        assert self.move is not None
        yield from self.move(event.identifier, event)

    def _opened(self, _event: Any) -> None:
        with self._lock:
            self._open += 1
            self.most = max(self.most, self._open)

    def _closed(self, _event: Any) -> None:
        with self._lock:
            self._open -= 1


def answer(**values: Any) -> tuple[int, Dataset]:
    """Give one pending answer."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return 0xFF00, ds


def objects(*datasets: Dataset, syntax: str | None = None) -> Callable[[Dataset, Any], Given]:
    """Send these objects for whatever is asked for."""

    def get(_identifier: Dataset, _event: Any) -> Given:
        yield len(datasets)
        for ds in datasets:
            yield 0xFF00, with_meta(ds, UID(syntax)) if syntax else with_meta(ds)

    return get


def archive(
    rows: Sequence[dict[str, str]],
    *,
    most: int | None = None,
    status: int = 0,
    by: Sequence[str] = ("StudyDate", "StudyTime", "ModalitiesInStudy", "AccessionNumber"),
) -> Callable[[Dataset, Any], Given]:
    """Answer from a table, by the keys that it honours, with at most so many answers."""

    def find(identifier: Dataset, _event: Any) -> Given:
        count = 0
        for row in rows:
            if all(_matches(identifier, key, row.get(key, "")) for key in by):
                count += 1
                if most is not None and count > most:
                    if status:
                        yield status, None
                    return
                yield answer(**row)

    return find


def _matches(identifier: Dataset, key: str, value: str) -> bool:
    wanted = str(identifier.get(key, "") or "")
    if not wanted:
        return True
    if key in {"StudyDate", "StudyTime"} and "-" in wanted:
        first, last = wanted.split("-")
        return (not first or value >= first) and (not last or value <= last)
    return wanted in value.split("\\")
