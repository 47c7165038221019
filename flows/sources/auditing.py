"""Who tells the region's log what: settings, the trail of this process, and sources that tell."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError

from flows.errors import SettingsError
from flows.settings import AuditSettings
from flows.sources.audit_message import (
    AuditMessage,
    Node,
    application_activity,
    begin_transferring,
    query_asked,
    transferred,
)
from flows.sources.audit_trail import AuditTrail, Log
from flows.sources.landing import AUDIT
from flows.sources.network.peer import Tls
from flows.sources.source import (
    Ended,
    Fetched,
    FoundInstance,
    FoundStudy,
    Landed,
    Query,
    Source,
    Step,
    Stop,
)

NEEDED: Final = "MAMMO_AUDIT_CA: who vouches for the region's log must be said, with its host"


class Audit(Protocol):
    """Where audit messages go."""

    def send(self, message: AuditMessage, /) -> None:
        """Take a message; it raises nothing, and holds nobody up."""
        ...


@cache
def trail(landing: Path) -> AuditTrail | None:
    """Give this process's trail; None where the region has not said where its log is.

    Certificates are read when something is sent: if they cannot be used, messages wait.

    Raises:
        SettingsError: A setting is wrong.
    """
    try:
        told = AuditSettings()
    except ValidationError as error:
        names = sorted({f"MAMMO_AUDIT_{one['loc'][0]}".upper() for one in error.errors()})
        message = f"missing or wrong: {', '.join(names)}"
        raise SettingsError(message) from None
    if not told.host:
        return None
    if told.ca is None:
        raise SettingsError(NEEDED)
    tls = Tls(told.ca, told.certificate, told.private_key, told.name)
    log = Log(told.host, tls, told.port)
    return AuditTrail(landing / AUDIT, log, most=told.most_waiting)


@contextmanager
def activity(audit: Audit | None, ae_title: str = "") -> Iterator[None]:
    """Tell that a part of ours starts, and that it stops."""
    ours = Node(ae_title, socket.gethostname())
    if audit is not None:
        audit.send(application_activity(ours, started=True))
    try:
        yield
    finally:
        if audit is not None:
            audit.send(application_activity(ours, started=False))


class Audited:
    """A source of which each query and each retrieval is told.

    Args:
        source: Which one.
        audit: Who is told.
        theirs: What the source is called, and where it is; `ours` is what we are.
        ours: As above.
    """

    def __init__(self, source: Source, audit: Audit, theirs: Node, ours: Node) -> None:
        self._source, self._audit, self._theirs, self._ours = source, audit, theirs, ours

    def prove(self) -> Iterator[Step]:
        """Try every step of the way: of it, too, a query is told."""
        self._audit.send(query_asked(self._theirs, self._ours))
        yield from self._source.prove()

    def find(self, query: Query, stop: Stop) -> Iterator[FoundStudy]:
        """Give each study that is meant, once. Raises as `Source.find` does."""
        self._audit.send(query_asked(self._theirs, self._ours))
        yield from self._source.find(query, stop)

    def instances(self, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
        """List a study's objects. Raises as `Source.find` does."""
        self._audit.send(query_asked(self._theirs, self._ours))
        return self._source.instances(study_uid, stop)

    def fetch(
        self,
        study_uid: str,
        only: tuple[FoundInstance, ...] | None,
        landed: Landed,
        stop: Stop,
    ) -> Fetched:
        """Retrieve a study, or some of its objects. Raises as `Source.fetch` does."""
        theirs, ours, complete, number = self._theirs, self._ours, False, None
        self._audit.send(begin_transferring(theirs, ours, study_uid, ours=ours))
        try:
            fetched = self._source.fetch(study_uid, only, landed, stop)
            complete, number = fetched.ended is Ended.COMPLETE, fetched.completed
        finally:
            told = transferred(theirs, ours, study_uid, complete=complete, instances=number)
            self._audit.send(told)
        return fetched
