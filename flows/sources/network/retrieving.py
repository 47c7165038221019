"""Retrieve a study with C-MOVE or C-GET, PS3.4 §C.4.2 and §C.4.3, and count what it counts."""

from collections import deque
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass

from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from flows.errors import NotOfferedError, SourceRefusedError
from flows.sources.network.arriving import Arrivals
from flows.sources.network.association import associated
from flows.sources.network.conversation import PENDING, Conversation
from flows.sources.network.offered import (
    contexts_for,
    contexts_for_unknown,
    roles_for,
)
from flows.sources.network.peer import Peer
from flows.sources.network.question import CANCELLED, PLAIN, SUCCESS
from flows.sources.network.telling import status_told
from flows.sources.source import Ended, FoundInstance, Stop

#: Study Root Query/Retrieve Information Model - MOVE and - GET.
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
#: UIDs in one request; long lists overran the buffers of some PACS.
LIST = 100
UNKNOWN_DESTINATION = 0xA801
#: The first digit of failures without a reason, by which some PACS mean A801.
UNABLE = 0xC
MAYBE_DESTINATION = "is our AE title entered there as a destination of C-MOVE?"
NO_GET = "the PACS does not offer C-GET for what the study holds"
BROKEN = {
    Ended.ABORTED: "the PACS broke the association off",
    Ended.TIMED_OUT: "the PACS fell silent, or nothing moved any more",
    Ended.STOPPED: "stopped by us",
}


@dataclass
class Counted:
    """What the PACS says of one or several requests of a retrieval."""

    ended: Ended = Ended.COMPLETE
    completed: int = 0
    failed: int = 0
    warned: int = 0
    told: str = ""
    status: int = SUCCESS

    @property
    def nothing(self) -> bool:
        """Tell whether it came to an end without a single object."""
        return self.ended not in BROKEN and not self.completed + self.failed + self.warned

    def add(self, other: "Counted") -> None:
        """Count a further request in; the first end that was not complete is told."""
        self.completed += other.completed
        self.failed += other.failed
        self.warned += other.warned
        if self.ended is Ended.COMPLETE:
            self.ended, self.told = other.ended, other.told


def identifiers(study_uid: str, only: tuple[FoundInstance, ...] | None) -> Iterator[Dataset]:
    """Give the requests for a study, or for some of its objects, series by series."""
    if only is None:
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "STUDY"
        identifier.StudyInstanceUID = study_uid
        yield identifier
        return
    by_series: dict[str, list[str]] = {}
    for instance in only:
        by_series.setdefault(instance.series_uid, []).append(instance.sop_uid)
    for series_uid, sop_uids in by_series.items():
        for at in range(0, len(sop_uids), LIST):
            identifier = Dataset()
            identifier.QueryRetrieveLevel = "IMAGE"
            identifier.StudyInstanceUID = study_uid
            identifier.SeriesInstanceUID = series_uid
            identifier.SOPInstanceUID = sop_uids[at : at + LIST]
            yield identifier


def move(peer: Peer, requests: Iterable[Dataset], stop: Stop) -> Counted:
    """Have the PACS send to our receiver.

    Raises:
        SourceRefusedError: It refuses us, or does not know our receiver.
        SourceAwayError: It cannot be reached.
    """
    with associated(peer, [build_context(MOVE, PLAIN)], stop) as (association, conversation):
        return _all(association, conversation, stop, requests, peer.our_ae_title)


def get(
    peer: Peer,
    requests: Iterable[Dataset],
    stop: Stop,
    arrivals: Arrivals,
    classes: tuple[str, ...],
) -> Counted:
    """Have the PACS send over the association that we open.

    The objects are of `classes`; where those are not known, there is none of them.

    Raises:
        NotOfferedError: It does not offer C-GET, or not for these classes.
        SourceRefusedError: It refuses us.
        SourceAwayError: It cannot be reached.
        DiskFullError: The landing's disk is full.
    """
    storage = contexts_for(classes) if classes else contexts_for_unknown()
    stop = _Or(stop, arrivals)
    with associated(
        peer,
        [build_context(GET, PLAIN), *storage],
        stop,
        roles=roles_for(storage),
        handlers=[(evt.EVT_C_STORE, arrivals.settle)],
    ) as (association, conversation):
        _require(association, classes)
        conversation.opens = arrivals.open
        counted = _all(association, conversation, stop, requests, None)
    if arrivals.trouble is not None:
        raise arrivals.trouble
    return counted


@dataclass(frozen=True)
class _Or:
    """Stops also when our own landing is in trouble."""

    stop: Stop
    arrivals: Arrivals

    def reason(self) -> str:
        """Say why to stop."""
        return "the landing is in trouble" if self.arrivals.trouble else self.stop.reason()


def _require(association: Association, classes: tuple[str, ...]) -> None:
    accepted = association.accepted_contexts
    received = {str(context.abstract_syntax) for context in accepted if context.as_scp}
    offered = any(context.abstract_syntax == GET for context in accepted)
    if not offered or not received or not received.issuperset(classes):
        raise NotOfferedError(NO_GET)


def _all(
    association: Association,
    conversation: Conversation,
    stop: Stop,
    requests: Iterable[Dataset],
    destination: str | None,
) -> Counted:
    """Make requests one after another, as long as the association stands.

    Raises:
        SourceRefusedError: Every other study would end like this one.
    """
    total, pending, number = Counted(), deque(requests), 0
    while pending:
        if stop.reason():
            total.add(Counted(Ended.STOPPED, told=BROKEN[Ended.STOPPED]))
        if total.ended in BROKEN:
            break
        request, number = pending.popleft(), number + 1
        counted = _one(association, conversation, request, destination, number)
        if counted.nothing and len(singles := _singles(request)) > 1:
            pending.extendleft(reversed(singles))
            continue
        if counted.status == UNKNOWN_DESTINATION:
            raise SourceRefusedError(status_told(UNKNOWN_DESTINATION))
        total.add(counted)
    return total


def _singles(request: Dataset) -> list[Dataset]:
    """Divide a request by objects: a PACS may not match lists of UIDs, PS3.4 §C.2.2.2.2."""
    uids = request.get("SOPInstanceUID", [])
    if isinstance(uids, str) or len(uids) < 2:  # noqa: PLR2004  # a list of one is one
        return [request]
    divided = []
    for uid in uids:
        single = deepcopy(request)
        single.SOPInstanceUID = uid
        divided.append(single)
    return divided


def _one(
    association: Association,
    conversation: Conversation,
    request: Dataset,
    destination: str | None,
    number: int,
) -> Counted:
    model = GET if destination is None else MOVE
    context = next(one for one in association.accepted_contexts if one.abstract_syntax == model)
    conversation.begin(number, int(context.context_id or 0))
    if destination is None:
        responses = association.send_c_get(request, GET, msg_id=number)
    else:
        responses = association.send_c_move(request, destination, MOVE, msg_id=number)
    counted, final = Counted(), None
    for status, _ in responses:
        final = int(status.Status) if "Status" in status else None
        counted.completed = _latest(status, "Completed", counted.completed)
        counted.failed = _latest(status, "Failed", counted.failed)
        counted.warned = _latest(status, "Warning", counted.warned)
    if final is None or final in PENDING:
        counted.ended = conversation.ended or Ended.ABORTED
        counted.told = BROKEN[counted.ended]
    else:
        _end(counted, final, cancelled=conversation.cancelled)
        if destination is not None and counted.ended is Ended.REFUSED and final >> 12 == UNABLE:
            counted.told = f"{counted.told}; {MAYBE_DESTINATION}"
    return counted


def _latest(status: Dataset, kind: str, before: int) -> int:
    """Give a counter of sub-operations, (0000,1021) to (0000,1023), which may be left out."""
    count = status.get(f"NumberOf{kind}Suboperations")
    return before if count is None else int(count)


def _end(counted: Counted, final: int, *, cancelled: bool) -> None:
    """Say how it ended, PS3.4 Tables C.4-2 and C.4-3."""
    counted.status = final
    if final == SUCCESS:
        counted.ended = Ended.PARTIAL if counted.failed else Ended.COMPLETE
    elif final == CANCELLED or cancelled:
        counted.ended, counted.told = Ended.STOPPED, BROKEN[Ended.STOPPED]
        return
    elif final >> 12 == 0xB or counted.completed:  # noqa: PLR2004  # a warning, by the table
        counted.ended = Ended.PARTIAL
    else:
        counted.ended = Ended.REFUSED
    if counted.ended is not Ended.COMPLETE:
        failed = f"{counted.failed} objects could not be sent"
        counted.told = failed if final >> 12 in {0, 0xB} else status_told(final)
