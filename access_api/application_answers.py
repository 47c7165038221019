"""Applications and permits as they are answered."""

from datetime import date, datetime
from typing import Any, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from catalog.applications.form import Form
from catalog.applications.records import Application
from catalog.applications.rules import gaps
from catalog.lifecycle import APPLICATION, PERMIT, Actor, Event
from catalog.permits.content import Content
from catalog.permits.reading import Issued
from catalog.permits.records import Permit
from catalog.vocabulary import ApplicationState, PermitState, Tier, Verdict

_ACTORS: Final = {move.event: move.who for move in (*APPLICATION, *PERMIT)}

CREATED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "Kept; `Location` says where.",
        "headers": {
            "Location": {"description": "The application.", "schema": {"type": "string"}},
            "ETag": {"description": "Its version.", "schema": {"type": "string"}},
        },
    }
}
FOLLOWED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "The new permit; `Location` says where.",
        "headers": {"Location": {"description": "The permit.", "schema": {"type": "string"}}},
    }
}


class Gap(BaseModel):
    """What must still be said: a clause of the Regulation and a field of the form."""

    clause: str = Field(examples=["67(2)(j)"])
    field: str = Field(examples=["ethics"])


class HappenedAnswer(BaseModel):
    """One thing that happened; `who` is told to assessors only."""

    at: datetime
    event: Event
    by: Actor
    who: str | None
    reason: str


class ApplicationListed(BaseModel):
    """One line of a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(validation_alias=AliasChoices("key", "id"))
    state: ApplicationState
    version: int
    title: str
    applicant: str
    changed_at: datetime
    submitted_at: datetime | None


class ApplicationAnswer(BaseModel):
    """An application; give `version` back in If-Match to change it."""

    id: str
    state: ApplicationState
    version: int
    schema_version: int
    form: Form
    gaps: tuple[Gap, ...] = Field(description="What it still has to say.")
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    verdict: Verdict | None
    permit: str | None = Field(description="The permit that it led to.")
    events: tuple[HappenedAnswer, ...]


class PermitListed(BaseModel):
    """One line of a list."""

    id: str
    title: str
    state: PermitState
    in_force: bool = Field(description="Whether it can be used today.")
    tier: Tier = Field(description="What was granted.")
    tier_in_force: Tier = Field(
        description="How its data may be had today: what is granted as ANON_DOWNLOAD is served as "
        "PSEUDO_SPE until a named person has found it anonymous."
    )
    valid_from: date
    valid_until: date


class PermitAnswer(PermitListed):
    """A permit with what it says (Art. 68(10)) and what happened to it."""

    application: str | None
    superseded_by: str | None = Field(description="The permit that took its place.")
    superseded_from: date | None = Field(description="From that day on it can be used no more.")
    line: tuple[str, ...] = Field(description="All that followed one another, the first first.")
    content: Content | None
    events: tuple[HappenedAnswer, ...]


def shown(found: Application, *, whole: bool) -> ApplicationAnswer:
    """Show an application; `whole`, for assessors, also who did what."""
    return ApplicationAnswer(
        id=found.key,
        state=found.state,
        version=found.version,
        schema_version=found.schema_version,
        form=found.form,
        gaps=tuple(Gap(clause=clause, field=field) for clause, field in gaps(found.form)),
        created_at=found.created_at,
        changed_at=found.changed_at,
        submitted_at=found.submitted_at,
        verdict=found.verdict,
        permit=found.permit_id or None,
        events=tuple(
            _happened(one.at, one.event, one.who, one.reason, whole=whole) for one in found.events
        ),
    )


def listed(found: Permit, served: Tier, today: date) -> PermitListed:
    """Show one line of a list of permits; `served` is the tier in force."""
    return PermitListed(**_line(found, served, today))


def shown_permit(found: Issued, served: Tier, today: date, *, whole: bool) -> PermitAnswer:
    """Show a permit; `whole`, for assessors, also who did what."""
    after = found.permit.superseded
    return PermitAnswer(
        **_line(found.permit, served, today),
        application=found.application or None,
        superseded_by=None if after is None else after.by,
        superseded_from=None if after is None else after.since,
        line=found.line,
        content=found.content,
        events=tuple(
            _happened(one.at, one.event, one.who, one.reason, whole=whole) for one in found.events
        ),
    )


def _line(found: Permit, served: Tier, today: date) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.title,
        "state": found.state(today),
        "in_force": found.in_force(today),
        "tier": found.tier,
        "tier_in_force": served,
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
    }


def _happened(at: datetime, event: Event, who: str, reason: str, *, whole: bool) -> HappenedAnswer:
    by = _ACTORS[event]
    return HappenedAnswer(at=at, event=event, by=by, who=who if whole else None, reason=reason)
