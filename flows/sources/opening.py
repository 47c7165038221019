"""A Source opened by its definition: the one place where kinds of sources are told apart."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from catalog.plans.records import KnownSource, SourceKind
from flows.errors import SourceError
from flows.sources.audit_message import Node
from flows.sources.auditing import Audited, trail
from flows.sources.definition import (
    Care,
    DicomSource,
    FolderSource,
    PushedSource,
    Tls,
    WebSource,
    definition,
)
from flows.sources.folder.exports import ExportFolder
from flows.sources.landed import LandedStudy
from flows.sources.landing import Landing
from flows.sources.limits import Bandwidth, Breaker
from flows.sources.network import peer
from flows.sources.network.pacs import Pacs
from flows.sources.pushes import Pushes
from flows.sources.source import Source, Step
from flows.sources.web.dicomweb import DicomWeb
from flows.sources.web.service import Service


@dataclass(frozen=True, repr=False)
class Opened:
    """A source that studies are asked of, and how gently.

    Attributes:
        breaker: Sees how the source bears us; shared by all who ask it in this process.
        stations: Its screening stations.
        place: Tells where in the landing lies what it gave.
    """

    source: Source
    breaker: Breaker
    care: Care
    stations: tuple[str, ...]
    place: Callable[[str], LandedStudy]


def open_source(known: KnownSource, landing: Landing) -> Opened:
    """Open a source that studies are asked of.

    Raises:
        SourceError: It is a folder, which is ingested as it lies.
        SettingsError: A certificate, key or token cannot be used.
    """
    told = definition(known)
    if isinstance(told, FolderSource):
        message = "a folder is not asked for studies: its exports are taken whole"
        raise SourceError(message)
    care = told.care
    breaker = Breaker(care.slow_seconds, care.failures, care.rest_seconds)
    if isinstance(told, PushedSource):
        pushes = Pushes(landing, told.calling, told.quiet_seconds, told.most_seconds)
        return Opened(pushes, breaker, care, (), pushes.place)
    made = _web(told, breaker) if isinstance(told, WebSource) else _dicom(told, breaker, landing)
    if (audit := trail(landing.root)) is not None:
        made = Audited(made, audit, *_nodes(told))
    return Opened(made, breaker, care, told.screening_stations, landing.study)


def _nodes(told: DicomSource | WebSource) -> tuple[Node, Node]:
    """Give what audit messages call a source, and us."""
    here = socket.gethostname()
    if isinstance(told, DicomSource):
        return Node(told.ae_title, told.host), Node(told.our_ae_title, here)
    return Node("", urlsplit(told.url).hostname or ""), Node("", here)


def open_folder(known: KnownSource) -> ExportFolder:
    """Open a source that exports lie in.

    Raises:
        SourceError: It is none.
    """
    told = definition(known)
    if not isinstance(told, FolderSource):
        message = "the source is no folder"
        raise SourceError(message)
    return ExportFolder(told)


def prove(known: KnownSource, landing: Landing) -> Iterator[Step]:
    """Try every step of a source's way.

    Raises:
        SettingsError: A certificate, key or token cannot be used.
    """
    if known.kind is SourceKind.FOLDER:
        yield from open_folder(known).prove()
    else:
        yield from open_source(known, landing).source.prove()


def to_enter(known: KnownSource) -> tuple[str, ...]:
    """Say in lines what the administrator of a PACS has to enter there."""
    told = definition(known)
    if isinstance(told, FolderSource):
        return _of_folder(told)
    if isinstance(told, WebSource):
        return _of_web(told)
    if isinstance(told, PushedSource):
        return _of_pushed(told)
    shown = "none"
    if told.tls is not None and told.tls.certificate is not None:
        shown = str(told.tls.certificate)
    return (
        "Enter at the PACS:",
        f"  AE title       {told.our_ae_title}",
        "  host and port  those of this region's receiver (mammo receiver)",
        f"  certificate    {shown}",
        "  allow          C-ECHO, C-FIND (study root), C-MOVE to that AE title, C-GET if offered",
        f"Called here: {told.ae_title} at {told.host}:{told.port}",
    )


def _of_folder(told: FolderSource) -> tuple[str, ...]:
    said = "nothing has to be entered: the region's account must be able to read the folder"
    when = f"when nothing changed in it for {told.stable_seconds:g} seconds"
    if told.marker:
        when = f"when {told.marker} lies in it (beside an archive: archive.zip.{told.marker})"
    listed = f"what {told.manifest} lists must be there" if told.manifest else "without a manifest"
    return (said, f"  an export is complete  {when}", f"  manifest               {listed}")


def _of_pushed(told: PushedSource) -> tuple[str, ...]:
    return (
        "Enter at the systems that push:",
        "  AE title, host and port  those of this region's receiver (mammo receiver)",
        f"Enter in the receiver's peers file: {', '.join(told.calling)}",
        f"  a study is complete    when nothing came of it for {told.quiet_seconds:g} seconds",
    )


def _of_web(told: WebSource) -> tuple[str, ...]:
    certificate = "none" if told.tls is None else str(told.tls.certificate or "none")
    return (
        "Enter at the service:",
        "  allow          search (QIDO-RS) and retrieve (WADO-RS) for this client",
        "  give           objects as they are stored (transfer-syntax=*)",
        f"  certificate    {certificate}",
        f"  token          {'from a file' if told.token_file else 'none'}",
        f"Called here: {told.url}",
    )


def _dicom(told: DicomSource, breaker: Breaker, landing: Landing) -> Source:
    care = told.care
    other = peer.Peer(
        ae_title=told.ae_title,
        host=told.host,
        port=told.port,
        our_ae_title=told.our_ae_title,
        retrieve=peer.Retrieve(told.retrieve),
        tls=None if told.tls is None else _tls(told.tls),
        associations=care.associations,
        patience=peer.Patience(connect=told.connect_seconds, dimse=told.answer_seconds),
        most_answers=told.most_answers,
    )
    return Pacs(
        other,
        bandwidth=Bandwidth(care.bytes_per_second),
        watch=breaker,
        landed=partial(landing.study),
    )


def _web(told: WebSource, breaker: Breaker) -> Source:
    care = told.care
    service = Service(
        url=told.url,
        token_file=told.token_file,
        tls=None if told.tls is None else _tls(told.tls),
        connect=told.connect_seconds,
        answer=told.answer_seconds,
        connections=care.associations,
    )
    return DicomWeb(service, bandwidth=Bandwidth(care.bytes_per_second), watch=breaker)


def _tls(told: Tls) -> peer.Tls:
    return peer.Tls(told.ca, told.certificate, told.key, told.name)
