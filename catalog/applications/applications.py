"""An application from its draft to the table of an assessor (EHDS Art. 67, 68; TEHDAS2 D6.4).

Every change asks the machine of `catalog.lifecycle`, names the version that was read, and is
written together with its event and its line in the access log, or not at all.
"""

import secrets
from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from catalog import audit
from catalog.applications.form import VERSION, Form
from catalog.applications.reading import read
from catalog.applications.records import Application, Reader, digest
from catalog.applications.rules import gaps
from catalog.applications.tables import application, application_event
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import writing
from catalog.errors import FormError, Reason, StepError, VersionError
from catalog.lifecycle import APPLICATION, Actor, Event, Guard, after, ended
from catalog.vocabulary import ApplicationState

MAX_OPEN: Final = 50
"""So many applications of one person may be neither decided nor withdrawn."""


def draft(engine: Engine, form: Form, *, who: str) -> Application:
    """Begin an application; nobody but its owner sees a draft.

    Raises:
        StepError: Too many of this person's are open.
    """
    key, moment = f"app-{secrets.token_hex(8)}", now()
    with writing(engine) as connection:
        _wait_for_others_of(connection, who)
        mine = (application.c.owner == who, application.c.state.not_in(ended(APPLICATION)))
        if (connection.scalar(select(func.count()).where(*mine)) or 0) >= MAX_OPEN:
            raise StepError(Reason.TOO_MANY)
        connection.execute(
            application.insert().values(
                key=key,
                owner=who,
                state=ApplicationState.DRAFT,
                schema_version=VERSION,
                form=form.model_dump(mode="json"),
                version=1,
                created_at=moment,
                changed_at=moment,
            )
        )
        made = read(connection, key, Reader(who))
        _note(connection, made, Event.EDIT, who=who)
        return read(connection, key, Reader(who))


def _wait_for_others_of(connection: Connection, who: str) -> None:
    """Let one draft of a person begin at a time; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        own = func.hashtextextended(who, 0)
        connection.execute(select(func.pg_advisory_xact_lock(own)))


def edit(engine: Engine, key: str, form: Form, *, who: str, version: int) -> Application:
    """Put another form in the place of the present one.

    Raises:
        NotFoundError: There is no such application of theirs.
        VersionError: It was changed since `version` was read.
        StepError: It is not theirs to edit as it stands.
    """
    with writing(engine) as connection:
        found = take(connection, key, Reader(who), version)
        return move(connection, found, Event.EDIT, who=who, actor=Actor.APPLICANT, form=form)


def submit(engine: Engine, key: str, *, who: str, version: int) -> Application:
    """Hand an application in, or hand it in again with what was asked for.

    Raises:
        NotFoundError, VersionError, StepError: As for `edit`.
        FormError: It lacks what it must say.
    """
    with writing(engine) as connection:
        found = take(connection, key, Reader(who), version)
        return move(
            connection,
            found,
            Event.SUBMIT,
            who=who,
            actor=Actor.APPLICANT,
            met=(Guard.COMPLETE,) if is_complete(found) else (),
        )


def withdraw(engine: Engine, key: str, *, who: str, version: int) -> Application:
    """Take an application back, for good; also a draft.

    Raises:
        NotFoundError, VersionError, StepError: As for `edit`.
    """
    with writing(engine) as connection:
        found = take(connection, key, Reader(who), version)
        return move(connection, found, Event.WITHDRAW, who=who, actor=Actor.APPLICANT)


def advance(
    engine: Engine, key: str, event: Event, *, who: str, version: int, reason: str = ""
) -> Application:
    """As an assessor: begin to screen it, to process it, or ask for what it lacks.

    Raises:
        NotFoundError, VersionError, StepError: As for `edit`.
        InterestError: The application names the assessor, or is hers.
    """
    with writing(engine) as connection:
        found = take(connection, key, Reader(who, is_assessor=True), version)
        if event not in {Event.SCREEN, Event.PROCESS, Event.ASK}:
            raise StepError
        return move(
            connection,
            found,
            event,
            who=who,
            actor=Actor.ASSESSOR,
            met=impartial(found, who=who, reason=reason),
            reason=reason,
        )


def take(connection: Connection, key: str, reader: Reader, version: int) -> Application:
    """Read an application in order to change it, as the version that was read before.

    Raises:
        NotFoundError: There is no such application for this reader.
        VersionError: It was changed since.
    """
    found = read(connection, key, reader, to_change=True)
    if found.version != version:
        raise VersionError
    return found


def move(
    connection: Connection,
    found: Application,
    event: Event,
    *,
    who: str,
    actor: Actor,
    met: Collection[Guard] = (),
    reason: str = "",
    form: Form | None = None,
) -> Application:
    """Let an event happen to an application, if the machine allows it.

    Raises:
        StepError, InterestError, FormError: It does not.
        VersionError: Somebody else changed it first.
    """
    if actor is Actor.APPLICANT and found.owner != who:
        raise StepError(Reason.NOT_THEIRS)
    try:
        state = after(APPLICATION, found.state, event, who=actor, met=met)
    except FormError:
        raise FormError(gaps(found.form)) from None
    moment = now()
    values = {"state": state, "version": found.version + 1, "changed_at": moment}
    if form is not None:
        values |= {"form": form.model_dump(mode="json"), "schema_version": VERSION}
    if event is Event.SUBMIT and found.submitted_at is None:
        values["submitted_at"] = moment
    as_read = (application.c.key == found.key, application.c.version == found.version)
    changed = connection.execute(application.update().where(*as_read).values(**values))
    if not changed.rowcount:
        raise VersionError
    reader = Reader(who, is_assessor=actor is Actor.ASSESSOR)
    moved = read(connection, found.key, reader)
    _note(connection, moved, event, who=who, reason=reason)
    return read(connection, found.key, reader)


def is_complete(found: Application) -> bool:
    """Tell whether an application says all it must, in the present version of the form."""
    return found.schema_version == VERSION and not any(gaps(found.form))


def impartial(found: Application, *, who: str, reason: str) -> tuple[Guard, ...]:
    """Give which of the guards of an assessor's steps are met."""
    met = [Guard.REASON] if reason.strip() else []
    if who and found.owner != who and not found.form.names(who):
        met.append(Guard.NOT_NAMED)
    return tuple(met)


def _note(
    connection: Connection, moved: Application, event: Event, *, who: str, reason: str = ""
) -> None:
    mine = select(application.c.id).where(application.c.key == moved.key)
    connection.execute(
        application_event.insert().values(
            application_id=mine.scalar_subquery(),
            at=moved.changed_at,
            who=who,
            event=event,
            state=moved.state,
            reason=reason,
            sha256=digest(moved.form),
        )
    )
    told = f"application:{moved.key}"
    audit.record(connection, AccessEvent(who, "", f"application.{event}", told, moved.state))
