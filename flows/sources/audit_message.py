"""DICOM audit messages, PS3.15 §A.5: what happened, who took part, and with which studies.

They may name original Study Instance UIDs, as the standard asks. So they go to the region's own
log, and nowhere else: nothing of them may be written to another. Patients are left out: what
retrieves a study never learns whose it is.
"""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from ipaddress import ip_address
from xml.etree import ElementTree as ET

SOURCE = "mammo-dataspace"
#: Study Root Query/Retrieve Information Model - FIND.
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
#: ParticipantObjectTypeCode and -Role of studies and queries, PS3.15 Table A.5.2-1.
SYSTEM_OBJECT, REPORT = "2", "3"


class Code(Enum):
    """Codes of PS3.16 Annex D that the messages use: the code and its meaning."""

    APPLICATION_ACTIVITY = ("110100", "Application Activity")
    BEGIN_TRANSFERRING = ("110102", "Begin Transferring DICOM Instances")
    INSTANCES_TRANSFERRED = ("110104", "DICOM Instances Transferred")
    QUERY = ("110112", "Query")
    APPLICATION_START = ("110120", "Application Start")
    APPLICATION_STOP = ("110121", "Application Stop")
    APPLICATION = ("110150", "Application")
    APPLICATION_LAUNCHER = ("110151", "Application Launcher")
    DESTINATION = ("110152", "Destination Role ID")
    SOURCE = ("110153", "Source Role ID")
    STUDY_UID = ("110180", "Study Instance UID")
    SOP_CLASS_UID = ("110181", "SOP Class UID")


class Action(StrEnum):
    """EventActionCode."""

    CREATE = "C"
    EXECUTE = "E"


class Result(StrEnum):
    """EventOutcomeIndicator."""

    SUCCESS = "0"
    MINOR_FAILURE = "4"


@dataclass(frozen=True)
class Node:
    """An application entity that took part: its title, and its host name or address."""

    ae_title: str
    host: str


@dataclass(frozen=True, repr=False)
class Participant:
    """An active participant of an event, PS3.15 Table A.5.2-1."""

    user: str
    role: Code
    requestor: bool = False
    host: str = ""
    ae_title: str = ""


@dataclass(frozen=True, repr=False)
class Taking:
    """An object that took part: a study, or a query's SOP class."""

    identifier: str
    kind: Code
    type_code: str
    role_code: str
    instances: int | None = None


@dataclass(frozen=True, repr=False)
class AuditMessage:
    """One message.

    Attributes:
        type_code: Narrows the event, where the standard gives types.
        at: When it happened, with its time zone.
    """

    event: Code
    action: Action
    participants: tuple[Participant, ...]
    result: Result = Result.SUCCESS
    type_code: Code | None = None
    taking: tuple[Taking, ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def query_asked(pacs: Node, ours: Node, *, sop_class: str = STUDY_ROOT_FIND) -> AuditMessage:
    """We asked a PACS (§A.5.3.10). What was asked for is not told: it may name a person."""
    return AuditMessage(
        Code.QUERY,
        Action.EXECUTE,
        (_of(ours, Code.SOURCE, requestor=True), _of(pacs, Code.DESTINATION)),
        taking=(Taking(sop_class, Code.SOP_CLASS_UID, SYSTEM_OBJECT, REPORT),),
    )


def begin_transferring(
    source: Node, destination: Node, study_uid: str, *, ours: Node
) -> AuditMessage:
    """A study's transfer begins (§A.5.3.3)."""
    return AuditMessage(
        Code.BEGIN_TRANSFERRING,
        Action.EXECUTE,
        _from_to(source, destination, ours),
        taking=(Taking(study_uid, Code.STUDY_UID, SYSTEM_OBJECT, REPORT),),
    )


def transferred(
    source: Node,
    destination: Node,
    study_uid: str,
    *,
    complete: bool = True,
    instances: int | None = None,
) -> AuditMessage:
    """Objects of a study were received (§A.5.3.7)."""
    return AuditMessage(
        Code.INSTANCES_TRANSFERRED,
        Action.CREATE,
        _from_to(source, destination, destination),
        Result.SUCCESS if complete else Result.MINOR_FAILURE,
        taking=(Taking(study_uid, Code.STUDY_UID, SYSTEM_OBJECT, REPORT, instances),),
    )


def application_activity(ours: Node, *, started: bool) -> AuditMessage:
    """A long-running part was started or stopped (§A.5.3.1)."""
    return AuditMessage(
        Code.APPLICATION_ACTIVITY,
        Action.EXECUTE,
        (_of(ours, Code.APPLICATION),),
        type_code=Code.APPLICATION_START if started else Code.APPLICATION_STOP,
    )


def as_xml(message: AuditMessage) -> bytes:
    """Write a message by the schema of §A.5.1."""
    root = ET.Element("AuditMessage")
    event = ET.SubElement(
        root,
        "EventIdentification",
        EventActionCode=message.action,
        EventDateTime=message.at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=message.result,
    )
    _coded(event, "EventID", message.event)
    if message.type_code is not None:
        _coded(event, "EventTypeCode", message.type_code)
    for participant in message.participants:
        _participant(root, participant)
    ET.SubElement(root, "AuditSourceIdentification", AuditSourceID=SOURCE)
    for taking in message.taking:
        _taking(root, taking)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _from_to(source: Node, destination: Node, asked: Node) -> tuple[Participant, ...]:
    ends = ((source, Code.SOURCE), (destination, Code.DESTINATION))
    return tuple(_of(node, role, requestor=node == asked) for node, role in ends)


def _of(node: Node, role: Code, *, requestor: bool = False) -> Participant:
    return Participant(node.ae_title or SOURCE, role, requestor, node.host, node.ae_title)


def _coded(parent: ET.Element, name: str, code: Code) -> None:
    value, meaning = code.value
    attributes = {"csd-code": value, "codeSystemName": "DCM", "originalText": meaning}
    ET.SubElement(parent, name, attributes)


def _participant(root: ET.Element, participant: Participant) -> None:
    attributes = {"UserID": _clean(participant.user)}
    if participant.ae_title:
        attributes["AlternativeUserID"] = f"AETITLES={_clean(participant.ae_title)}"
    attributes["UserIsRequestor"] = "true" if participant.requestor else "false"
    if participant.host:
        attributes["NetworkAccessPointID"] = _clean(participant.host)
        attributes["NetworkAccessPointTypeCode"] = _point(participant.host)
    _coded(ET.SubElement(root, "ActiveParticipant", attributes), "RoleIDCode", participant.role)


def _taking(root: ET.Element, taking: Taking) -> None:
    element = ET.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_clean(taking.identifier),
        ParticipantObjectTypeCode=taking.type_code,
        ParticipantObjectTypeCodeRole=taking.role_code,
    )
    _coded(element, "ParticipantObjectIDTypeCode", taking.kind)
    if taking.instances is not None:
        detail = base64.b64encode(str(taking.instances).encode()).decode()
        ET.SubElement(element, "ParticipantObjectDetail", type="NumberOfInstances", value=detail)


def _point(host: str) -> str:
    """Tell a host name (1) from an address (2)."""
    try:
        ip_address(host)
    except ValueError:
        return "1"
    return "2"


def _clean(text: str) -> str:
    """Leave out what XML cannot hold: an AE title from the network may hold anything."""
    return "".join(character if character.isprintable() else "?" for character in text)
