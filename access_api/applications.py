"""Applications: a researcher writes and submits hers; an assessor reads and decides (EHDS Art. 67).

Each change names the version it is of, so that nobody writes over, or decides on, what he has not
read. What is written there is the applicant's own: no log and no refusal repeats it.
"""

from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from access_api.access import guarded_router
from access_api.application_answers import (
    CREATED,
    ApplicationAnswer,
    ApplicationListed,
    shown,
)
from access_api.concerned import (
    Applicant,
    ApplicationId,
    Assessor,
    Concerned,
    Version,
    etag,
    reader,
    recorded,
    refusals_recorded,
)
from access_api.door import OpenDoor
from access_api.posted import Posted, described
from access_api.tokens import Caller
from access_api.wire import CHANGE_REFUSALS, REFUSALS, RELEASE_REFUSALS
from catalog.applications import applications, deciding, reading
from catalog.applications.deciding import Ruling
from catalog.applications.form import Form
from catalog.applications.records import Application
from catalog.applications.schema import schema
from catalog.applications.words import Part, Sentence
from catalog.lifecycle import Event
from catalog.vocabulary import ApplicationState

router = guarded_router(tag="Applications")


class Step(Part):
    """What an assessor does before deciding; what is asked for needs a reason."""

    event: Literal[Event.SCREEN, Event.PROCESS, Event.ASK]
    reason: Sentence | None = None


Written = Annotated[Form, Depends(Posted(Form))]
Taken = Annotated[Step, Depends(Posted(Step))]
Ruled = Annotated[Ruling, Depends(Posted(Ruling))]


@router.get("/application-schema", summary="The form", responses=REFUSALS)
def application_schema(caller: Concerned) -> dict[str, Any]:
    """Return the JSON Schema of an application, with what must be said before it is submitted."""
    del caller
    return schema()


@router.get("/applications", summary="Applications", responses=REFUSALS)
def list_applications(
    caller: Concerned,
    door: OpenDoor,
    state: Annotated[ApplicationState | None, Query(description="Of this state only.")] = None,
    before: Annotated[
        str | None,
        Query(pattern=r"^app-[0-9a-f]{16}$", description="The last one of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="So many at most.")] = 50,
) -> tuple[ApplicationListed, ...]:
    """Return your own; to an assessor, all that were submitted; the newest first."""
    with recorded(door, caller, "application.list", "/applications"):
        found = reading.find(door.engine, reader(caller), state=state, before=before, limit=limit)
    return tuple(ApplicationListed.model_validate(one) for one in found)


@router.post(
    "/applications",
    summary="Begin an application",
    status_code=HTTPStatus.CREATED,
    responses=CHANGE_REFUSALS | CREATED,
    openapi_extra=described(Form),
)
def draft_application(
    caller: Applicant, door: OpenDoor, form: Written, response: Response
) -> ApplicationAnswer:
    """Keep a draft that nobody else sees; only the title has to be there."""
    with refusals_recorded(door, caller, "application.edit", "/applications"):
        made = applications.draft(door.engine, form, who=caller.subject)
    response.headers["Location"] = f"/applications/{made.key}"
    return _answer(made, response)


@router.get("/applications/{application}", summary="One application", responses=RELEASE_REFUSALS)
def read_application(
    application: ApplicationId, caller: Concerned, door: OpenDoor, response: Response
) -> ApplicationAnswer:
    """Return what it says, what it lacks, and what happened to it."""
    with recorded(door, caller, "application.read", _named(application)):
        found = reading.get(door.engine, application, reader(caller))
    return _answer(found, response, whole=reader(caller).is_assessor)


class Change:
    """A change of one application, of the version that its caller has read."""

    def __init__(
        self, application: ApplicationId, door: OpenDoor, version: Version, response: Response
    ) -> None:
        self.key = application
        self.engine = door.engine
        self.version = version
        self._door = door
        self._response = response

    def by(self, caller: Caller, action: str) -> AbstractContextManager[None]:
        """Record it if it is refused; the catalogue records what it makes."""
        return refusals_recorded(self._door, caller, f"application.{action}", _named(self.key))

    def answer(self, found: Application, *, whole: bool = False) -> ApplicationAnswer:
        """Show what the application has become."""
        return _answer(found, self._response, whole=whole)


Changing = Annotated[Change, Depends()]


@router.put(
    "/applications/{application}",
    summary="Write it anew",
    openapi_extra=described(Form),
    responses=CHANGE_REFUSALS,
)
def edit_application(caller: Applicant, change: Changing, form: Written) -> ApplicationAnswer:
    """Put another form in its place, while it is a draft or more was asked for."""
    with change.by(caller, Event.EDIT):
        return change.answer(
            applications.edit(
                change.engine, change.key, form, who=caller.subject, version=change.version
            )
        )


@router.post(
    "/applications/{application}/submission", summary="Submit it", responses=CHANGE_REFUSALS
)
def submit_application(caller: Applicant, change: Changing) -> ApplicationAnswer:
    """Hand it in; what it lacks is told as `gaps`, by clause and field."""
    with change.by(caller, Event.SUBMIT):
        return change.answer(
            applications.submit(
                change.engine, change.key, who=caller.subject, version=change.version
            )
        )


@router.post(
    "/applications/{application}/withdrawal", summary="Withdraw it", responses=CHANGE_REFUSALS
)
def withdraw_application(caller: Applicant, change: Changing) -> ApplicationAnswer:
    """Take it back for good, before it is decided."""
    with change.by(caller, Event.WITHDRAW):
        return change.answer(
            applications.withdraw(
                change.engine, change.key, who=caller.subject, version=change.version
            )
        )


@router.post(
    "/applications/{application}/steps",
    summary="Screen it, process it, or ask for more",
    openapi_extra=described(Step),
    responses=CHANGE_REFUSALS,
)
def advance_application(caller: Assessor, change: Changing, step: Taken) -> ApplicationAnswer:
    """Take one step towards a decision; nobody does so with what names her."""
    with change.by(caller, step.event):
        found = applications.advance(
            change.engine,
            change.key,
            step.event,
            who=caller.subject,
            version=change.version,
            reason=step.reason or "",
        )
        return change.answer(found, whole=True)


@router.post(
    "/applications/{application}/decision",
    summary="Decide",
    openapi_extra=described(Ruling),
    responses=CHANGE_REFUSALS,
)
def decide_on_application(caller: Assessor, change: Changing, ruling: Ruled) -> ApplicationAnswer:
    """Grant a permit on some terms, or refuse it; with the reasons, and for good."""
    with change.by(caller, "decide"):
        found = deciding.decide(
            change.engine, change.key, ruling, who=caller.subject, version=change.version
        )
        return change.answer(found, whole=True)


def _named(application: str) -> str:
    return f"application:{application}"


def _answer(found: Application, response: Response, *, whole: bool = False) -> ApplicationAnswer:
    response.headers["ETag"] = etag(found.version)
    return shown(found, whole=whole)
