"""Who a PACS is, how we reach it, and how much of it we may take."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from flows.errors import SettingsError

#: What we are ready to receive in one P-DATA PDU, PS3.8 §D.1; larger did not prove faster.
MAX_PDU = 131072


class Retrieve(StrEnum):
    """How studies come. `AUTO` uses C-GET where the PACS accepts it, else C-MOVE."""

    MOVE = "move"
    GET = "get"
    AUTO = "auto"


@dataclass(frozen=True)
class Tls:
    """Files of a mutual TLS connection, PS3.15 §B; TLS 1.2 or newer.

    Attributes:
        ca: Certificates of who signed the PACS's own.
        certificate: Ours with its `key`, where the PACS wants to see one.
        name: The name that the PACS's certificate bears, where it is not the host's.
    """

    ca: Path
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""

    def context(self) -> ssl.SSLContext:
        """Build what a connection is secured with.

        Raises:
            SettingsError: A file is missing, or does not hold what it should.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cafile=self.ca)
        except OSError:
            message = "the file of the PACS's certificate authority cannot be used"
            raise SettingsError(message) from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError:
                message = "our certificate or its key cannot be used"
                raise SettingsError(message) from None
        return context


@dataclass(frozen=True)
class Patience:
    """How long we wait, in seconds.

    Attributes:
        connect: For the TCP connection and TLS.
        acse: For the answer to our request of an association.
        dimse: Without any byte from the PACS in the middle of an operation.
        network: In the middle of one PDU.
        stalled: For a retrieval in which nothing moves, although the PACS still speaks.
        study: For one retrieval as a whole.
        cancel: For the PACS's answer to C-CANCEL, before the association is aborted.
    """

    connect: float = 10
    acse: float = 30
    dimse: float = 120
    network: float = 60
    stalled: float = 900
    study: float = 4 * 3600
    cancel: float = 10


@dataclass(frozen=True)
class Peer:
    """One PACS.

    Attributes:
        ae_title: The PACS's application entity title; `our_ae_title` is the one it knows us by,
            and where C-MOVE sends to.
        associations: Most associations that this process has with it at any time.
        most_answers: How many answers the PACS gives at most, where its administrator knows;
            0 for no limit. None suspects every round number of answers.
    """

    ae_title: str
    host: str
    port: int
    our_ae_title: str
    retrieve: Retrieve = Retrieve.AUTO
    tls: Tls | None = None
    associations: int = 2
    patience: Patience = field(default_factory=Patience)
    most_answers: int | None = None


class Watch(Protocol):
    """Sees how the PACS bears us: the circuit breaker."""

    def note(self, seconds: float) -> None:
        """Note how long one answer took."""
        ...

    def failed(self) -> None:
        """Note that it did not answer."""
        ...


class Spending(Protocol):
    """Holds the bandwidth down."""

    def spend(self, count: int, /) -> None:
        """Account for received bytes; waits where there were too many."""
        ...
