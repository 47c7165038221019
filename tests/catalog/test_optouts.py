"""An opt-out is known by pseudonym, is only ever added to, and holds what is hers."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from catalog import audit, holds, permits, subjects
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.optouts import register
from catalog.optouts.decisions import Decision, decision
from catalog.optouts.register import Said
from catalog.optouts.tables import opt_out
from catalog.search import Query, search
from catalog.tables import permit as permits_table
from catalog.vocabulary import HoldKind, OptOut
from tests.catalog.making import draft, permit, prepared
from tests.catalog.test_releases import built

SHE, LATER, OTHER = "A" * 26, "B" * 26, "C" * 26
OUT, LIFTED = OptOut.OUT, OptOut.LIFTED


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(draft(1, subject=SHE))
    publisher.publish(draft(2, subject=OTHER))
    return catalogue_engine


def ago(days: float) -> datetime:
    return now() - timedelta(days=days)


def say(
    engine: Engine, word: OptOut, days: float = 0, *, whom: str = SHE, by: str = "norr"
) -> bool:
    return register.enter(engine, Said(whom, word, ago(days)), said_by=by, who=f"region {by}")


def found(engine: Engine) -> int:
    return len(search(engine, Query()).studies)


def test_who_opts_out_is_held_and_who_takes_it_back_is_free(engine: Engine) -> None:
    assert found(engine) == 2
    assert say(engine, OUT, 3)
    assert found(engine) == 1
    (one,) = holds.list_holds(engine)
    assert (one.kind, one.target.value, one.placed_by) == (HoldKind.OPTED_OUT, SHE, "region norr")
    assert one.since is not None
    assert one.since < one.placed_at
    assert say(engine, LIFTED)
    assert found(engine) == 2
    assert holds.list_holds(engine) == ()
    lines = [(line.action, line.outcome) for line in audit.entries(engine)]
    assert lines == [
        ("opt-out", "OUT"),
        ("hold", "OPTED_OUT"),
        ("opt-out", "LIFTED"),
        ("lift", "OPTED_OUT"),
    ]


def test_the_same_word_again_changes_nothing(engine: Engine) -> None:
    said = Said(SHE, OUT, ago(1))
    assert register.enter(engine, said, said_by="norr", who="region norr")
    assert not register.enter(engine, said, said_by="norr", who="region norr")
    assert len(holds.list_holds(engine)) == 1
    with reading(engine) as connection:
        assert len(connection.execute(select(opt_out)).all()) == 1


def test_words_are_added_and_what_was_known_at_any_moment_is_told(engine: Engine) -> None:
    say(engine, OUT, 9)
    between = now()
    say(engine, LIFTED, 4)
    asked = [(ago(10), now()), (ago(8), now()), (ago(3), now()), (ago(3), between)]
    told = [register.is_out(engine, SHE, at=at, known=known) for at, known in asked]
    assert [one is not None for one in told] == [False, True, False, True]
    assert register.is_out(engine, SHE, at=ago(8)) is None  # nobody had entered it by then
    with reading(engine) as connection:
        words = list(connection.scalars(select(opt_out.c.word).order_by(opt_out.c.id)))
    assert words == ["OUT", "LIFTED"]


def test_one_region_takes_back_no_other_regions_word(engine: Engine) -> None:
    say(engine, OUT, 3, by="norr")
    say(engine, LIFTED, 1, by="soder")
    assert found(engine) == 1
    say(engine, LIFTED, 0, by="norr")
    assert found(engine) == 2


def test_an_earlier_moment_that_comes_later_counts(engine: Engine) -> None:
    say(engine, OUT, 2)
    say(engine, OUT, 5)
    assert min(one.since for one in holds.list_holds(engine) if one.since) < ago(4)


def test_what_comes_of_her_later_is_held_from_its_first_moment(engine: Engine) -> None:
    say(engine, OUT, 1, whom=LATER)
    prepared(engine).publish(draft(3, subject=LATER))
    assert found(engine) == 2


def test_it_follows_her_to_another_pseudonym_and_back(engine: Engine) -> None:
    say(engine, OUT, 1)
    with writing(engine) as connection:
        subjects.enter(connection, LATER)
    subjects.merge(engine, old=SHE, new=LATER, weeks=0, reason="r", who="w")
    prepared(engine).publish(draft(3, subject=LATER))
    assert found(engine) == 1
    assert register.is_out(engine, LATER, at=now()) is not None
    say(engine, LIFTED, whom=LATER)
    assert found(engine) == 3


@pytest.mark.parametrize(
    "number", ["195703129808", "19570312-9808", "570312-9808", "2222222222", "", "A" * 65]
)
def test_a_number_of_a_person_is_no_pseudonym(engine: Engine, number: str) -> None:
    with pytest.raises(ConflictError) as caught:
        say(engine, OUT, whom=number)
    assert caught.value.reason is Reason.NO_PSEUDONYM
    assert number == "" or number not in str(caught.value)
    assert holds.list_holds(engine) == ()


def test_nobody_opts_out_from_a_moment_that_has_not_come(engine: Engine) -> None:
    with pytest.raises(ConflictError):
        say(engine, OUT, -1)


def test_how_it_stood_when_a_permit_was_granted_is_told(engine: Engine) -> None:
    permits.create(engine, permit())
    built(engine)
    with writing(engine) as connection:
        connection.execute(permits_table.update().values(created_at=ago(5)))
    say(engine, OUT, 9)
    say(engine, OUT, 2, whom=OTHER)
    with writing(engine) as connection:
        mine = opt_out.update().where(opt_out.c.pseudonym == SHE)
        connection.execute(mine.values(recorded_at=ago(8)))
    told = decision(engine, "permit-1")
    assert told == Decision("permit-1", told.granted_at, out=1, spared=1, stopped=1)
    with pytest.raises(NotFoundError):
        decision(engine, "permit-9")
