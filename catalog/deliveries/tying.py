"""What comes from a holder on permit comes under an order, is what it asks for, and is tied to it.

Both rules stand in the transaction that publishes: what they refuse leaves no row.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from catalog.applications.cohort import Cohort
from catalog.batches import batches
from catalog.columns import now
from catalog.database import insert_if_absent
from catalog.deliveries.asking import is_open
from catalog.deliveries.tables import delivered_for, delivery_order
from catalog.errors import ConflictError, Reason
from catalog.orders.criteria import wants
from catalog.permits.lines import is_over
from catalog.permits.tables import permit_decision
from catalog.records import StudyDraft
from catalog.search import instance_conditions, study_conditions
from catalog.tables import holder, instance, study
from catalog.vocabulary import DeliveryState, HolderMode

#: An image that waited for people may come after the order was said to be done.
_TAKEN = (DeliveryState.SENT, DeliveryState.ACCEPTED, DeliveryState.DELIVERED)


def line_of(connection: Connection, permit_id: str) -> str:
    """Name the permits that followed one another by the first of them."""
    wanted = select(permit_decision.c.line).where(permit_decision.c.permit_id == permit_id)
    return connection.scalar(wanted) or permit_id


def require_delivered(connection: Connection, line: str) -> None:
    """Stop while something that was ordered for a line of permits has not come, nor ended.

    Raises:
        ConflictError: It has not.
    """
    if is_open(connection, line):
        raise ConflictError(Reason.UNDELIVERED)


def tie(connection: Connection, draft: StudyDraft) -> None:
    """Tie what a draft brings to the permits it was ordered for; the same again changes nothing.

    Raises:
        ConflictError: The holder delivers on permit only and no order in force asks for it, or
            the order does not ask for one of the objects.
    """
    order = _in_force(connection, draft) if draft.order else None
    if order is None:
        mode = connection.scalar(select(holder.c.mode).where(holder.c.id == draft.holder_id))
        if mode == HolderMode.ON_PERMIT and (draft.revisions or draft.known):
            raise ConflictError(Reason.NOT_ORDERED)
        return
    asked = Cohort.model_validate(order.criteria)
    if not all(wants(asked, new.instance) for new in draft.revisions):
        raise ConflictError(Reason.NOT_ASKED)
    uids = [new.instance.sop_uid for new in draft.revisions]
    for some in batches([*uids, *draft.known]):
        mine = (instance.c.sop_uid.in_(some), study.c.holder_id == draft.holder_id)
        query = replace(asked.query(), flag=None, laterality_agrees=None)
        found = connection.scalars(
            select(instance.c.id)
            .join(study, study.c.id == instance.c.study_id)
            .where(*mine, *study_conditions(query), *instance_conditions(query))
        ).all()
        rows = [
            {"line": order.line, "instance_id": number, "order_id": order.id} for number in found
        ]
        insert_if_absent(connection, delivered_for, *rows)


def _in_force(connection: Connection, draft: StudyDraft) -> Row[Any] | None:
    """Give the order of a draft: its holder's, signed, and of permits that are not over."""
    order = connection.execute(
        select(delivery_order).where(
            delivery_order.c.id == draft.order,
            delivery_order.c.holder_id == draft.holder_id,
            delivery_order.c.state.in_(_TAKEN),
        )
    ).one_or_none()
    if order is None:
        return None
    return None if is_over(connection, order.line, today=now().date()) else order
