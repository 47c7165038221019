"""Enter permits: for development as they are, and by a decision with all that it says."""

import secrets

from sqlalchemy import Connection, Engine

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import writing
from catalog.deliveries.asking import ask
from catalog.errors import ConflictError, Reason
from catalog.lifecycle import Event
from catalog.permits.checking import find
from catalog.permits.content import VERSION, Content
from catalog.permits.records import Permit, Placed, last_day
from catalog.permits.tables import permit_decision, permit_event
from catalog.tables import permit, permit_person
from catalog.vocabulary import PermitState


def create(engine: Engine, issued: Permit) -> None:
    """Enter a permit without a decision, for development; the same one again changes nothing.

    Raises:
        ConflictError: Another permit has the id, or its days are not those of a permit.
    """
    with writing(engine) as connection:
        there = find(connection, issued.id)
        if there is None:
            _enter(connection, issued)
        elif there != issued:
            raise ConflictError(Reason.OTHER_PERMIT)


def issue(
    connection: Connection, content: Content, placed: Placed, *, who: str, reason: str
) -> str:
    """Enter a permit that was decided on, in the transaction of the decision; give its id.

    In the same transaction holders that deliver on permit are asked for what it grants.
    """
    permit_id = f"permit-{secrets.token_hex(8)}"
    _enter(connection, content.permit(permit_id))
    connection.execute(
        permit_decision.insert().values(
            permit_id=permit_id,
            application_id=placed.application_id,
            line=placed.line or permit_id,
            number=placed.number,
            supersedes=placed.supersedes,
            way=placed.way,
            extensions=placed.extensions,
            schema_version=VERSION,
            content=content.model_dump(mode="json"),
        )
    )
    note(connection, permit_id, placed.way, who=who, reason=reason)
    ask(connection, permit_id, placed.line or permit_id, content, who=who)
    return permit_id


def note(connection: Connection, permit_id: str, event: Event, *, who: str, reason: str) -> None:
    """Write down what happened to a permit, and in the access log that it did."""
    connection.execute(
        permit_event.insert().values(
            permit_id=permit_id, at=now(), who=who, event=event, reason=reason
        )
    )
    outcome = PermitState.REVOKED if event is Event.REVOKE else PermitState.GRANTED
    told = AccessEvent(who, permit_id, f"permit.{event}", f"permit:{permit_id}", outcome)
    audit.record(connection, told)


def _enter(connection: Connection, issued: Permit) -> None:
    if issued.valid_from > issued.valid_until:
        raise ConflictError
    if issued.valid_until > last_day(issued.valid_from):
        raise ConflictError(Reason.TOO_LONG)
    connection.execute(
        permit.insert().values(
            id=issued.id,
            title=issued.title,
            purpose=issued.purpose,
            tier=issued.tier,
            valid_from=issued.valid_from,
            valid_until=issued.valid_until,
            created_at=now(),
            revoked_at=issued.revoked_at,
        )
    )
    for person in sorted(issued.persons):
        connection.execute(permit_person.insert().values(permit_id=issued.id, person=person))
