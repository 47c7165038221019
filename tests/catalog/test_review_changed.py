"""What other hands change of a review is seen, and nobody reads in the database what was said."""

import pytest
from sqlalchemy import Engine, text

from catalog.errors import Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.reviews.records import (
    Review,
)
from tests.catalog.reviewing import SECRET, decided, held_back, refused, said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review SET state = 'DECIDED'",
        "UPDATE review SET expires_at = '2099-01-01 00:00:00+00'",
        "UPDATE review SET created_at = '2020-01-01 00:00:00+00'",
        "UPDATE item SET outcome = 'CONFLICT' WHERE quarantine_key IS NOT NULL",
        "UPDATE item SET reason = 'another' WHERE quarantine_key IS NOT NULL",
        "UPDATE item SET quarantine_key = 'another' WHERE quarantine_key IS NOT NULL",
        "UPDATE item SET ordinal = 7",
        "UPDATE review_decision SET who = 'eva'",
        "UPDATE review_decision SET action = 'REDACT'",
        "UPDATE review_decision SET digest = 'x'",
        "UPDATE review_decision SET outcome = 'ADMITTED'",
        "UPDATE review_decision SET made_at = '2020-01-01 00:00:00+00'",
        "UPDATE review_decision SET chain = 'x'",
        "UPDATE review_decision SET number = 3 WHERE number = 2",
        "DELETE FROM review_decision WHERE number = 2",
        "DELETE FROM review_decision",
        "UPDATE review_decision SET cell_enc = (SELECT facts_enc FROM review)",
    ],
)
def test_what_other_hands_change_is_seen(
    ledger: Ledger, made: Review, ledger_engine: Engine, statement: str
) -> None:
    if "DECIDED" not in statement:
        decided(ledger.reviews, made)
    with ledger_engine.begin() as connection:
        connection.execute(text(statement))
    refused(Reason.REVIEW_CHANGED, ledger.reviews.decided, made.id)
    refused(Reason.REVIEW_CHANGED, ledger.reviews.get, made.id)


def test_a_decision_on_one_original_releases_no_other(
    ledger: Ledger, made: Review, ledger_engine: Engine
) -> None:
    other = held_back(ledger, at=1)
    decided(ledger.reviews, made)
    with ledger_engine.begin() as connection:
        copy = "INSERT INTO review_decision (review_id, number, action, who, made_at, digest,"
        copy += " cell_enc, chain) SELECT :other, number, action, who, made_at, digest, cell_enc,"
        copy += " chain FROM review_decision WHERE review_id = :mine"
        connection.execute(text(copy), {"other": other.id, "mine": made.id})
        facts = "SELECT facts_enc FROM review WHERE id = :mine"
        sealed = connection.execute(text(facts), {"mine": made.id}).scalar()
    refused(Reason.REVIEW_CHANGED, ledger.reviews.decided, other.id)
    with ledger_engine.begin() as connection:
        put = "UPDATE review SET state = 'DECIDED', facts_enc = :sealed WHERE id = :other"
        connection.execute(text(put), {"sealed": sealed, "other": other.id})
    refused(Reason.REVIEW_CHANGED, ledger.reviews.decided, other.id)
    assert ledger.reviews.digest(made, "{}") != ledger.reviews.digest(other, "{}")


def test_no_reason_is_in_the_database(ledger: Ledger, made: Review, ledger_engine: Engine) -> None:
    ledger.reviews.decide(made.id, said("anna", '{"blank": [[1, [[77123, 1]]]]}'))
    with ledger_engine.connect() as connection:
        dumped = repr(
            [
                [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
                for name in ("review", "review_decision", "item")
                for row in connection.exec_driver_sql(f"SELECT * FROM {name}").all()
            ]
        )
    assert "anna" in dumped
    for secret in ("Provström", "77123"):
        assert secret not in dumped
        assert repr(secret.encode())[2:-1] not in dumped
    assert SECRET not in repr((made, said("anna"), ledger.reviews.get(made.id)))


def test_another_key_sees_that_it_is_another(ledger_engine: Engine, made: Review) -> None:
    other = Ledger(ledger_engine, LedgerKey(bytes(32)))
    refused(Reason.REVIEW_CHANGED, other.reviews.get, made.id)
