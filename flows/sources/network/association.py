"""An association with a PACS: opened, or refused in words; never more of them than allowed."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

from flows.errors import FlowsError, NotOfferedError, StoppedError
from flows.sources.network.connection import Connection, Entity
from flows.sources.network.conversation import Conversation, cut, shut
from flows.sources.network.peer import MAX_PDU, Peer
from flows.sources.network.telling import connection_trouble, rejection, resolve, unanswered
from flows.sources.source import Stop

STOPPED = "stopped before the PACS had answered in full"
NOTHING_ACCEPTED = (
    "the PACS accepts an association with us, but nothing of what we ask for in it: "
    "ask for query and retrieve rights (Study Root) for our AE title"
)


@contextmanager
def associated(
    peer: Peer,
    contexts: Sequence[PresentationContext],
    stop: Stop,
    *,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    handlers: Sequence[tuple[Any, Any]] = (),
) -> Iterator[tuple[Association, Conversation]]:
    """Open an association, and release it on the way out; abort it if there is an error.

    Raises:
        SourceRefusedError: The PACS refuses us, and will until something is changed.
        NotOfferedError: It offers none of the contexts.
        SourceAwayError: It cannot be reached now.
        SettingsError: Our side of TLS, or an AE title, cannot be used.
        StoppedError: We were told to stop before a place was free.
    """
    quiet()
    with _place(peer, stop):
        association = _open(peer, contexts, roles, handlers)
        conversation = Conversation(association, peer.patience, stop)
        association.dimse = conversation
        try:
            yield association, conversation
            if association.is_established:
                association.release()
        finally:
            if association.is_established:
                conversation.break_off()
            shut(association)
            for arrival in conversation.unsettled:
                arrival.forget()


def quiet() -> None:
    """Keep pynetdicom from writing what it sees: its log quotes data sets and AE titles."""
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False


@cache
def _places(_of: tuple[str, int, str], count: int) -> threading.BoundedSemaphore:
    """Give the places of one PACS: one semaphore for the whole process."""
    return threading.BoundedSemaphore(count)


@contextmanager
def _place(peer: Peer, stop: Stop) -> Iterator[None]:
    places = _places((peer.host, peer.port, peer.ae_title), max(1, peer.associations))
    while not places.acquire(timeout=0.25):
        if stop.reason():
            raise StoppedError(STOPPED)
    try:
        yield
    finally:
        places.release()


def _open(
    peer: Peer,
    contexts: Sequence[PresentationContext],
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation],
    handlers: Sequence[tuple[Any, Any]],
) -> Association:
    entity, address = Entity(peer), resolve(peer)
    began = time.monotonic()
    with _cut_after(entity, peer.patience.connect + peer.patience.acse + 2):
        association = entity.associate(
            address,
            peer.port,
            contexts=list(contexts),
            ae_title=peer.ae_title,
            max_pdu=MAX_PDU,
            ext_neg=list(roles),
            evt_handlers=list(handlers),
        )
    if association.is_established:
        return association
    cut(association)
    with suppress(Exception):
        association.kill()
    shut(association)
    raise _why(association, peer, late=time.monotonic() - began >= peer.patience.acse)


@contextmanager
def _cut_after(entity: Entity, seconds: float) -> Iterator[None]:
    """Cut a connection over which no association comes: a PACS may send it byte by byte."""
    timer = threading.Timer(seconds, entity.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _why(association: Association, peer: Peer, *, late: bool) -> FlowsError:
    """Say why there is no association."""
    answer, connection = association.acceptor.primitive, association.dul.socket
    if association.is_rejected and answer is not None:
        return rejection(int(answer.result_source or 0), int(answer.diagnostic or 0))
    if answer is not None and answer.result == 0:
        return NotOfferedError(NOTHING_ACCEPTED)
    if isinstance(connection, Connection) and connection.trouble is not None:
        return connection_trouble(connection.trouble)
    return unanswered(peer, timed_out=late)
