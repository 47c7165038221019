"""Accepts connections and gives each a thread, as many as may be."""

import socket
import time
from contextlib import suppress
from threading import Lock, Thread
from typing import Final

from flows.errors import SettingsError
from flows.sources.receiver.association import Association
from flows.sources.receiver.errors import Reason
from flows.sources.receiver.terms import Terms

_BACKLOG: Final = 128
_PAUSE: Final = 0.05


class Receiver:
    """A Storage SCP that listens.

    Args:
        terms: What its associations go by.
        host: Address to listen on.
        port: Port to listen on; 0 is any that is free.
        connections: Most connections at once, those that only begin included; more are closed
            unheard.

    Raises:
        SettingsError: It cannot listen there.
    """

    def __init__(self, terms: Terms, host: str, port: int, *, connections: int) -> None:
        self._terms, self._most = terms, connections
        self._lock = Lock()
        self._served: dict[Association, Thread] = {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError:
            message = (
                "MAMMO_RECEIVER_HOST and MAMMO_RECEIVER_PORT: the receiver cannot listen there"
            )
            raise SettingsError(message) from None
        self._accepting = Thread(target=self._accept, name="accept", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Begin to accept; returns at once."""
        self._accepting.start()

    def stop(self, seconds: float) -> None:
        """End: objects under way may be finished for so many seconds, then all are cut off."""
        self._terms.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        until = time.monotonic() + seconds
        while (left := self._left()) and time.monotonic() < until:
            for association in left:
                association.interrupt()
            time.sleep(_PAUSE)
        left = self._left()
        for association in left:
            association.cut()
        for thread in left.values():
            thread.join(timeout=seconds + 1)

    def _left(self) -> dict[Association, Thread]:
        with self._lock:
            return dict(self._served)

    def _accept(self) -> None:
        while not self._terms.stopping.is_set():
            try:
                connection, address = self._listener.accept()
            except OSError:  # no descriptors left, or stopped
                time.sleep(_PAUSE)
                continue
            self._serve(connection, str(address[0]))

    def _serve(self, connection: socket.socket, address: str) -> None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        association = Association(connection, address, self._terms)
        thread = Thread(target=self._run, args=(association,), daemon=True)
        with self._lock:
            crowded = len(self._served) >= self._most
            if not crowded:
                self._served[association] = thread
        if crowded:
            connection.close()
            self._terms.counters.ended(Reason.CROWDED)
            return
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            connection.close()
            self._gone(association)

    def _run(self, association: Association) -> None:
        try:
            association.run()
        finally:
            self._gone(association)

    def _gone(self, association: Association) -> None:
        with self._lock:
            self._served.pop(association, None)
