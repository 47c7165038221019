"""The hub's register of opt-outs: what each region said of a pseudonym, from when on, and when.

Words are only ever added. A woman is opted out while any region's last word says so; then a Hold
`OPTED_OUT` is on her, and when nobody says so any more it is lifted. A region takes back its own
word and no other's. A pseudonym of which nothing is published is kept too: what comes of it later
is held from its first moment.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, text

from catalog import audit, holds
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, Reason
from catalog.holds import HoldTarget
from catalog.optouts.tables import opt_out
from catalog.subjects import woman
from catalog.tables import hold, subject
from catalog.vocabulary import HoldKind, HoldScope, OptOut

OUT, LIFTED = "she opted out (EHDS Article 71)", "the opt-out was lifted"
_PSEUDONYM: Final = re.compile(r"[A-Z2-7]{16,64}")
_EARLY: Final = timedelta(minutes=5)


@dataclass(frozen=True, repr=False)
class Said:
    """What a woman says, from when on.

    Attributes:
        pseudonym: Hers inside the space; a personal identity number is none.
    """

    pseudonym: str
    word: OptOut
    valid_from: datetime


def enter(engine: Engine, said: Said, *, said_by: str, who: str) -> bool:
    """Enter what a woman says, hold or free what is hers, and tell whether it was new.

    Args:
        engine: The catalogue.
        said: What she says.
        said_by: The region's id; empty on one machine.
        who: Who entered it, as it is audited.

    Raises:
        ConflictError: That is no pseudonym, or it would be so from a moment that has not come.
    """
    if _PSEUDONYM.fullmatch(said.pseudonym) is None:
        raise ConflictError(Reason.NO_PSEUDONYM)
    moment = now()
    if said.valid_from > moment + _EARLY:
        raise ConflictError(Reason.NOT_YET)
    row = {
        "pseudonym": said.pseudonym,
        "word": said.word,
        "valid_from": said.valid_from,
        "recorded_at": moment,
        "said_by": said_by,
    }
    with writing(engine) as connection:
        _be_alone(connection)
        new = bool(insert_if_absent(connection, opt_out, row))
        if new:
            event = AccessEvent(who, "", "opt-out", f"region:{said_by}", said.word)
            audit.record(connection, event)
        _settle(connection, said.pseudonym, who=who)
        return new


def since(words: Iterable[Row[Any]]) -> datetime | None:
    """Give from when on a woman is opted out by these words of hers; None if she is not."""
    last: dict[str, Row[Any]] = {}
    for row in sorted(words, key=lambda row: (row.valid_from, row.id)):
        before = last.get(row.said_by)
        if before is None or before.word != row.word:
            last[row.said_by] = row
    return min((row.valid_from for row in last.values() if row.word == OptOut.OUT), default=None)


def is_out(
    engine: Engine, pseudonym: str, *, at: datetime, known: datetime | None = None
) -> datetime | None:
    """Tell since when a woman was opted out at a moment; None if she was not.

    Args:
        engine: The catalogue.
        pseudonym: Any of hers, as subjects are merged now.
        at: The moment that is asked about.
        known: By what the hub knew then; without it, by what it knew at that very moment.
    """
    with reading(engine) as connection:
        names = hers(connection, pseudonym)
        wanted = select(opt_out).where(
            opt_out.c.pseudonym.in_(names),
            opt_out.c.valid_from <= at,
            opt_out.c.recorded_at <= (known or at),
        )
        return since(connection.execute(wanted).all())


def hers(connection: Connection, pseudonym: str) -> list[str]:
    """Give all pseudonyms of the woman that one stands for; that one, if she is unknown."""
    root = woman(connection, pseudonym)
    if root is None:
        return [pseudonym]
    group = (subject.c.id == root) | (subject.c.merged_into == root)
    return list(connection.scalars(select(subject.c.pseudonym).where(group)))


def _settle(connection: Connection, pseudonym: str, *, who: str) -> None:
    """Bring her Holds to what is said: one while she is out, none while she is not."""
    names = hers(connection, pseudonym)
    words = connection.execute(select(opt_out).where(opt_out.c.pseudonym.in_(names))).all()
    mine = select(hold.c.id, hold.c.since).where(
        hold.c.kind == HoldKind.OPTED_OUT,
        hold.c.scope == HoldScope.SUBJECT,
        hold.c.target.in_(names),
        hold.c.lifted_at.is_(None),
    )
    placed, begun = connection.execute(mine).all(), since(words)
    if begun is None:
        for row in placed:
            holds.lift_in(connection, row.id, who=who, reason=LIFTED)
    elif not any(row.since is not None and row.since <= begun for row in placed):
        target = HoldTarget(HoldScope.SUBJECT, pseudonym)
        kind = HoldKind.OPTED_OUT
        holds.stop(connection, kind, target, reason=OUT, who=who, since=begun)


def _be_alone(connection: Connection) -> None:
    """Let no other enter a word until the transaction ends: of two, the second sees the first."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {opt_out.name} IN SHARE ROW EXCLUSIVE MODE"))
