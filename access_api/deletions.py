"""What a secure processing environment must delete of what it was given, and that it says it did.

Whom or what it is about is not told: that something must go, and by which name it has it.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from access_api.access import Allow, guarded_router
from access_api.concerned import recorded, refusals_recorded
from access_api.door import OpenDoor
from access_api.posted import Posted, described
from access_api.tokens import Caller
from access_api.visits import UID_PATTERN, PermitId
from access_api.wire import REFUSALS, RELEASE_REFUSALS, SHA256, SOP_UID, STEP_REFUSALS, STUDY_UID
from catalog.applications.words import Line, Part
from catalog.deletions import confirming, objects
from catalog.deletions.records import Confirmation, Standing
from catalog.deletions.standings import standings
from catalog.holds.effects import Deletion

MAX_LIMIT: Final = 1000

router = guarded_router(tag="Deletions")

Environment = Annotated[Caller, Depends(Allow(services=True))]


class DeletionsOfPermit(BaseModel):
    """How much of one permit's data is to be deleted."""

    permit: str
    due: int = Field(description="Objects to delete, and not confirmed.")
    since: AwareDatetime | None = Field(description="Since when the first of them is due.")
    confirmed: int = Field(description="Objects that you have confirmed.")
    everything_by: date | None = Field(
        description="The permit has ended: delete all you have of it, by this day."
    )
    everything_confirmed: AwareDatetime | None = Field(
        description="When you confirmed that all of it is deleted."
    )


class Due(BaseModel):
    """One object to delete, wherever it lies, with all that was made of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "study_uid": STUDY_UID,
                "sop_uid": SOP_UID,
                "proof": True,
                "when_replaced": False,
                "since": "2026-11-22T08:00:00Z",
            }
        }
    )

    study_uid: str
    sop_uid: str = Field(description="As it is named in the permit's releases.")
    proof: bool = Field(description="Its confirmation must have the digest of your record of it.")
    when_replaced: bool = Field(description="Once the corrected copy is there, not before.")
    since: AwareDatetime


class DuePage(BaseModel):
    """One page of them, by UID."""

    deletions: tuple[Due, ...]
    next_after: str | None = Field(description="Give it back as `after`; null on the last page.")


class Everything(Part):
    """That it was deleted: who did it at the environment, and when."""

    deleted_at: AwareDatetime
    by: Line = Field(description="Who did it, as you name your people.")
    proof_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=[SHA256])] | None = None

    @property
    def said(self) -> Confirmation:
        """Give it as the catalogue takes it."""
        return Confirmation(self.by, self.deleted_at, self.proof_sha256 or "")


class Deleted(Everything):
    """That objects were deleted, which, and by whom and when."""

    sop_uids: Annotated[
        tuple[Annotated[str, Field(pattern=UID_PATTERN)], ...],
        Field(min_length=1, max_length=MAX_LIMIT),
    ]


class Confirmed(BaseModel):
    """What became of a confirmation."""

    confirmed: int = Field(description="Objects that were not confirmed before.")


Told = Annotated[Deleted, Depends(Posted(Deleted))]
All = Annotated[Everything, Depends(Posted(Everything))]
_BODY: Final[dict[str, Any]] = described(Deleted)
_ALL_BODY: Final[dict[str, Any]] = described(Everything)


@router.get("/deletions", summary="What is to be deleted", responses=REFUSALS)
def list_permits_to_delete_of(caller: Environment, door: OpenDoor) -> tuple[DeletionsOfPermit, ...]:
    """Return, of each permit you were given, in force or not, how much is to be deleted.

    Six months after a permit has ended, nothing of it may be left.
    """
    with recorded(door, caller, "deletion.list", "/deletions"):
        found = standings(door.engine, caller.subject, today=_today())
    return tuple(map(_of_permit, found))


def _today() -> date:
    return datetime.now(UTC).date()


def _of_permit(one: Standing) -> DeletionsOfPermit:
    return DeletionsOfPermit(
        permit=one.permit_id,
        due=one.due,
        since=one.oldest,
        confirmed=one.confirmed,
        everything_by=one.whole.by if one.whole else None,
        everything_confirmed=one.whole.confirmed_at if one.whole else None,
    )


@router.get(
    "/releases/{permit}/deletions", summary="Of one permit, by name", responses=RELEASE_REFUSALS
)
def list_deletions(
    permit: PermitId,
    caller: Environment,
    door: OpenDoor,
    after: Annotated[
        str, Query(pattern=UID_PATTERN, description="`next_after` of the page before.")
    ] = "0",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Objects per page.")] = 500,
) -> DuePage:
    """Return what you must delete of a permit's releases, whichever release it came in."""
    with recorded(door, caller, "deletion.list", f"permit:{permit}/deletions", permit=permit):
        found = objects.asked_of(door.engine, caller.subject, permit, after=after, limit=limit + 1)
    shown = tuple(
        Due(
            study_uid=one.study_uid,
            sop_uid=one.sop_uid,
            proof=one.deletion is Deletion.PROVEN,
            when_replaced=one.deletion is Deletion.REPLACED,
            since=one.asked_at,
        )
        for one in found[:limit]
    )
    return DuePage(deletions=shown, next_after=shown[-1].sop_uid if len(found) > limit else None)


@router.post(
    "/releases/{permit}/deletions",
    summary="Confirm that it is deleted",
    responses=STEP_REFUSALS,
    openapi_extra=_BODY,
)
def confirm_deletions(
    permit: PermitId, caller: Environment, door: OpenDoor, told: Told
) -> Confirmed:
    """Enter what you have deleted, all of it or nothing; the same again changes nothing."""
    target = f"permit:{permit}/deletions"
    with refusals_recorded(door, caller, "deleted", target, permit=permit):
        new = confirming.confirm(door.engine, caller.subject, permit, told.sop_uids, told.said)
    return Confirmed(confirmed=new)


@router.post(
    "/releases/{permit}/deletions/everything",
    summary="Confirm that all of an ended permit is deleted",
    responses=STEP_REFUSALS,
    openapi_extra=_ALL_BODY,
)
def confirm_everything_deleted(
    permit: PermitId, caller: Environment, door: OpenDoor, told: All
) -> DeletionsOfPermit:
    """Enter that nothing of an ended permit is left; said again, it stays as it was.

    Objects that you were asked to delete are confirmed with it, and no more of it is asked for.
    """
    me, target, today = caller.subject, f"permit:{permit}/deletions", _today()
    with refusals_recorded(door, caller, "deleted", target, permit=permit):
        confirming.confirm_all(door.engine, permit, me, told.said, who=me, today=today)
    (found,) = standings(door.engine, me, today=today, permit_id=permit)
    return _of_permit(found)
