"""What a PACS's refusals mean, in words that an administrator can act on; never with a value."""

import socket
import ssl
from collections.abc import Mapping

from flows.errors import FlowsError, SourceAwayError, SourceRefusedError
from flows.sources.network.peer import Peer

#: PS3.8 Table 9-21, by source and reason. True: it may pass by itself.
REJECTIONS: Mapping[tuple[int, int], tuple[bool, str]] = {
    (1, 1): (False, "the PACS rejects us: ask whether our AE title and address are known there"),
    (1, 2): (False, "the PACS does not know the DICOM application context: is it a PACS?"),
    (1, 3): (False, "the PACS does not know our AE title: enter it there, exactly as it is here"),
    (1, 7): (False, "the PACS goes by another AE title than the one entered here: correct it"),
    (2, 1): (False, "the PACS's network service rejects us: ask whether our address is known"),
    (2, 2): (False, "the PACS does not speak our version of the DICOM protocol"),
    (3, 1): (True, "the PACS is busy (temporary congestion)"),
    (3, 2): (True, "the PACS has as many associations as it allows: ask for more, or use fewer"),
}  # fmt: skip

#: PS3.4 Tables C.4-1, C.4-2 and C.4-3, PS3.7 Annex C: what an administrator can do.
STATUSES: Mapping[int, str] = {
    0x0117: "the PACS does not know the object",
    0x0122: "the PACS does not support this kind of question or retrieval",
    0x0124: "the PACS does not authorise us: ask for query and retrieve rights for our AE title",
    0x0211: "the PACS does not support this operation",
    0xA701: "the PACS has no room to count what matches",
    0xA702: "the PACS cannot perform the sub-operations: can it reach our receiver's address and "
            "port, and is the receiver running?",
    0xA801: "the PACS does not know our AE title as a destination of C-MOVE: enter our AE title, "
            "address and port there",
}  # fmt: skip
#: By the first two digits of a status, or the first.
GROUPS: Mapping[int, str] = {
    0xA7: "the PACS is out of resources",
    0xA9: "the PACS does not accept this form of question",
    0xC: "the PACS could not process it and does not say why: its own log does",
}


def status_told(status: int) -> str:
    """Say what a failing status means, with its number."""
    known = STATUSES.get(status) or GROUPS.get(status >> 8) or GROUPS.get(status >> 12)
    return f"{known or 'the PACS failed'} (status {status:04X})"


def rejection(source: int, reason: int) -> FlowsError:
    """Give the error of a rejected association."""
    passing, told = REJECTIONS.get((source, reason), (False, "the PACS rejects our association"))
    message = f"{told} (rejected by source {source}, reason {reason})"
    return SourceAwayError(message) if passing else SourceRefusedError(message)


def resolve(peer: Peer) -> str:
    """Return the address of a PACS.

    Raises:
        SourceAwayError: No name server knows its name.
    """
    try:
        found = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    except OSError:
        message = "the PACS's host name is not known here: check its spelling and the name server"
        raise SourceAwayError(message) from None
    return str(found[0][4][0])


#: What an attempt to connect ends in, the narrower first.
TROUBLES: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionRefusedError, "nothing listens on the PACS's port: is it the right one?"),
    (TimeoutError, "the PACS's address does not answer: a firewall may be in between"),
    (ConnectionResetError, "the PACS's port closes at once: is it the right one, or behind TLS?"),
    (OSError, "the PACS's address cannot be reached from here"),
)  # fmt: skip


def connection_trouble(error: OSError) -> FlowsError:
    """Say at which step a connection failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"the PACS's certificate is not accepted: {error.verify_message or 'not valid'}"
        return SourceRefusedError(told)
    if isinstance(error, ssl.SSLError):
        why = (error.reason or "no reason given").lower().replace("_", " ")
        told = f"TLS fails ({why}): does the PACS speak TLS here, and accept our certificate?"
        return SourceRefusedError(told)
    return SourceAwayError(next(told for kind, told in TROUBLES if isinstance(error, kind)))


def unanswered(peer: Peer, *, timed_out: bool) -> FlowsError:
    """Give the error of a connection that stands, but brought no association."""
    if timed_out:
        return SourceAwayError("the PACS accepts the connection, but not an association in time: "
                               "is it TLS that it waits for, or another service?")  # fmt: skip
    hint = "is our certificate accepted there?" if peer.tls else "does it want TLS?"
    return SourceAwayError(f"the PACS closes the connection when we ask for an association: {hint}")
