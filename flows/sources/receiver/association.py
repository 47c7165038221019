"""One association from its connection to its end (PS3.8 §9.2), as the acceptor."""

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from flows import log
from flows.sources.audit_message import Node
from flows.sources.receiver import negotiation
from flows.sources.receiver.commands import (
    LONGEST_COMMAND,
    Command,
    Field,
    Status,
    parse_command,
    response,
)
from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.incoming import Incoming
from flows.sources.receiver.negotiation import Context, Rejection, Request
from flows.sources.receiver.quotas import Share
from flows.sources.receiver.received import Received
from flows.sources.receiver.terms import Terms
from flows.sources.receiver.wire import Kind, Wire, unit

_FRAGMENT: Final = struct.Struct(">LBB")
_IS_COMMAND, _IS_LAST = 0b01, 0b10
_LINGER_SECONDS: Final = 2.0
#: The reasons after which the peer still listens, and is told that it ends (PS3.8 §9.3.8).
_TOLD: Final = frozenset({Reason.MALFORMED, Reason.ENDLESS, Reason.TIMED_OUT, Reason.STOPPED})
_REASONS: Final = {
    Rejection.CALLING: Reason.UNKNOWN_PEER,
    Rejection.CALLED: Reason.UNKNOWN_TITLE,
}


class Association:
    """Serves one connection, in a thread of its own."""

    def __init__(self, connection: socket.socket, address: str, terms: Terms) -> None:
        self._connection, self._address, self._terms = connection, address, terms
        self._wire: Wire | None = None
        self._incoming: Incoming | None = None
        self._received = Received(terms.audit, Node(terms.ae_title, socket.gethostname()))

    def run(self) -> None:
        """Serve until the end, however it comes; leave nothing of an unfinished object."""
        reason = Reason.FAULT
        try:
            reason = self._begin()
        except AssociationError as error:
            stopped = error.reason is Reason.CLOSED and self._terms.stopping.is_set()
            reason = Reason.STOPPED if stopped else error.reason
            self._say_the_end(reason)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it ends this association only
            log.get().error("an association failed", part="receiver", error=type(error).__name__)
        finally:
            if self._incoming:
                self._incoming.abandon()
            self._connection.close()
            self._terms.counters.ended(reason)
            self._received.tell(complete=reason is Reason.RELEASED)

    def interrupt(self) -> None:
        """Wake it if it waits between two objects; what is under way goes on."""
        if self._incoming is None:
            self._shut(socket.SHUT_RD)

    def cut(self) -> None:
        """End it at once."""
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        # Not a TLS socket's own shutdown: that would go on in plain text.
        with suppress(OSError):
            socket.socket.shutdown(self._connection, how)

    def _begin(self) -> Reason:
        terms = self._terms
        certificate = self._secure()
        wire = self._wire = Wire(self._connection, terms.negotiation_seconds)
        kind, body = wire.read()
        if kind is not Kind.ASSOCIATE_RQ:
            raise AssociationError(Reason.MALFORMED)
        request = negotiation.parse_request(body)
        rejection = self._rejection(request, certificate)
        self._received.sender = Node(request.calling, self._address)
        refused = _REASONS.get(rejection, Reason.UNSUPPORTED) if rejection else None
        refused = refused or terms.quotas.enter(request.calling)
        if refused:
            wire.send(negotiation.reject(rejection or Rejection.BUSY))
            self._linger()
            return refused
        try:
            terms.counters.opened()
            contexts = negotiation.accepted(request, terms.private)
            wire.send(negotiation.accept(request, contexts, terms.private))
            wire.patience(terms.idle_seconds)
            share = terms.quotas.share(request.calling)
            return _Conversation(self, wire, contexts, terms, share).hold()
        finally:
            terms.counters.closed()
            terms.quotas.leave(request.calling)

    def _secure(self) -> bytes | None:
        """Shake hands if there must be TLS; return the peer's certificate."""
        if self._terms.tls is None:
            return None
        try:
            self._connection.settimeout(self._terms.negotiation_seconds)
            secured = self._terms.tls.wrap_socket(self._connection, server_side=True)
        except OSError:
            raise AssociationError(Reason.NO_TLS) from None
        self._connection = secured
        return secured.getpeercert(binary_form=True)

    def _rejection(self, request: Request, certificate: bytes | None) -> Rejection | None:
        """Tell why a request is not accepted; who is not known is told nothing more."""
        if not request.version & negotiation.VERSION:
            return Rejection.VERSION
        if not self._terms.admits(request.calling, self._address, certificate):
            return Rejection.CALLING
        if request.called != self._terms.ae_title:
            return Rejection.CALLED
        if request.application != negotiation.APPLICATION:
            return Rejection.APPLICATION_CONTEXT
        return None

    def _say_the_end(self, reason: Reason) -> None:
        if self._wire and reason in _TOLD:
            malformed = reason is Reason.MALFORMED
            with suppress(AssociationError):
                self._wire.send(negotiation.abort(malformed=malformed))
                self._linger()

    def _linger(self) -> None:
        """Let the peer close first (PS3.8 §9.2, Sta13): some see the end before what came first."""
        with suppress(OSError):
            self._connection.settimeout(_LINGER_SECONDS)
            for _ in range(64):
                if not self._connection.recv(65536):
                    break

    def under_way(self, incoming: Incoming | None) -> None:
        """Note which object is under way."""
        self._incoming = incoming

    def received(self, study_uid: str) -> None:
        """Note that an object of a study is on the disk."""
        self._received.add(study_uid)


class _Conversation:
    """The messages of an accepted association (PS3.7 §6.3, PS3.8 Annex E)."""

    def __init__(
        self,
        owner: Association,
        wire: Wire,
        contexts: Mapping[int, Context],
        terms: Terms,
        share: Share,
    ) -> None:
        self._owner, self._wire, self._contexts, self._terms = owner, wire, contexts, terms
        self._share = share
        self._incoming: Incoming | None = None
        self._context = 0
        self._command: Command | None = None
        self._fragments = bytearray()

    def hold(self) -> Reason:
        """Serve messages until the peer releases or aborts."""
        while True:
            if self._incoming is None and self._terms.stopping.is_set():
                raise AssociationError(Reason.STOPPED)
            kind, body = self._wire.read()
            self._terms.bandwidth.spend(len(body))
            if kind is Kind.DATA:
                self._read(body)
            elif kind is Kind.RELEASE_RQ:
                self._wire.send(unit(Kind.RELEASE_RP, bytes(4)))
                return Reason.RELEASED
            elif kind is Kind.ABORT:
                return Reason.ABORTED
            else:
                raise AssociationError(Reason.MALFORMED)

    def _read(self, body: memoryview) -> None:
        """Walk the presentation data values of one unit (PS3.8 §9.3.5)."""
        at = 0
        while at < len(body):
            if len(body) - at < _FRAGMENT.size:
                raise AssociationError(Reason.MALFORMED)
            length, context, control = _FRAGMENT.unpack_from(body, at)
            begin, at = at + _FRAGMENT.size, at + 4 + length
            if begin > at or at > len(body) or context not in self._contexts:
                raise AssociationError(Reason.MALFORMED)
            if control & _IS_COMMAND:
                self._read_command(context, body[begin:at], last=bool(control & _IS_LAST))
            else:
                self._read_dataset(context, body[begin:at], last=bool(control & _IS_LAST))

    def _read_command(self, context: int, fragment: memoryview, *, last: bool) -> None:
        begun = bool(self._fragments)
        self._fragments += fragment
        too_long = len(self._fragments) > LONGEST_COMMAND
        if self._incoming or too_long or (begun and context != self._context):
            raise AssociationError(Reason.MALFORMED)
        self._context = context
        if last:
            command = parse_command(bytes(self._fragments))
            self._fragments.clear()
            self._act(command, context)

    def _act(self, command: Command, context: int) -> None:
        if command.field is Field.STORE and command.has_dataset:
            landing, limits, how = self._terms.landing, self._terms.limits, self._contexts[context]
            self._incoming = Incoming(landing, limits, command, how, self._share)
            self._owner.under_way(self._incoming)
            self._command = command
        elif command.has_dataset:
            raise AssociationError(Reason.MALFORMED)
        elif command.field is Field.STORE:
            self._answer(command, context, Status.NOT_UNDERSTOOD, 0)
        elif command.field is Field.ECHO:
            self._wire.send(response(command, context, Status.SUCCESS))

    def _read_dataset(self, context: int, fragment: memoryview, *, last: bool) -> None:
        incoming, command = self._incoming, self._command
        if incoming is None or command is None or context != self._context:
            raise AssociationError(Reason.MALFORMED)
        incoming.write(fragment)
        if last:
            status = incoming.end()
            self._incoming = None
            if status is Status.SUCCESS:
                self._owner.received(incoming.study_uid)
            self._terms.counters.over_quota(incoming.is_over_quota)
            self._answer(command, context, status, incoming.size)
            self._owner.under_way(None)

    def _answer(self, command: Command, context: int, status: Status, size: int) -> None:
        self._terms.counters.answered(status, size)
        self._wire.send(response(command, context, status))
