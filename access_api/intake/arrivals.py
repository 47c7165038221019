"""Studies that regions deliver: posted as records, published once the hub has checked them."""

import json
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import BaseModel

from access_api.intake.bodies import Posted
from access_api.intake.entry import Region, signed_router
from access_api.intake.hall import OpenHall
from access_api.posted import described
from catalog.arrivals import arrivals
from catalog.arrivals.records import Arrival, ArrivalState
from catalog.arrivals.wire import StudyMessage

router = signed_router(tag="Studies")


class ArrivalAnswer(BaseModel):
    """What became of a study so far.

    Attributes:
        answer: For a published one, the revisions' numbers by UID; for a refused one, why.
    """

    id: str
    state: ArrivalState
    answer: dict[str, Any]


@router.post(
    "/arrivals",
    summary="Deliver a study's record",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=described(StudyMessage),
)
def deliver(
    told: Annotated[StudyMessage, Depends(Posted(StudyMessage))], visit: Region, hall: OpenHall
) -> ArrivalAnswer:
    """Take a study's record; its bytes must have come. It is published when it was checked."""
    return _answer(arrivals.enter(hall.engine, visit.region, told, sha256=visit.sha256))


@router.get("/arrivals/{arrival}", summary="What became of it?")
def look(
    arrival: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")], visit: Region, hall: OpenHall
) -> ArrivalAnswer:
    """Tell what became of a study that the region delivered."""
    return _answer(arrivals.get(hall.engine, visit.region, arrival))


def _answer(found: Arrival) -> ArrivalAnswer:
    answer = json.loads(found.answer) if found.answer else {}
    return ArrivalAnswer(id=found.id, state=found.state, answer=answer)
