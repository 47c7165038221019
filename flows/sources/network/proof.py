"""The trial of a PACS, step by step, in words for its administrator; no study is named in them."""

from collections.abc import Callable, Iterator
from typing import Protocol

from pynetdicom.presentation import build_context

from flows.errors import FlowsError, NotOfferedError, SourceAwayError
from flows.sources.network.association import associated
from flows.sources.network.offered import OTHERS, contexts_for_unknown, roles_for
from flows.sources.network.peer import Peer
from flows.sources.network.question import PLAIN
from flows.sources.network.retrieving import GET, MOVE
from flows.sources.source import (
    Ended,
    FoundInstance,
    FoundStudy,
    Landed,
    Source,
    Step,
)
from flows.sources.trial import Briefly, Nowhere, find_one

VERIFICATION = "1.2.840.10008.1.1"


class Tried(Source, Protocol):
    """A PACS that is tried."""

    peer: Peer


def steps(tried: Tried, landed: Callable[[str], Landed] | None) -> Iterator[Step]:
    """Try echo, query, list, what retrieval is offered, and one object; end at what fails."""
    name = "echo"
    try:
        yield Step(name, ok=True, told=_echo(tried.peer))
        name = "query"
        study, told = find_one(tried, "PACS")
        yield Step(name, ok=True, told=told)
        name = "retrieval"
        yield Step(name, ok=True, told=_offers(tried.peer))
        if study is None:
            yield Step("object", ok=False, told="no mammography study was found to try it with")
            return
        name = "list"
        instances = tried.instances(study.study_uid, Briefly())
        told = f"the PACS lists objects: the study tried has {len(instances)}"
        yield Step(name, ok=True, told=told if instances else "the PACS does not list objects")
        name = "object"
        yield _object(tried, study, instances, landed)
    except FlowsError as error:
        yield Step(name, ok=False, told=str(error))


def _echo(peer: Peer) -> str:
    contexts = [build_context(VERIFICATION, PLAIN)]
    with associated(peer, contexts, Briefly()) as (association, conversation):
        conversation.begin(1, int(association.accepted_contexts[0].context_id or 0))
        status = association.send_c_echo()
        if status.get("Status") != 0:
            message = "the PACS accepts an association, but does not answer C-ECHO"
            raise SourceAwayError(message)
    return "the PACS answers C-ECHO" + (", over TLS" if peer.tls else ", without TLS")


def _offers(peer: Peer) -> str:
    offered = [name for name, model in (("C-MOVE", MOVE), ("C-GET", GET)) if _offered(peer, model)]
    if not offered:
        message = (
            "the PACS offers neither C-MOVE nor C-GET: ask for retrieve rights for our AE title"
        )
        raise NotOfferedError(message)
    return f"the PACS offers {' and '.join(offered)}"


def _offered(peer: Peer, model: str) -> bool:
    storage = contexts_for_unknown() if model == GET else []
    contexts = [build_context(model, PLAIN), *storage]
    try:
        with associated(peer, contexts, Briefly(), roles=roles_for(storage)) as (association, _):
            accepted = association.accepted_contexts
    except NotOfferedError:
        return False
    receives = model == MOVE or any(context.as_scp for context in accepted)
    return receives and any(context.abstract_syntax == model for context in accepted)


def _object(
    tried: Tried,
    study: FoundStudy,
    instances: tuple[FoundInstance, ...],
    landed: Callable[[str], Landed] | None,
) -> Step:
    small = sorted(instances, key=lambda one: one.sop_class_uid not in OTHERS)[:1]
    nowhere = Nowhere()
    fetched = tried.fetch(study.study_uid, tuple(small) or None, nowhere, Briefly())
    if fetched.ended is not Ended.COMPLETE or not fetched.completed:
        return Step("object", ok=False, told=fetched.told or "the PACS sent nothing")
    if nowhere.count:
        return Step("object", ok=True, told="one object came by C-GET, and was not kept")
    if landed is None or not small:
        return Step("object", ok=True, told="the PACS says that one object went to our receiver")
    arrived = landed(study.study_uid).has(small[0].sop_uid)
    told = "one object came to our receiver by C-MOVE"
    wrong = "the PACS says that it sent an object, but it did not come to this receiver's landing"
    return Step("object", ok=arrived, told=told if arrived else wrong)
