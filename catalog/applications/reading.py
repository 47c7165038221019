"""Applications for those whom they concern; to all others there is none (EHDS Art. 67)."""

from sqlalchemy import ColumnElement, Connection, Engine, Row, or_, select, true

from catalog.applications.form import Form
from catalog.applications.records import Application, Happened, Listed, Reader
from catalog.applications.tables import application, application_event
from catalog.database import reading
from catalog.errors import CursorError, NotFoundError
from catalog.lifecycle import Event
from catalog.permits.tables import permit_decision
from catalog.vocabulary import ApplicationState


def get(engine: Engine, key: str, reader: Reader) -> Application:
    """Give an application.

    Raises:
        NotFoundError: There is none by that key, or it is not this reader's to see.
    """
    with reading(engine) as connection:
        return read(connection, key, reader)


def find(
    engine: Engine,
    reader: Reader,
    *,
    state: ApplicationState | None = None,
    before: str | None = None,
    limit: int = 50,
) -> tuple[Listed, ...]:
    """Give one page of the applications that a reader may see, the newest first.

    `before` is the key of the last one of the page before.

    Raises:
        CursorError: `before` is none of theirs.
    """
    wanted = select(application).where(_visible(reader)).order_by(application.c.id.desc())
    if state is not None:
        wanted = wanted.where(application.c.state == state)
    with reading(engine) as connection:
        if before is not None:
            mine = (application.c.key == before, _visible(reader))
            number = connection.scalar(select(application.c.id).where(*mine))
            if number is None:
                raise CursorError
            wanted = wanted.where(application.c.id < number)
        rows = connection.execute(wanted.limit(limit)).all()
    return tuple(_listed(row) for row in rows)


def read(
    connection: Connection, key: str, reader: Reader, *, to_change: bool = False
) -> Application:
    """Give an application inside a transaction, locked if it is to be changed; see `get`."""
    wanted = select(application).where(application.c.key == key, _visible(reader))
    row = connection.execute(wanted.with_for_update() if to_change else wanted).one_or_none()
    if row is None:
        raise NotFoundError
    mine = application_event.c.application_id == row.id
    events = connection.execute(
        select(application_event).where(mine).order_by(application_event.c.id)
    )
    first = (permit_decision.c.application_id == row.id, permit_decision.c.supersedes.is_(None))
    permit_id = connection.scalar(select(permit_decision.c.permit_id).where(*first))
    return Application(
        key=row.key,
        owner=row.owner,
        state=ApplicationState(row.state),
        schema_version=row.schema_version,
        form=Form.model_validate(row.form),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        submitted_at=row.submitted_at,
        events=tuple(
            Happened(
                at=one.at,
                who=one.who,
                event=Event(one.event),
                state=ApplicationState(one.state),
                reason=one.reason,
                sha256=one.sha256,
            )
            for one in events
        ),
        permit_id=permit_id or "",
    )


def _visible(reader: Reader) -> ColumnElement[bool]:
    """What nobody submitted is its owner's alone; an empty name owns nothing."""
    mine = application.c.owner == reader.who if reader.who else ~true()
    return or_(mine, application.c.submitted_at.is_not(None)) if reader.is_assessor else mine


def _listed(row: Row[tuple[object, ...]]) -> Listed:
    form = Form.model_validate(row.form)
    return Listed(
        key=row.key,
        state=ApplicationState(row.state),
        version=row.version,
        title=form.title,
        applicant="" if form.applicant is None else form.applicant.name,
        changed_at=row.changed_at,
        submitted_at=row.submitted_at,
    )
