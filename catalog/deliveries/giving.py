"""Who is given what a holder delivered on permit: those it was delivered for, and nobody else."""

from sqlalchemy import ColumnElement, exists, func, or_, select

from catalog.deliveries.tables import delivered_for
from catalog.tables import holder, instance, study
from catalog.vocabulary import HolderMode


def of_standing() -> ColumnElement[bool]:
    """Give the condition that a study is of a holder whose data anybody may find."""
    return holder_stands(study.c.holder_id)


def holder_stands(holder_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Give the condition that a holder is one whose data anybody may find."""
    on_permit = select(holder.c.id).where(holder.c.mode == HolderMode.ON_PERMIT)
    return holder_id.not_in(on_permit)


def given_to(line: str) -> ColumnElement[bool]:
    """Give the condition that an instance may be frozen for a line of permits.

    What was derived here from an image goes with the image.
    """
    image = func.coalesce(instance.c.derived_from, instance.c.id)
    theirs = exists().where(delivered_for.c.line == line, delivered_for.c.instance_id == image)
    return or_(of_standing(), theirs.correlate(instance))
