"""Permits: read by whom they concern, ended at once by an assessor (EHDS Art. 63, 68)."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query

from access_api.access import guarded_router
from access_api.application_answers import PermitAnswer, PermitListed, listed, shown_permit
from access_api.concerned import Assessor, Concerned, reader, recorded, refusals_recorded
from access_api.door import OpenDoor
from access_api.posted import Posted, described
from access_api.visits import PermitId
from access_api.wire import CHANGE_REFUSALS, REFUSALS, RELEASE_REFUSALS
from catalog.applications.words import Part, Sentence
from catalog.permits import reading, revoke

router = guarded_router(tag="Permits")


class Revocation(Part):
    """Why a permit ends."""

    reason: Sentence


Revoked = Annotated[Revocation, Depends(Posted(Revocation))]


@router.get("/permits", summary="Permits", responses=REFUSALS)
def list_permits(
    caller: Concerned,
    door: OpenDoor,
    before: Annotated[
        str | None,
        Query(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            description="The last one of the page before.",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="So many at most.")] = 50,
) -> tuple[PermitListed, ...]:
    """Return those that name you or that you applied for; to an assessor, all; the newest first."""
    with recorded(door, caller, "permit.list", "/permits"):
        found = reading.find_all(door.engine, reader(caller), before=before, limit=limit)
    return tuple(listed(one, _today()) for one in found)


@router.get("/permits/{permit}", summary="One permit", responses=RELEASE_REFUSALS)
def read_permit(permit: PermitId, caller: Concerned, door: OpenDoor) -> PermitAnswer:
    """Return what it says by the points of Article 68(10), and what happened to it."""
    with recorded(door, caller, "permit.read", f"permit:{permit}", permit=permit):
        found = reading.show(door.engine, permit, reader(caller))
    return shown_permit(found, _today(), whole=reader(caller).is_assessor)


@router.post(
    "/permits/{permit}/revocation",
    summary="Revoke it",
    responses=CHANGE_REFUSALS,
    openapi_extra=described(Revocation),
)
def revoke_permit(
    permit: PermitId, caller: Assessor, door: OpenDoor, revocation: Revoked
) -> PermitAnswer:
    """End it at once, and with it every other that could give access in its place.

    Revoking it again changes nothing.
    """
    with refusals_recorded(door, caller, "permit.revoke", f"permit:{permit}", permit=permit):
        revoke(door.engine, permit, who=caller.subject, reason=revocation.reason)
        found = reading.show(door.engine, permit, reader(caller))
    return shown_permit(found, _today(), whole=True)


def _today() -> date:
    return datetime.now(UTC).date()
