"""The receiver as a program: its settings, its end on SIGTERM, and its counts."""

import signal
import ssl
import time
from contextlib import suppress
from ipaddress import ip_address
from threading import Event
from types import FrameType
from typing import Final

from pydantic import ValidationError

from flows import log
from flows.errors import SettingsError
from flows.sources.auditing import activity, trail
from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth
from flows.sources.pushes import STATUS_FILE
from flows.sources.receiver.counters import write_status
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.peers import PeersFile
from flows.sources.receiver.quotas import Allowance, Quotas
from flows.sources.receiver.server import Receiver
from flows.sources.receiver.settings import ReceiverSettings
from flows.sources.receiver.terms import Terms

#: Connections beside the associations: those that begin, and those that are told there are enough.
_BEGINNING: Final = 32


def run(settings: ReceiverSettings) -> None:
    """Receive until SIGTERM or SIGINT; then let objects under way be finished.

    Raises:
        SettingsError: A setting, the peers file or a certificate is missing or wrong.
        OSError: The landing cannot be used.
    """
    log.configure()
    peers = PeersFile(settings.peers)
    terms = terms_of(settings, peers)
    terms.landing.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    swept = terms.landing.sweep()
    told = _Told()
    told.listen()
    receiver = Receiver(
        terms, settings.host, settings.port, connections=settings.associations + _BEGINNING
    )
    receiver.start()
    _say_begun(settings, swept)
    status = _Status(terms, settings, receiver.port, peers)
    with activity(terms.audit, settings.ae_title):
        status.write()
        while not told.to_end.wait(settings.status_seconds):
            _look_again(peers, anyway=told.was_told_to_read())
            status.write()
        receiver.stop(settings.stop_seconds)
        status.write(is_running=False)


def settings_of() -> ReceiverSettings:
    """Read the settings from the environment.

    Raises:
        SettingsError: A variable is missing or wrong; it is named, its value is not.
    """
    try:
        return ReceiverSettings()
    except ValidationError as error:
        names = sorted({f"MAMMO_RECEIVER_{one['loc'][0]}".upper() for one in error.errors()})
        message = f"missing or wrong: {', '.join(names)}"
        raise SettingsError(message) from None


def terms_of(settings: ReceiverSettings, peers: PeersFile) -> Terms:
    """Put together what associations go by.

    Raises:
        SettingsError: A certificate is missing or wrong.
    """
    landing = Landing(settings.landing)
    most = settings.associations
    each = max(1, most // 4) if settings.peer_associations is None else settings.peer_associations
    usual = Allowance(each, settings.peer_bytes)
    return Terms(
        ae_title=settings.ae_title,
        admits=peers.admits,
        landing=landing,
        limits=ObjectLimits(settings.object_bytes, settings.object_seconds, settings.room_bytes),
        quotas=Quotas(landing, most, lambda calling: peers.allowance(calling, usual)),
        bandwidth=Bandwidth(settings.bytes_per_second),
        idle_seconds=settings.idle_seconds,
        negotiation_seconds=settings.negotiation_seconds,
        private=settings.private_classes,
        audit=trail(settings.landing),
        tls=_tls(settings),
    )


def _tls(settings: ReceiverSettings) -> ssl.SSLContext | None:
    """Make mutual TLS, 1.2 or later (PS3.15 §B.12), of the three files; None if none is given."""
    files = (settings.tls_certificate, settings.tls_private_key, settings.tls_ca)
    if not any(files):
        return None
    if not all(files):
        message = "MAMMO_RECEIVER_TLS_CERTIFICATE, …_PRIVATE_KEY and …_CA: set all three, or none"
        raise SettingsError(message)
    certificate, key, authority = (str(one) for one in files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authority)
    except OSError:
        message = "the MAMMO_RECEIVER_TLS_… files are missing, or do not belong together"
        raise SettingsError(message) from None
    return context


def _say_begun(settings: ReceiverSettings, swept: int) -> None:
    log.get().info("the receiver listens", part="receiver", count=swept)
    with suppress(ValueError):
        if not ip_address(settings.host).is_loopback and not settings.tls_certificate:
            log.get().warning("the receiver listens without TLS", part="receiver")


class _Told:
    """What the system tells this process: to end (SIGTERM, SIGINT), or to read again (SIGHUP)."""

    def __init__(self) -> None:
        self.to_end = Event()
        self._to_read = False

    def listen(self) -> None:
        """Listen from now on."""
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, self._end)
        signal.signal(signal.SIGHUP, self._read)

    def was_told_to_read(self) -> bool:
        """Tell whether it was told to read again since it was last asked."""
        told, self._to_read = self._to_read, False
        return told

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self.to_end.set()

    def _read(self, _signal: int, _frame: FrameType | None) -> None:
        self._to_read = True


def _look_again(peers: PeersFile, *, anyway: bool) -> None:
    """Read the peers file again if it has changed; one that is wrong now changes nothing."""
    try:
        if peers.look(anyway=anyway):
            log.get().info("the peers file was read again", part="receiver")
    except SettingsError as error:
        log.get().error("the peers file counts as it was", part="receiver", reason=str(error))


class _Status:
    """Writes the status file, and a line of the log where the counts have changed."""

    def __init__(
        self, terms: Terms, settings: ReceiverSettings, port: int, peers: PeersFile
    ) -> None:
        self._terms, self._port, self._peers = terms, port, peers
        self._path = settings.landing / STATUS_FILE
        self._said = terms.counters.told()

    def write(self, *, is_running: bool = True) -> None:
        told = self._terms.counters.told()
        facts = {"running": is_running, "port": self._port, "written": int(time.time())}
        facts["peers_current"] = self._peers.is_current
        with suppress(OSError):  # a full disk ends no association
            write_status(self._path, {**told, **facts, "room": self._terms.landing.room()})
        if told != self._said:
            counts = {**told["answers"], **told["ends"]}
            log.get().info("received", part="receiver", bytes=told["bytes"], counts=counts)
            self._said = told
        if not is_running:
            log.get().info("the receiver ended", part="receiver")
