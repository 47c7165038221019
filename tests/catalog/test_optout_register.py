"""The region's register keeps words by keyed hash, with two times, and changes none."""

import secrets
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from catalog.columns import now
from catalog.database import reading
from catalog.errors import ConflictError
from catalog.protections.optouts import OptOuts
from catalog.protections.tables import opt_out_word
from catalog.vocabulary import OptOut

SHE, OTHER = "195703129808", "194908059829"
NORR, SYD, BARE = "norr\x1ftf-17", "syd\x1ftf-17", "\x1ftf-17"
OUT, LIFTED = OptOut.OUT, OptOut.LIFTED


@pytest.fixture
def optouts(ledger_engine: Engine) -> OptOuts:
    return OptOuts(ledger_engine, secrets.token_bytes(32))


def ago(days: float) -> datetime:
    return now() - timedelta(days=days)


def say(optouts: OptOuts, word: OptOut, days: float = 0, whom: str = SHE) -> bool:
    return optouts.enter(whom, word, ago(days), who="anna.a")


def test_who_said_so_is_out_and_no_other(optouts: OptOuts) -> None:
    assert say(optouts, OUT)
    assert optouts.is_out(SHE)
    assert not optouts.is_out(OTHER)
    assert say(optouts, LIFTED)
    assert not optouts.is_out(SHE)


def test_no_identity_is_at_rest(optouts: OptOuts, ledger_engine: Engine) -> None:
    say(optouts, OUT)
    with reading(ledger_engine) as connection:
        (row,) = connection.execute(select(opt_out_word)).all()
    assert SHE not in str(row)
    assert not OptOuts(ledger_engine, secrets.token_bytes(32)).is_out(SHE)


def test_any_past_moment_can_be_told_by_what_was_known_then(optouts: OptOuts) -> None:
    say(optouts, OUT, 9)
    between = now()
    say(optouts, LIFTED, 4)
    assert [optouts.is_out(SHE, ago(days), now()) for days in (10, 8, 3)] == [False, True, False]
    assert optouts.is_out(SHE, ago(3), between)
    assert not optouts.is_out(SHE, ago(8))
    assert [one.word for one in optouts.words(SHE)] == [OUT, LIFTED]


def test_what_changes_nothing_is_not_entered(optouts: OptOuts) -> None:
    assert not say(optouts, LIFTED)
    assert say(optouts, OUT, 3)
    assert not say(optouts, OUT, 1)
    assert say(optouts, OUT, 5)
    assert len(optouts.words(SHE)) == 2


def test_a_moment_that_has_not_come_is_refused(optouts: OptOuts) -> None:
    with pytest.raises(ConflictError):
        say(optouts, OUT, -1)


@pytest.mark.parametrize(
    ("written", "asked", "is_out"),
    [
        (NORR, NORR, True),
        (NORR, BARE, True),
        (BARE, NORR, True),
        (BARE, BARE, True),
        (NORR, SYD, False),
    ],
)
def test_a_local_number_counts_with_its_issuer_and_without(
    optouts: OptOuts, written: str, asked: str, *, is_out: bool
) -> None:
    say(optouts, OUT, whom=written)
    assert optouts.is_out(asked) is is_out


def test_another_issuers_word_lifts_nothing(optouts: OptOuts) -> None:
    say(optouts, OUT, 3, NORR)
    say(optouts, OUT, 3, SYD)
    say(optouts, LIFTED, 0, SYD)
    assert optouts.is_out(BARE)
    assert optouts.is_out(NORR)
    assert not optouts.is_out(SYD)


def test_what_the_hub_was_not_told_is_due(optouts: OptOuts) -> None:
    say(optouts, OUT, 1)
    (due,) = optouts.due(SHE)
    assert due.word is OUT
    optouts.told([due])
    optouts.told([due])
    assert optouts.due(SHE) == ()
    assert [one.told for _, one in optouts.every()] == [True]


def test_words_go_along_to_the_number_she_has_now(optouts: OptOuts) -> None:
    say(optouts, OUT, 5, NORR)
    say(optouts, LIFTED, 3, NORR)
    say(optouts, OUT, 1, NORR)
    for _ in range(2):
        optouts.carry(NORR, SHE)
    assert optouts.is_out(SHE)
    assert [one.word for one in optouts.due(SHE)] == [OUT, LIFTED, OUT]
