"""Audit messages: what they hold, and that the region's log gets every one of them."""

import fcntl
import socket
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydicom.sr._concepts_dict import concepts

from flows.sources.audit_message import (
    AuditMessage,
    Code,
    Node,
    application_activity,
    as_xml,
    begin_transferring,
    query_asked,
    transferred,
)
from flows.sources.audit_trail import AuditTrail, Log, framed, lost
from flows.sources.landing import AUDIT, Landing
from flows.sources.network.peer import Tls
from tests.flows.sources.certificates import Certificates
from tests.flows.sources.peers import HOST, uid
from tests.flows.sources.syslog import Server, eventually
from tests.servers import free_ports

ROOT = Path(__file__).parents[3]
PACS, OURS = Node("PACS", "10.1.2.3"), Node("MAMDATA", "landing.example")
MESSAGES = (
    query_asked(PACS, OURS),
    begin_transferring(PACS, OURS, uid(1), ours=OURS),
    transferred(PACS, OURS, uid(1), complete=False, instances=4),
    application_activity(OURS, started=True),
)


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


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


def test_a_message_that_cannot_be_kept_is_counted_and_stops_nothing(
    made: Certificates, tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    trail = AuditTrail(queue, Log(HOST, made.tls("client"), 1), most=3)
    for _ in range(5):
        trail.send(MESSAGES[0])
    assert (trail.waiting(), lost(queue)) == (3, 2)
    trail.close()
    (tmp_path / "other").write_text("not a folder")
    AuditTrail(tmp_path / "other", Log(HOST, made.tls("client"), 1)).send(MESSAGES[0])


def test_room_comes_back_when_the_log_takes_what_waited(made: Certificates, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    log = Log(HOST, made.tls("client"), port)
    trail = AuditTrail(tmp_path / "queue", log, retry_seconds=0.1, most=2)
    for _ in range(3):
        trail.send(MESSAGES[0])
    with Server(made, port).running() as server:
        eventually(trail)
        trail.send(MESSAGES[0])
        eventually(trail)
        trail.close()
    assert len(server.frames) == 3
    assert lost(tmp_path / "queue") == 1


@pytest.mark.parametrize("host", ["log..example", ".", "x" * 70])
def test_a_host_that_can_be_no_name_is_a_log_that_is_away(
    host: str, tmp_path: Path, made: Certificates
) -> None:
    trail = AuditTrail(tmp_path / "audit", Log(host, Tls(made.ca)), retry_seconds=60)
    trail.send(MESSAGES[0])
    assert not trail.deliver()
    trail.close()
    assert trail.waiting() == 1


_DIES = """
import os, sys
from pathlib import Path
from flows.sources.audit_message import Node, application_activity
from flows.sources.audit_trail import AuditTrail
os.rename = lambda *_, **__: os._exit(9)
AuditTrail(Path(sys.argv[1]), None).send(application_activity(Node("A", "a.example"), started=True))
"""


def test_what_a_crash_left_of_a_message_is_swept(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    folder = tmp_path / AUDIT
    died = subprocess.run([sys.executable, "-c", _DIES, folder], cwd=ROOT, check=False)
    assert died.returncode == 9
    (partial,) = folder.glob(".*.partial")
    with partial.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert landing.sweep() == 0
    assert landing.sweep() == 1
    assert not list(folder.glob("*partial*"))
