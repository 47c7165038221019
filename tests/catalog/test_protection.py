"""The side table keeps flags by keyed hash, and remembers whom the hub is to be told of."""

import secrets
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select

from catalog.database import reading
from catalog.protections import protection as module
from catalog.protections.protection import Flags, ProtectionTable, Status
from catalog.protections.tables import protection
from catalog.vocabulary import Flag, HoldKind

DAY = date(2026, 11, 22)
CANONICAL = "195703129808"
YES, NO, UNKNOWN = Flag.YES, Flag.NO, Flag.UNKNOWN
BOTH = (HoldKind.PROTECTED, HoldKind.BLOCKED)
# A local number, with its issuer and without, as identifiers are written in canonical form
NORR, SYD, BARE = "norr\x1ftf-17", "syd\x1ftf-17", "\x1ftf-17"


@pytest.fixture
def table(ledger_engine: Engine) -> ProtectionTable:
    return ProtectionTable(ledger_engine, secrets.token_bytes(32))


def flags(protected: Flag = NO, blocked: Flag = NO, as_of: date = DAY) -> Flags:
    return Flags(protected, blocked, as_of)


def later(days: int) -> date:
    return DAY + timedelta(days=days)


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


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["as they came", "the other way"])
def test_who_says_nothing_takes_no_flag_back(
    table: ProtectionTable, order: tuple[int, int]
) -> None:
    words = (flags(YES, NO), flags(UNKNOWN, YES, later(1)))
    for one in order:
        table.enter({CANONICAL: words[one]})
    assert table.flags(CANONICAL) == flags(YES, YES, later(1))
    assert due(table) == {CANONICAL: BOTH}


def test_only_a_newer_no_takes_a_flag_back_and_what_is_not_known_replaces_a_no(
    table: ProtectionTable,
) -> None:
    table.enter({CANONICAL: flags(YES, NO)})
    table.enter({CANONICAL: flags(NO, UNKNOWN, later(1))})
    assert table.flags(CANONICAL) == flags(NO, UNKNOWN, later(1))
    assert due(table) == {}
    assert table.enter({CANONICAL: flags(YES, NO)}) == 0
    assert table.flags(CANONICAL) == flags(NO, UNKNOWN, later(1))


@pytest.mark.parametrize("first", [NO, UNKNOWN, YES])
@pytest.mark.parametrize("second", [NO, UNKNOWN, YES])
def test_of_two_words_of_one_day_the_stricter_counts(
    table: ProtectionTable, first: Flag, second: Flag
) -> None:
    for word in (first, second):
        assert table.enter({CANONICAL: flags(word)}) == 1
    there = table.flags(CANONICAL)
    assert there == flags(max(first, second, key=[NO, UNKNOWN, YES].index))


def test_of_two_imports_at_once_the_newer_word_stays(
    table: ProtectionTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older has read what is there, and does not write over what the newer writes meanwhile."""
    table.enter({CANONICAL: flags(UNKNOWN, as_of=later(-9))})
    genuine, has_read, other_done = module._columns, threading.Event(), threading.Event()

    def slow(*arguments: object) -> object:
        if threading.current_thread() is older:
            has_read.set()
            other_done.wait(1)
        return genuine(*arguments)

    monkeypatch.setattr(module, "_columns", slow)
    older = threading.Thread(target=table.enter, args=({CANONICAL: flags(NO, as_of=later(-1))},))
    older.start()
    assert has_read.wait(10)
    table.enter({CANONICAL: flags(YES)})
    other_done.set()
    older.join()
    assert table.flags(CANONICAL) == flags(YES)


def test_a_flag_made_due_while_an_import_writes_stays_due(
    table: ProtectionTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.enter({CANONICAL: flags(YES)})
    table.told(CANONICAL, BOTH)
    genuine, has_read, other_done = module._columns, threading.Event(), threading.Event()

    def slow(*arguments: object) -> object:
        has_read.set()
        other_done.wait(1)
        return genuine(*arguments)

    monkeypatch.setattr(module, "_columns", slow)
    importing = threading.Thread(target=table.enter, args=({CANONICAL: flags(YES)},))
    importing.start()
    assert has_read.wait(10)
    assert table.remind(CANONICAL)
    other_done.set()
    importing.join()
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED,)}


@pytest.mark.parametrize(
    ("written", "asked", "refuses"),
    [
        (NORR, NORR, True),
        (NORR, BARE, True),
        (BARE, NORR, True),
        (BARE, BARE, True),
        (NORR, SYD, False),
    ],
)
def test_a_flag_of_a_local_number_is_found_with_its_issuer_and_without(
    table: ProtectionTable, written: str, asked: str, *, refuses: bool
) -> None:
    table.enter({written: flags(YES)})
    there = table.flags(asked)
    assert (there is not None and there.protected is YES) is refuses


@pytest.mark.parametrize("word", [NO, UNKNOWN])
def test_what_is_no_flag_is_said_of_the_number_as_it_is_written_only(
    table: ProtectionTable, word: Flag
) -> None:
    """A local number without its issuer may be another woman's."""
    table.enter({NORR: flags(word)})
    assert table.flags(BARE) is None
    table.enter({BARE: flags(NO, as_of=later(1))})
    assert table.flags(NORR) == flags(word)
    table.enter({SYD: flags(NO, YES, as_of=later(2))})
    assert table.flags(BARE) == flags(NO, YES, as_of=later(1))
    assert table.flags(NORR) == flags(word)


def test_a_flag_goes_along_to_the_number_she_has_now(table: ProtectionTable) -> None:
    table.enter({NORR: flags(YES, NO), CANONICAL: flags(NO, UNKNOWN, later(-1))})
    table.carry(NORR, CANONICAL)
    assert table.flags(CANONICAL) == flags(YES, UNKNOWN)
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED,)}
    table.told(CANONICAL, BOTH)
    table.carry(NORR, CANONICAL)
    assert due(table) == {}
    table.enter({CANONICAL: flags(NO, NO, later(1))})
    assert table.flags(CANONICAL) == flags(NO, NO, later(1))


def test_a_flag_goes_along_to_a_number_of_which_nothing_is_said(table: ProtectionTable) -> None:
    table.enter({BARE: flags(NO, YES)})
    table.carry(NORR, CANONICAL)
    assert table.flags(CANONICAL) == flags(UNKNOWN, YES)
    assert due(table) == {CANONICAL: (HoldKind.BLOCKED,)}


def test_what_is_no_flag_lets_nobody_in_under_another_number(table: ProtectionTable) -> None:
    table.carry(NORR, CANONICAL)
    table.enter({NORR: flags(NO)})
    table.carry(NORR, CANONICAL)
    assert table.flags(CANONICAL) is None
    table.enter({CANONICAL: flags(YES, YES, later(-1))})
    table.carry(NORR, CANONICAL)
    assert table.flags(CANONICAL) == flags(YES, YES, later(-1))


def test_a_flag_that_comes_is_due_until_the_hub_is_told(table: ProtectionTable) -> None:
    table.enter({CANONICAL: flags(NO, UNKNOWN)})
    assert due(table) == {}
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED, HoldKind.BLOCKED)}
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.PROTECTED, HoldKind.BLOCKED)}
    table.told(CANONICAL, BOTH)
    assert due(table) == {}


def test_only_what_the_hub_was_told_is_no_longer_due(table: ProtectionTable) -> None:
    table.enter({CANONICAL: flags(YES, YES)})
    table.told(CANONICAL, [HoldKind.PROTECTED])
    assert due(table) == {CANONICAL: (HoldKind.BLOCKED,)}
    table.told(CANONICAL, [])
    assert due(table) == {CANONICAL: (HoldKind.BLOCKED,)}


def test_a_flag_that_stays_is_not_due_again(table: ProtectionTable) -> None:
    """A person who lifted a Hold is not overruled by the next import."""
    table.enter({CANONICAL: flags(YES)})
    table.told(CANONICAL, BOTH)
    table.enter({CANONICAL: flags(YES, YES)})
    assert due(table) == {CANONICAL: (HoldKind.BLOCKED,)}
    table.told(CANONICAL, BOTH)
    for days, word in enumerate((NO, YES), 1):
        table.enter({CANONICAL: flags(word, YES, later(days))})
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
    table.told("a", BOTH)
    assert table.status(since=DAY) == Status(4, 1, 1, 1, 1, 1, before, DAY)
