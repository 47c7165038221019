"""The TCP connection below an association: secured, bounded in time, and closed in every case.

pynetdicom's own socket waits without a limit in the middle of a PDU, and says of a failure only
that there was one.
"""

import errno
import socket
import ssl
from contextlib import suppress

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.transport import T_CONNECT, AddressInformation, AssociationSocket

from deid.headers.statements import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from flows.errors import SettingsError
from flows.sources.network.peer import Peer

#: No PDU may hold more: what we ask for is far less, but some PACS do not heed it (PS3.8 §D.1).
LARGEST_PDU = 1 << 24
#: Acknowledges at once what came; Linux knows it.
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
BAD_TITLE = "our AE title is not one: 1 to 16 characters without a backslash"


class Connection(AssociationSocket):
    """One connection to a PACS.

    Attributes:
        trouble: Why it does not stand.
    """

    def __init__(
        self,
        association: Association,
        address: AddressInformation,
        peer: Peer,
        secure: ssl.SSLContext | None,
    ) -> None:
        super().__init__(association, address=address)
        self._peer, self._secure = peer, secure
        self.trouble: OSError | None = None
        self._made: socket.socket | None = None

    def _create_socket(self, address: AddressInformation) -> socket.socket:  # noqa: ARG002
        """Make none yet: one is made when there is something to connect to."""
        return None  # type: ignore[return-value]  # which is what a closed one is, too

    def connect(self, primitive: T_CONNECT) -> None:
        """Connect, and tell the state machine how it went (PS3.8 §9.2)."""
        try:
            self.socket = self._connected(primitive.address)
            name = self.socket.getsockname()
            self.assoc.requestor.address_info = AddressInformation.from_tuple(name)
            self._is_connected = True
            primitive.result = "Evt2"
        except OSError as error:
            self.trouble = error
            primitive.result = "Evt17"
        finally:
            self.provider_queue.put(primitive)
            self._ready.set()

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, or what came before the end.

        Raises:
            OSError: The PACS fell silent in the middle, or announces what nobody may send.
        """
        connected = self.socket
        if connected is None or nr_bytes > LARGEST_PDU:
            raise OSError(errno.EMSGSIZE, "too large")
        data, at = bytearray(nr_bytes), 0
        view = memoryview(data)
        while at < nr_bytes:
            count = connected.recv_into(view[at:])
            if not count:
                break
            at += count
            if QUICK_ACK is not None:
                # A PACS with Nagle's algorithm would wait 40 ms for it, twice for each object.
                connected.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        view.release()
        del data[at:]
        return data

    def shut(self) -> None:
        """Close it for good."""
        self._shutdown_socket()

    def cut(self) -> None:
        """End it at once: what waits for it, in any thread, goes on."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def _shutdown_socket(self) -> None:
        """Close, also where the PACS has gone already."""
        self.cut()
        for one in (self._made, self.socket):
            if one is not None:
                one.close()

    def _connected(self, address: tuple[str, int]) -> socket.socket:
        plain = socket.create_connection(address, self._peer.patience.connect)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made = plain
            if self._secure is not None and self._peer.tls is not None:
                name = self._peer.tls.name or self._peer.host
                made = self._secure.wrap_socket(plain, server_hostname=name)
            made.settimeout(self._peer.patience.network)
            self._made = made
        except OSError:
            plain.close()
            raise
        return made


class Entity(AE):
    """We, as the PACS knows us."""

    def __init__(self, peer: Peer) -> None:
        """Take our AE title and limits of time.

        Raises:
            SettingsError: It is no AE title, or TLS cannot be set up.
        """
        try:
            super().__init__(peer.our_ae_title)
        except (TypeError, ValueError):
            raise SettingsError(BAD_TITLE) from None
        self._peer = peer
        self._connection: Connection | None = None
        self._secure = peer.tls.context() if peer.tls is not None else None
        self.implementation_class_uid = IMPLEMENTATION_CLASS
        self.implementation_version_name = IMPLEMENTATION_VERSION
        self.connection_timeout = peer.patience.connect
        self.acse_timeout = peer.patience.acse
        self.dimse_timeout = peer.patience.dimse
        self.network_timeout = None

    def _create_socket(
        self,
        assoc: Association,
        address: AddressInformation,
        tls_args: tuple[ssl.SSLContext, str] | None,  # noqa: ARG002  # pynetdicom's
    ) -> AssociationSocket:
        """Make the connection of an association."""
        self._connection = Connection(assoc, address, self._peer, self._secure)
        return self._connection

    def cut(self) -> None:
        """End the connection at once, whatever it is waiting for."""
        if self._connection is not None:
            self._connection.cut()
