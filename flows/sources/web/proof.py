"""The trial of a DICOMweb service, step by step, in words for its administrator; no study in them.

No answer and no address is quoted.
"""

from collections.abc import Iterator
from typing import Protocol

from flows.errors import FlowsError
from flows.sources.network.offered import OTHERS
from flows.sources.source import (
    Ended,
    FoundInstance,
    FoundStudy,
    Source,
    Step,
)
from flows.sources.trial import Briefly, Nowhere, find_one
from flows.sources.web.service import Service


class Tried(Source, Protocol):
    """A service that is tried."""

    service: Service


def steps(tried: Tried) -> Iterator[Step]:
    """Try the search, the list of objects, and one object; end at what fails."""
    name = "query"
    try:
        study, told = find_one(tried, "service")
        yield Step(name, ok=True, told=f"{told}; {_shown(tried.service)}")
        if study is None:
            yield Step("object", ok=False, told="no mammography study was found to try it with")
            return
        name = "list"
        instances = tried.instances(study.study_uid, Briefly())
        told = f"the service lists objects: the study tried has {len(instances)}"
        yield Step(name, ok=True, told=told if instances else "the service does not list objects")
        name = "object"
        yield _object(tried, study, instances)
    except FlowsError as error:
        yield Step(name, ok=False, told=str(error))


def _shown(service: Service) -> str:
    """Say how the two sides show each other who they are."""
    transport = "over TLS" if service.url.startswith("https:") else "WITHOUT TLS"
    shown = []
    if service.token_file is not None:
        shown.append("a token")
    if service.tls is not None and service.tls.certificate is not None:
        shown.append("our certificate")
    return f"{transport}, and we show {' and '.join(shown) or 'nothing'}"


def _object(tried: Tried, study: FoundStudy, instances: tuple[FoundInstance, ...]) -> Step:
    small = sorted(instances, key=lambda one: one.sop_class_uid not in OTHERS)[:1]
    nowhere = Nowhere()
    fetched = tried.fetch(study.study_uid, tuple(small) or None, nowhere, Briefly())
    if fetched.ended is not Ended.COMPLETE or not nowhere.count:
        return Step("object", ok=False, told=fetched.told or "the service sent nothing")
    told = "one object came as it is stored there, and was not kept"
    return Step("object", ok=True, told=told)
