"""What every association of one receiver goes by."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from flows.sources.limits import Bandwidth
from flows.sources.receiver.counters import Counters
from flows.sources.receiver.incoming import ObjectLimits

if TYPE_CHECKING:
    from flows.sources.auditing import Audit
    from flows.sources.landing import Landing
    from flows.sources.receiver.quotas import Quotas

#: Asked with a calling AE title, an address and a certificate (DER), if there was one.
Admits = Callable[[str, str, bytes | None], bool]


@dataclass(frozen=True, repr=False)
class Terms:
    """What every association of one receiver goes by.

    Attributes:
        ae_title: What a peer must call us.
        admits: Tells who may send.
        landing: Where objects go.
        limits: What one object may take.
        quotas: How many associations may be open, and how much of all one peer may take.
        bandwidth: Shared by all of them.
        idle_seconds: How long nothing may come.
        negotiation_seconds: How long an association may take to begin (ARTIM, PS3.8 §9.1.5).
        private: Storage classes of makers that are taken, besides those of the standard.
        audit: Is told which studies were received.
        tls: Who must present which certificate; None without TLS.
        counters: What is counted.
        stopping: Set when no object may begin any more.
    """

    ae_title: str
    admits: Admits
    landing: "Landing"
    limits: ObjectLimits
    quotas: "Quotas"
    bandwidth: Bandwidth
    idle_seconds: float = 120.0
    negotiation_seconds: float = 15.0
    private: tuple[str, ...] = ()
    audit: "Audit | None" = None
    tls: ssl.SSLContext | None = None
    counters: Counters = field(default_factory=Counters)
    stopping: Event = field(default_factory=Event)
