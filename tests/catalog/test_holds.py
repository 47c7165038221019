"""Holds are listed, and lifted by a person who says why."""

import pytest
from sqlalchemy import Engine, select

from catalog import audit, holds, tables
from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope

WHY = "the flag was taken back"


def placed(engine: Engine, target: str) -> int:
    whom = HoldTarget(HoldScope.SUBJECT, target)
    return holds.place(engine, HoldKind.PROTECTED, whom, reason="flagged", who="side table")


def test_holds_are_listed_and_those_lifted_when_asked(catalogue_engine: Engine) -> None:
    assert holds.list_holds(catalogue_engine) == ()
    first, second = (placed(catalogue_engine, name) for name in ("p1", "p2"))
    assert holds.lift(catalogue_engine, first, who="officer", reason=WHY)
    (one,) = holds.list_holds(catalogue_engine)
    assert (one.id, one.kind, one.reason, one.placed_by, one.lifted_at) == (
        second,
        HoldKind.PROTECTED,
        "flagged",
        "side table",
        None,
    )
    assert one.target == HoldTarget(HoldScope.SUBJECT, "p2")
    assert "p2" not in repr(one)
    every = holds.list_holds(catalogue_engine, lifted=True)
    assert [(one.id, one.lifted_by, one.lift_reason) for one in every] == [
        (first, "officer", WHY),
        (second, "", ""),
    ]


def test_who_lifted_a_hold_and_why_is_kept_and_logged_once(catalogue_engine: Engine) -> None:
    number = placed(catalogue_engine, "p1")
    assert holds.lift(catalogue_engine, number, who="officer", reason=WHY)
    assert not holds.lift(catalogue_engine, number, who="another", reason="as well")
    with reading(catalogue_engine) as connection:
        row = connection.execute(select(tables.hold)).one()
    assert (row.lifted_by, row.lift_reason) == ("officer", WHY)
    (line,) = audit.entries(catalogue_engine)
    assert (line.actor, line.action, line.object, line.outcome) == (
        "officer",
        "lift",
        f"hold:{number}",
        "PROTECTED",
    )


def test_a_hold_there_is_not_cannot_be_lifted(catalogue_engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        holds.lift(catalogue_engine, 7, who="officer", reason=WHY)
    assert list(audit.entries(catalogue_engine)) == []
