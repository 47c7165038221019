"""Permits: read by whom they concern, ended at once by an assessor (EHDS Art. 63, 68)."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import ValidationError

from access_api.access import guarded_router
from access_api.application_answers import (
    FOLLOWED,
    PermitAnswer,
    PermitListed,
    listed,
    shown_permit,
)
from access_api.concerned import Assessor, Concerned, reader, recorded, refusals_recorded
from access_api.door import Door, OpenDoor
from access_api.posted import Posted, described
from access_api.tokens import Caller
from access_api.visits import PermitId
from access_api.wire import CHANGE_REFUSALS, REFUSALS, RELEASE_REFUSALS, STEP_REFUSALS
from catalog.applications.words import Part, Sentence
from catalog.errors import Reason, StepError
from catalog.permits import changing, reading, revoke
from catalog.permits.content import Changes, Content
from catalog.permits.reading import Issued
from catalog.tiers.assessments import tiers_in_force

router = guarded_router(tag="Permits")


class Revocation(Part):
    """Why a permit ends."""

    reason: Sentence


class Extension(Part):
    """Until when a permit goes on, and why."""

    until: date
    reason: Sentence


class Amendment(Changes):
    """What a permit says otherwise from then on, and why."""

    reason: Sentence

    def changes(self) -> Changes:
        """Give what it changes."""
        return Changes.model_construct(
            **{name: getattr(self, name) for name in Changes.model_fields}
        )


Revoked = Annotated[Revocation, Depends(Posted(Revocation))]
Extended = Annotated[Extension, Depends(Posted(Extension))]
Amended = Annotated[Amendment, Depends(Posted(Amendment))]


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
    today = _today()
    served = tiers_in_force(door.engine, found, today=today)
    return tuple(listed(one, served[one.id], today) for one in found)


@router.get("/permits/{permit}", summary="One permit", responses=RELEASE_REFUSALS)
def read_permit(permit: PermitId, caller: Concerned, door: OpenDoor) -> PermitAnswer:
    """Return what it says by the points of Article 68(10), and what happened to it."""
    with recorded(door, caller, "permit.read", f"permit:{permit}", permit=permit):
        found = reading.show(door.engine, permit, reader(caller))
    return _shown(door, found, whole=reader(caller).is_assessor)


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
    return _shown(door, found, whole=True)


@router.post(
    "/permits/{permit}/extension",
    summary="Extend it",
    status_code=HTTPStatus.CREATED,
    responses=STEP_REFUSALS | FOLLOWED,
    openapi_extra=described(Extension),
)
def extend_permit(
    permit: PermitId, caller: Assessor, door: OpenDoor, extension: Extended, response: Response
) -> PermitAnswer:
    """Issue a permit that goes on from the day after it ends: once, ten years at most."""
    with refusals_recorded(door, caller, "permit.extend", f"permit:{permit}", permit=permit):
        made = changing.extend(
            door.engine,
            permit,
            extension.until,
            who=caller.subject,
            reason=extension.reason,
            today=_today(),
        )
    return _followed(door, caller, made.id, response)


@router.post(
    "/permits/{permit}/amendment",
    summary="Amend it",
    status_code=HTTPStatus.CREATED,
    responses=STEP_REFUSALS | FOLLOWED,
    openapi_extra=described(Amendment),
)
def amend_permit(
    permit: PermitId, caller: Assessor, door: OpenDoor, amendment: Amended, response: Response
) -> PermitAnswer:
    """Issue a permit in its place that says something else; what is left out stays as it was.

    A permit is never changed, so no version is named: only the newest of a line can be amended.
    """
    with refusals_recorded(door, caller, "permit.amend", f"permit:{permit}", permit=permit):
        old = reading.show(door.engine, permit, reader(caller))
        if old.content is None:
            raise StepError(Reason.NO_CONTENT)
        made = changing.amend(
            door.engine,
            permit,
            _amended(old.content, amendment),
            who=caller.subject,
            reason=amendment.reason,
            today=_today(),
        )
    return _followed(door, caller, made.id, response)


def _amended(old: Content, amendment: Amendment) -> Content:
    try:
        return old.amended(amendment.changes(), today=_today())
    except ValidationError:
        raise StepError(Reason.DISAGREES) from None


def _followed(door: Door, caller: Caller, made: str, response: Response) -> PermitAnswer:
    response.headers["Location"] = f"/permits/{made}"
    return _shown(door, reading.show(door.engine, made, reader(caller)), whole=True)


def _shown(door: Door, found: Issued, *, whole: bool) -> PermitAnswer:
    today = _today()
    served = tiers_in_force(door.engine, [found.permit], today=today)
    return shown_permit(found, served[found.permit.id], today, whole=whole)


def _today() -> date:
    return datetime.now(UTC).date()
