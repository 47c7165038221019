import json
import sys
import warnings

import structlog

from flows import log
from flows.cli import place


def test_only_known_keys_reach_a_log(capsys):
    log.configure()
    log.get().info("study settled", export="e", path="/export/Provström Åsa", study=3)
    structlog.reset_defaults()
    said = json.loads(capsys.readouterr().err)
    assert said.keys() == {"event", "level", "timestamp", "export", "study"}


def test_a_command_that_takes_settings_logs_known_keys_only(capsys, monkeypatch):
    monkeypatch.setenv("MAMMO_REGION_ENVIRONMENT", "development")
    structlog.reset_defaults()
    place.enter("region")
    log.get().info("source looked at again", path="/export/Provström Åsa")
    structlog.reset_defaults()
    said = capsys.readouterr()
    assert json.loads(said.err)["event"] == "source looked at again"
    assert "Provström" not in said.out + said.err


def test_a_terminal_shows_people_no_records_of_what_went_well(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log.configure(for_people=True)
    log.get().info("review decided")
    log.get().warning("trouble")
    structlog.reset_defaults()
    assert json.loads(capsys.readouterr().err)["event"] == "trouble"


def test_pydicom_s_warnings_quote_nobody():
    with warnings.catch_warnings(record=True) as caught:
        log.configure()
        warnings.warn_explicit("Provström", UserWarning, "x.py", 1, module="pydicom.valuerep")
        structlog.reset_defaults()
    assert caught == []
