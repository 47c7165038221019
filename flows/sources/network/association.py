"""An association with a PACS: opened, or refused in words; never more of them than allowed."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

from deid.headers.statements import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from flows.errors import FlowsError, NotOfferedError, SettingsError, StoppedError
from flows.sources.network.conversation import Conversation, cut
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
    address = resolve(peer)
    opened: list[Association] = []

    def connected(event: Any) -> None:  # noqa: ANN401  # pynetdicom's event has no type
        # Without a limit, a PACS that sends half a PDU would hold its thread for ever.
        event.assoc.dul.socket.socket.settimeout(peer.patience.network)
        opened.append(event.assoc)

    entity = _entity(peer)
    limit = peer.patience.connect + peer.patience.acse + 2
    cutter = threading.Timer(limit, _cut, (opened,))
    cutter.daemon = True
    cutter.start()
    began = time.monotonic()
    try:
        association = entity.associate(
            address,
            peer.port,
            contexts=list(contexts),
            ae_title=peer.ae_title,
            max_pdu=MAX_PDU,
            ext_neg=list(roles),
            tls_args=(peer.tls.context(), peer.tls.name or peer.host) if peer.tls else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, connected), *handlers],
        )
    finally:
        cutter.cancel()
    if association.is_established:
        return association
    cut(association)
    with suppress(Exception):
        association.kill()
    raise _why(association, peer, address, timed_out=_late(began, peer) if opened else None)


def _cut(associations: list[Association]) -> None:
    for association in associations:
        cut(association)


def _late(began: float, peer: Peer) -> bool:
    return time.monotonic() - began >= peer.patience.acse


def _why(
    association: Association, peer: Peer, address: str, *, timed_out: bool | None
) -> FlowsError:
    """Say why there is no association; `timed_out` is None if there was no connection."""
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return rejection(int(answer.result_source or 0), int(answer.diagnostic or 0))
    if answer is not None and answer.result == 0:
        return NotOfferedError(NOTHING_ACCEPTED)
    if timed_out is None:
        return connection_trouble(peer, address)
    return unanswered(peer, timed_out=timed_out)


def _entity(peer: Peer) -> AE:
    try:
        entity = AE(peer.our_ae_title)
    except (TypeError, ValueError):
        message = "our AE title is not one: 1 to 16 characters without a backslash"
        raise SettingsError(message) from None
    patience = peer.patience
    entity.implementation_class_uid = IMPLEMENTATION_CLASS
    entity.implementation_version_name = IMPLEMENTATION_VERSION
    entity.connection_timeout = patience.connect
    entity.acse_timeout = patience.acse
    entity.dimse_timeout = patience.dimse
    entity.network_timeout = None
    return entity
