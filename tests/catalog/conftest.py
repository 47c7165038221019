"""A ledger with an export, and a review in it."""

import pytest
from sqlalchemy import Engine

from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.reviews.records import (
    Review,
)
from tests.catalog.reviewing import held_back
from tests.catalog.test_ledger import EXPORT, ITEMS, KEY


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.register_export(EXPORT)
    made.enroll(EXPORT.id, ITEMS)
    return made


@pytest.fixture
def made(ledger: Ledger) -> Review:
    return held_back(ledger)
