"""Audit messages: what they hold, and that the region's log gets every one of them."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydicom.sr._concepts_dict import concepts

from flows.errors import FlowsError
from flows.sources.audit_message import (
    AuditMessage,
    Code,
    Node,
    application_activity,
    as_xml,
    begin_transferring,
    query_asked,
    security_alert,
    transferred,
)
from flows.sources.audit_trail import AuditTrail, Log, framed
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Tls
from flows.sources.source import Query
from tests.flows.sources.certificates import Certificates
from tests.flows.sources.peers import HOST, Folder, Go, image, uid
from tests.flows.sources.scripted import Scripted, objects
from tests.servers import free_ports

PACS, OURS = Node("PACS", "10.1.2.3"), Node("MAMDATA", "landing.example")
MESSAGES = (
    query_asked(PACS, OURS),
    begin_transferring(PACS, OURS, uid(1), ours=OURS),
    transferred(PACS, OURS, uid(1), complete=False, instances=4),
    application_activity(OURS, started=True),
    security_alert(OURS, Node("STRANGER\x07<&>", "10.9.9.9")),
)


class Server:
    """A log that listens for syslog over TLS, and keeps what it reads."""

    def __init__(self, made: Certificates, port: int, *, hang_up: bool = False) -> None:
        self.frames: list[bytes] = []
        self._made, self._port, self._hang_up = made, port, hang_up

    @contextmanager
    def running(self) -> Iterator["Server"]:
        context = self._made.server()
        with socket.create_server((HOST, self._port)) as server:
            thread = threading.Thread(target=self._serve, args=(server, context))
            thread.start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, server: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as secure:
                self._take(secure)

    def _take(self, secure: ssl.SSLSocket) -> None:
        if self._hang_up:
            secure.recv(10)
            secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        got = b""
        while block := secure.recv(65536):
            got += block
        while got:
            length, _, rest = got.partition(b" ")
            self.frames.append(rest[: int(length)])
            got = rest[int(length) :]
        with suppress(OSError):
            secure.unwrap()


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def eventually(trail: AuditTrail, left: int = 0) -> None:
    until = time.monotonic() + 20
    while trail.waiting() > left and time.monotonic() < until:
        time.sleep(0.05)
    assert trail.waiting() == left


def test_codes_are_those_of_the_standard() -> None:
    meanings = {
        code: meaning for by in concepts["DCM"].values() for code, (meaning, _) in by.items()
    }
    for code in Code:
        assert meanings[code.value[0]] == code.value[1], code


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_of_the_schema(message: AuditMessage) -> None:
    root = ET.fromstring(as_xml(message))
    order = ["EventIdentification", "ActiveParticipant", "AuditSourceIdentification",
             "ParticipantObjectIdentification"]  # fmt: skip
    places = [order.index(child.tag) for child in root]
    assert places == sorted(places)
    assert {0, 1, 2} <= set(places)
    assert places.count(0) == places.count(2) == 1
    event = root[0]
    assert set(event.attrib) == {"EventActionCode", "EventDateTime", "EventOutcomeIndicator"}
    for coded in root.iter():
        if "csd-code" in coded.attrib:
            assert set(coded.attrib) == {"csd-code", "codeSystemName", "originalText"}
    for one in root.iter("ActiveParticipant"):
        assert {"UserID", "UserIsRequestor"} <= set(one.attrib)
    assert "true" in {one.get("UserIsRequestor") for one in root.iter("ActiveParticipant")} or (
        message.event is Code.APPLICATION_ACTIVITY
    )


def test_a_message_names_the_study_and_no_patient() -> None:
    root = ET.fromstring(as_xml(MESSAGES[2]))
    (study,) = root.iter("ParticipantObjectIdentification")
    assert study.get("ParticipantObjectID") == uid(1)
    assert root[0].get("EventOutcomeIndicator") == "4"


def test_a_frame_is_of_the_rfc() -> None:
    length, _, line = framed(MESSAGES[0]).partition(b" ")
    assert len(line) == int(length)
    head, _, text = line.partition(b"\xef\xbb\xbf")
    fields = head.decode("ascii").split(" ")
    assert (fields[0], fields[3], fields[5], fields[6]) == (
        "<85>1", "mammo-dataspace", "DICOM+RFC3881", "-",
    )  # fmt: skip
    assert ET.fromstring(text).tag == "AuditMessage"


def test_the_log_gets_every_message_in_its_order(made: Certificates, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    trail = AuditTrail(tmp_path / "queue", Log(HOST, made.tls("client"), port), retry_seconds=0.1)
    for number in range(120):
        trail.send(transferred(PACS, OURS, uid(number)))
    assert trail.waiting() == 120
    with Server(made, port).running() as log:
        eventually(trail)
        trail.close()
    found = [ET.fromstring(frame.partition(b"\xef\xbb\xbf")[2]) for frame in log.frames]
    studies = [one.find("ParticipantObjectIdentification") for one in found]
    named = [one.get("ParticipantObjectID") for one in studies if one is not None]
    assert named == [uid(number) for number in range(120)]


def test_what_waits_is_private_and_is_delivered_by_the_next_process(
    made: Certificates, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    log = Log(HOST, made.tls("client"), port)
    trail = AuditTrail(tmp_path / "queue", log, retry_seconds=60)
    trail.send(MESSAGES[0])
    trail.close()
    (waits,) = (tmp_path / "queue").glob("*.msg")
    assert waits.stat().st_mode & 0o077 == 0
    with Server(made, port).running() as server:
        assert AuditTrail(tmp_path / "queue", log).deliver()
    assert len(server.frames) == 1


@pytest.mark.parametrize("wrong", ["reset", "stranger"])
def test_what_the_log_did_not_take_stays(made: Certificates, tmp_path: Path, wrong: str) -> None:
    (port,) = free_ports(1)
    tls = made.tls("client") if wrong == "reset" else Tls(made.other_ca, *made.pair("client"))
    trail = AuditTrail(tmp_path / "queue", Log(HOST, tls, port, seconds=2), retry_seconds=60)
    with Server(made, port, hang_up=wrong == "reset").running():
        trail.send(MESSAGES[0])
        assert not trail.deliver()
        assert trail.waiting() == 1
        trail.close()


def test_a_log_that_does_not_answer_holds_nothing_up(made: Certificates, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as silent:
        log = Log(HOST, made.tls("client"), silent.getsockname()[1], seconds=1)
        trail = AuditTrail(tmp_path / "queue", log)
        before = time.thread_time()
        for _ in range(20):
            trail.send(MESSAGES[0])
        assert time.thread_time() - before < 5
        assert trail.waiting() == 20
        trail.close()


def test_a_message_that_cannot_be_kept_stops_what_it_tells_of(
    made: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "queue").write_text("not a folder")
    trail = AuditTrail(tmp_path / "queue", Log(HOST, made.tls("client"), 1))
    with Scripted().running() as pacs, pytest.raises(FlowsError):
        list(Pacs(pacs.peer(), audit=trail).find(Query(None), Go()))
    assert not pacs.questions


def test_a_pacs_tells_of_queries_and_transfers_and_other_logs_hold_nothing(
    made: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (port,) = free_ports(1)
    trail = AuditTrail(tmp_path / "queue", Log(HOST, made.tls("client"), port), retry_seconds=0.1)
    with Server(made, port).running() as log, Scripted(get=objects(image(1))).running() as pacs:
        source = Pacs(pacs.peer(), audit=trail)
        list(source.find(Query((date(2026, 1, 1), date(2026, 1, 2))), Go()))
        source.fetch(uid(1), None, Folder(tmp_path / "landed"), Go())
        eventually(trail)
        trail.close()
    events = [ET.fromstring(frame.partition(b"\xef\xbb\xbf")[2])[0][0] for frame in log.frames]
    assert [one.get("originalText") for one in events] == ["Query", "DICOM Instances Transferred"]
    assert uid(1) not in caplog.text
