"""What a permit was granted for bounds every release of it (EHDS Art. 68(10)(a))."""

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from catalog.permits.content import Content
from catalog.permits.tables import permit_decision
from catalog.search import Query, instance_conditions, latest, study_conditions
from catalog.tables import instance, revision


def granted(connection: Connection, permit_id: str) -> Query:
    """Give the cohort that a permit was granted for; everything, if it was issued for development.

    A holder is one of those who are asked, and of those only what is held by it is in the cohort.
    """
    told = connection.scalar(
        select(permit_decision.c.content).where(permit_decision.c.permit_id == permit_id)
    )
    return Query() if told is None else Content.model_validate(told).data.cohort.query()


def is_granted(cohort: Query) -> ColumnElement[bool]:
    """Give the condition that an instance, and its revision and study joined to it, is in a cohort.

    What was derived here of an image goes with it, unless the cohort wants no companions.
    """
    if cohort == Query():
        return true()
    mine = and_(true(), *instance_conditions(cohort))
    if cohort.companions:
        fitting = select(instance.c.id).join(revision, latest()).where(mine).correlate(None)
        mine = or_(mine, instance.c.derived_from.in_(fitting))
    return and_(*study_conditions(cohort), mine)
