"""What was known of opt-outs when a permit was granted, and what has come since, in numbers."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Engine, func, or_, select

from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.optouts.register import since
from catalog.optouts.tables import opt_out
from catalog.tables import (
    hold,
    instance,
    permit,
    release,
    release_instance,
    revision,
    study,
    subject,
)
from catalog.vocabulary import HoldKind, HoldScope


@dataclass(frozen=True)
class Decision:
    """How opt-outs stood when a permit was granted (EHDS Art. 71(3)).

    Attributes:
        granted_at: The moment of the decision.
        out: Pseudonyms that were opted out then, by what the hub knew then.
        spared: Women in the permit's releases who opted out after it: it may keep them.
        stopped: Women in them who had opted out before: they are not served.
    """

    permit_id: str
    granted_at: datetime
    out: int
    spared: int
    stopped: int


def decision(engine: Engine, permit_id: str) -> Decision:
    """Tell how opt-outs stood when a permit was granted.

    Raises:
        NotFoundError: There is no such permit.
    """
    with reading(engine) as connection:
        wanted = select(permit.c.created_at).where(permit.c.id == permit_id)
        granted = connection.scalar(wanted)
        if granted is None:
            raise NotFoundError
        every, earlier = (_released(connection, permit_id, moment) for moment in (None, granted))
        out = counted(connection, granted)
    return Decision(permit_id, granted, out, every - earlier, earlier)


def counted(connection: Connection, at: datetime) -> int:
    """Count the pseudonyms that were opted out at a moment, by what was known then."""
    wanted = (
        select(opt_out)
        .where(opt_out.c.valid_from <= at, opt_out.c.recorded_at <= at)
        .order_by(opt_out.c.pseudonym, opt_out.c.id)
        .execution_options(yield_per=1000)
    )
    rows = connection.execute(wanted)
    return sum(since(words) is not None for _, words in groupby(rows, lambda row: row.pseudonym))


def _released(connection: Connection, permit_id: str, before: datetime | None) -> int:
    """Count the women of a permit's releases who are opted out; of those, since before a moment."""
    hers = subject.alias("hers")
    active = [
        hold.c.kind == HoldKind.OPTED_OUT,
        hold.c.scope == HoldScope.SUBJECT,
        hold.c.target == hers.c.pseudonym,
        hold.c.lifted_at.is_(None),
    ]
    if before is not None:
        active.append(func.coalesce(hold.c.since, hold.c.placed_at) <= before)
    whose = or_(hers.c.id == study.c.subject_id, hers.c.merged_into == study.c.subject_id)
    wanted = (
        select(func.count(study.c.subject_id.distinct()))
        .select_from(release_instance)
        .join(release, release.c.id == release_instance.c.release_id)
        .join(revision, revision.c.id == release_instance.c.revision_id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(hers, whose)
        .join(hold, hold.c.target == hers.c.pseudonym)
        .where(release.c.permit_id == permit_id, *active)
    )
    return connection.scalar(wanted) or 0
