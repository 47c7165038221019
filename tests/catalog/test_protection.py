"""The side table keeps flags by keyed hash, and remembers whom the hub is to be told of."""

import secrets
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select

from catalog.database import reading
from catalog.protection import Flags, ProtectionTable, Status
from catalog.protection_tables import protection
from catalog.vocabulary import Flag, HoldKind

DAY = date(2026, 11, 22)
CANONICAL = "195703129808"
YES, NO, UNKNOWN = Flag.YES, Flag.NO, Flag.UNKNOWN


@pytest.fixture
def table(ledger_engine: Engine) -> ProtectionTable:
    return ProtectionTable(ledger_engine, secrets.token_bytes(32))


def flags(protected: Flag = NO, blocked: Flag = NO, as_of: date = DAY) -> Flags:
    return Flags(protected, blocked, as_of)


def due(table: ProtectionTable, *people: str) -> dict[str, tuple[HoldKind, ...]]:
    return dict(table.due(people or (CANONICAL,)))


def test_what_is_said_of_a_person_is_found_and_of_another_nothing(table: ProtectionTable) -> None:
    assert table.enter({CANONICAL: flags(YES, UNKNOWN)}) == 1
    assert table.flags(CANONICAL) == flags(YES, UNKNOWN)
    assert table.flags("194908059829") is None


def test_no_identity_is_at_rest(table: ProtectionTable, ledger_engine: Engine) -> None:
    table.enter({CANONICAL: flags(YES)})
    with reading(ledger_engine) as connection:
        (row,) = connection.execute(select(protection)).all()
    assert CANONICAL not in str(row)
    assert len(row.person) == 64
    assert ProtectionTable(ledger_engine, secrets.token_bytes(32)).flags(CANONICAL) is None


def test_a_newer_word_replaces_an_older_and_not_the_other_way(table: ProtectionTable) -> None:
    table.enter({CANONICAL: flags(NO)})
    assert table.enter({CANONICAL: flags(YES, as_of=DAY - timedelta(days=1))}) == 0
    assert table.flags(CANONICAL) == flags(NO)
    later = flags(YES, as_of=DAY + timedelta(days=1))
    assert table.enter({CANONICAL: later}) == 1
    assert table.flags(CANONICAL) == later


def test_a_flag_that_comes_is_due_until_the_hub_is_told(table: ProtectionTable) -> None:
    table.enter({CANONICAL: flags(NO, UNKNOWN)})
    assert due(table) == {}
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED, HoldKind.BLOCKED)}
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED, HoldKind.BLOCKED)}
    table.told(CANONICAL)
    assert due(table) == {}


def test_a_flag_that_stays_is_not_due_again(table: ProtectionTable) -> None:
    """A person who lifted a Hold is not overruled by the next import."""
    table.enter({CANONICAL: flags(YES)})
    table.told(CANONICAL)
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.BLOCKED,)}
    table.told(CANONICAL)
    for word in (NO, YES):
        table.enter({CANONICAL: flags(word, YES)})
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED,)}


def test_many_are_entered_at_once(table: ProtectionTable) -> None:
    people = {f"19{number:010}": flags(YES if number % 3 == 0 else NO) for number in range(1201)}
    assert table.enter(people) == 1201
    assert len(due(table, *people)) == 401


def test_of_two_words_of_one_person_the_stricter_counts() -> None:
    joined = flags(YES, NO).together(flags(NO, UNKNOWN, DAY - timedelta(days=2)))
    assert joined == flags(YES, UNKNOWN, DAY - timedelta(days=2))


def test_the_table_tells_numbers_only(table: ProtectionTable) -> None:
    assert table.status(since=DAY) == Status(0, 0, 0, 0, 0, 0, None, None)
    before = DAY - timedelta(days=8)
    said = {"a": flags(YES), "b": flags(NO, YES), "c": flags(UNKNOWN), "d": flags(as_of=before)}
    table.enter(said)
    table.told("a")
    assert table.status(since=DAY) == Status(4, 1, 1, 1, 1, 1, before, DAY)
