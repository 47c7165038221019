"""What a region answers to what the hub ordered."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel

from access_api.intake.bodies import Posted
from access_api.intake.entry import Region, signed_router
from access_api.intake.hall import OpenHall
from access_api.posted import described
from catalog.arrivals import regions
from catalog.erasures import answers
from catalog.erasures.wire import ErasureAnswer
from catalog.errors import NotFoundError

router = signed_router(tag="Records")


class TakenAnswer(BaseModel):
    """Whether it was new."""

    entered: bool


@router.post("/erasures", summary="It is erased here", openapi_extra=described(ErasureAnswer))
def erased(
    told: Annotated[ErasureAnswer, Depends(Posted(ErasureAnswer))], visit: Region, hall: OpenHall
) -> TakenAnswer:
    """Keep what a region says to have erased by an order of the hub's, as it was signed."""
    key = regions.find_key(hall.engine, visit.key_id)
    if key is None:  # it was revoked meanwhile
        raise NotFoundError
    return TakenAnswer(entered=answers.take(hall.engine, key, told))
