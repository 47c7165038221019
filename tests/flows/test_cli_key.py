"""`mammo key rotate`: a new version of the local key, or what to run at the third party."""

import json

import pytest

from catalog import database
from catalog.ledgers.key_marks import KeyMarks
from flows.cli import main, place
from flows.keys import sides
from flows.keys.key_file import REGION_ROOTS, create
from flows.settings import Environment

NAMES = ("S3_ACCESS_KEY", "S3_SECRET_KEY", "CLEAN_ACCESS_KEY", "CLEAN_SECRET_KEY", "S3_ENDPOINT")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "region.key"


@pytest.fixture
def run(path, sqlite_databases, monkeypatch, capsys, tmp_path):
    """Run the command in a region whose ledger knows its key file."""
    ledger = sqlite_databases("ledger")
    create(path, REGION_ROOTS)
    engine = database.connect(ledger)
    sides.region_keys(path, Environment.DEVELOPMENT).require_same(KeyMarks(engine))
    engine.dispose()
    monkeypatch.setattr(place, "enter", lambda _side: None)
    told = {"ENVIRONMENT": "development", "LANDING": tmp_path, "KEY_FILE": path}
    told |= {"LEDGER_URL": ledger, "CATALOGUE_URL": "sqlite://"} | dict.fromkeys(NAMES, "x")

    def rotate(**more: str) -> tuple[int, str]:
        for name, value in (told | more).items():
            monkeypatch.setenv(f"MAMMO_REGION_{name}", str(value))
        with pytest.raises(SystemExit) as ended:
            main(["key", "rotate"])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return rotate


def test_a_local_key_is_rotated_and_no_key_is_shown(run, path):
    before = sides.region_keys(path, Environment.DEVELOPMENT).pseudonyms.person("x")
    code, said = run()
    assert code == 0
    assert "version 2" in said
    assert "mammo up" in said
    after = sides.region_keys(path, Environment.DEVELOPMENT).pseudonyms.person("x")
    assert after.previous == (before.pseudonym,)
    held = json.loads(path.read_text())
    assert not [key for of in held.values() for key in of if key in said]
    assert "version 3" in run()[1]


def test_a_key_file_that_is_not_the_ledgers_is_not_rotated(run, path):
    path.unlink()
    create(path, REGION_ROOTS)
    other = path.read_text()
    code, said = run()
    assert code == 1
    assert "is not the one" in said
    assert path.read_text() == other


def test_production_has_no_local_key_to_rotate(run, path):
    before = path.read_text()
    code, said = run(ENVIRONMENT="production")
    assert code == 1
    assert "third party" in said
    assert path.read_text() == before


@pytest.mark.parametrize(("name", "program"), [("openbao", "bao"), ("vault", "vault")])
def test_a_third_party_is_told_what_to_run_where_its_key_is(run, path, name, program):
    before = path.read_text()
    code, said = run(PSEUDONYMS=name, PSEUDONYMS_MOUNT="hub/transit", PSEUDONYMS_KEY="women")
    assert code == 1
    assert f"{program} write -f hub/transit/keys/women/rotate" in said
    assert "docs/third-party.md" in said
    assert path.read_text() == before
