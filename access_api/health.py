"""Whether the door is open: the catalogue and both stores answer."""

from http import HTTPStatus
from typing import Literal

from fastapi import Response
from pydantic import BaseModel

from access_api.access import ANYONE, guarded_router
from access_api.door import OpenDoor

router = guarded_router(tag="Service")


class Health(BaseModel):
    """Whether the door can serve; never why not."""

    status: Literal["ok", "unavailable"]


@router.get(
    "/health",
    summary="Is the door open?",
    dependencies=[ANYONE],
    responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Health, "description": "Not now."}},
)
def health(door: OpenDoor, response: Response) -> Health:
    """Tell whether the catalogue and the object stores can be reached."""
    if door.alive():
        return Health(status="ok")
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(status="unavailable")
