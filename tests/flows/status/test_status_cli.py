"""`mammo status` and `mammo metrics` in a region that has settings, and no local stack."""

import pytest

from catalog import database
from catalog.ledgers.key_marks import KeyMarks
from flows import wiring
from flows.keys import sides
from flows.keys.key_file import REGION_ROOTS, create
from flows.settings import Environment

NAMES = ("S3_ACCESS_KEY", "S3_SECRET_KEY", "CLEAN_ACCESS_KEY", "CLEAN_SECRET_KEY", "S3_ENDPOINT")


@pytest.fixture
def here(sqlite_databases, tmp_path, monkeypatch):
    ledger, key = sqlite_databases("ledger"), tmp_path / "region.key"
    create(key, REGION_ROOTS)
    engine = database.connect(ledger)
    sides.region_keys(key, Environment.DEVELOPMENT).require_same(KeyMarks(engine))
    engine.dispose()
    told = {"ENVIRONMENT": "development", "LANDING": tmp_path, "KEY_FILE": key}
    told |= {"LEDGER_URL": ledger, "CATALOGUE_URL": "sqlite://"} | dict.fromkeys(NAMES, "x")
    for name, value in told.items():
        monkeypatch.setenv(f"MAMMO_REGION_{name}", str(value))
    monkeypatch.setenv("MAMMO_STATE", str(tmp_path / "var"))
    wiring.region.cache_clear()
    yield tmp_path
    wiring.region().ledger._engine.dispose()
    wiring.region.cache_clear()


def test_status_tells_the_regions_work_alone(here, mammo):
    code, out, error = mammo("status")
    assert (code, error) == (0, "")
    assert "nothing ended" in out
    assert "not running" not in out


def test_a_ledger_that_does_not_answer_is_told(here, mammo, monkeypatch):
    wiring.region().ledger._engine.dispose()
    wiring.region.cache_clear()
    monkeypatch.delenv("MAMMO_REGION_KEY_FILE")
    _, out, _ = mammo("status")
    assert "its work cannot be told" in out
    monkeypatch.setenv("MAMMO_REGION_KEY_FILE", str(here / "region.key"))


def test_metrics_are_printed_or_written(here, mammo):
    code, out, _ = mammo("metrics")
    assert code == 0
    assert out.startswith("# HELP mammo_")
    assert mammo("metrics", "--into", here / "mammo.prom")[0] == 0
    assert "mammo_status_timestamp_seconds" in (here / "mammo.prom").read_text()
