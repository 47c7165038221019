"""Queries, retrievals, what is received and what starts: the region's own log is told of all."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.plans.records import KnownSource
from flows.cli.status_lines import region_lines
from flows.errors import SettingsError, SourceAwayError
from flows.sources import auditing
from flows.sources.audit_trail import waiting
from flows.sources.definition import describe
from flows.sources.landing import AUDIT, Landing
from flows.sources.opening import open_source
from flows.sources.source import Query
from flows.status import metrics
from flows.status.region import region_status
from tests import receiving
from tests.catalog.test_ledger import KEY
from tests.flows.sources.certificates import Certificates
from tests.flows.sources.peers import HOST, Go, image, uid, with_meta
from tests.flows.sources.scripted import CALLED, Scripted, objects
from tests.flows.sources.syslog import Server, eventually
from tests.servers import free_ports

DAYS = Query((date(2026, 1, 1), date(2026, 1, 2)))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A region's log, and settings that say where it is; it does not run yet."""
    made, (port,) = Certificates(tmp_path), free_ports(1)
    tls = made.tls("client")
    told = {"HOST": HOST, "PORT": port, "CA": tls.ca, "CERTIFICATE": tls.certificate}
    for name, value in (told | {"PRIVATE_KEY": tls.key}).items():
        monkeypatch.setenv(f"MAMMO_AUDIT_{name}", str(value))
    auditing.trail.cache_clear()
    yield Server(made, port)
    auditing.trail.cache_clear()


def pacs_source(port: int) -> KnownSource:
    told = {"kind": "DICOM", "ae_title": CALLED, "host": HOST, "port": port, "retrieve": "get"}
    return describe("pacs", told)


def test_a_source_tells_of_queries_and_transfers_and_other_logs_hold_nothing(
    log: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    landing = Landing(tmp_path / "landing")
    with log.running(), Scripted(get=objects(image(1))).running() as pacs:
        source = open_source(pacs_source(pacs.port), landing).source
        list(source.find(DAYS, Go()))
        source.fetch(uid(1), None, landing.study(uid(1)), Go())
        trail = auditing.trail(landing.root)
        assert trail is not None
        eventually(trail)
        trail.close()
    transfer = ["Begin Transferring DICOM Instances", "DICOM Instances Transferred"]
    assert log.events() == ["Query", *transfer]
    for message in log.messages()[1:]:
        (study,) = message.iter("ParticipantObjectIdentification")
        assert study.get("ParticipantObjectID") == uid(1)
    assert uid(1) not in caplog.text


def test_a_log_that_is_away_stops_nothing_and_a_transfer_that_fails_is_told(
    log: Server, tmp_path: Path
) -> None:
    landing = Landing(tmp_path / "landing")
    (nowhere,) = free_ports(1)
    source = open_source(pacs_source(nowhere), landing).source
    with pytest.raises(SourceAwayError):
        source.fetch(uid(1), None, landing.study(uid(1)), Go())
    trail = auditing.trail(landing.root)
    assert trail is not None
    assert trail.waiting() == 2
    with log.running():
        assert trail.deliver() or not trail.waiting()
        trail.close()
    assert log.messages()[-1][0].get("EventOutcomeIndicator") == "4"


def test_the_receiver_tells_which_studies_came_from_whom(log: Server, tmp_path: Path) -> None:
    root = tmp_path / "landing"
    trail = auditing.trail(root)
    assert trail is not None
    with log.running():
        with receiving.running(root, audit=trail) as here:
            sent = [with_meta(one) for one in (image(1), image(1, 1, 2), image(2))]
            assert receiving.send(here.address, *sent) == [0, 0, 0]
        eventually(trail)
        trail.close()
    assert log.events() == ["DICOM Instances Transferred"] * 2
    first, _ = log.messages()
    (study,) = first.iter("ParticipantObjectIdentification")
    assert study.get("ParticipantObjectID") == uid(1)
    users = {one.get("UserID") for one in first.iter("ActiveParticipant")}
    assert users == {"PACS", receiving.TITLE}


def test_the_receiver_as_a_program_tells_that_it_starts_and_stops(
    log: Server, tmp_path: Path
) -> None:
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "PACS"\naddresses = ["127.0.0.1"]\n')
    told = {"AE_TITLE": "REGION", "PEERS": peers, "LANDING": tmp_path / "landing", "PORT": 0}
    environment = {f"MAMMO_RECEIVER_{name}": str(value) for name, value in told.items()}
    with log.running():
        program = subprocess.Popen(
            [sys.executable, "-m", "flows.sources.receiver"],
            env={**os.environ, **environment, "MAMMO_RECEIVER_ROOM_BYTES": "0"},
            stdout=subprocess.DEVNULL,
        )
        try:
            until = time.monotonic() + 40
            while not log.frames and time.monotonic() < until:
                time.sleep(0.1)
            program.send_signal(signal.SIGTERM)
            assert program.wait(30) == 0
        finally:
            program.kill()
            program.wait()
        trail = auditing.trail(tmp_path / "landing")
        assert trail is not None
        assert trail.deliver()  # what the program had no time for waits for the next
    kinds = [one[0][1].get("originalText") for one in log.messages()]
    assert kinds == ["Application Start", "Application Stop"]


def test_without_a_log_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auditing.trail.cache_clear()
    assert auditing.trail(tmp_path) is None
    monkeypatch.setenv("MAMMO_AUDIT_HOST", "log.region.example")
    auditing.trail.cache_clear()
    with pytest.raises(SettingsError, match="MAMMO_AUDIT_CA"):
        auditing.trail(tmp_path)
    monkeypatch.setenv("MAMMO_AUDIT_PORT", "secret")
    with pytest.raises(SettingsError, match="MAMMO_AUDIT_PORT") as caught:
        auditing.trail(tmp_path)
    assert "secret" not in str(caught.value)
    auditing.trail.cache_clear()


def test_an_operator_sees_what_waits_and_what_was_lost(
    log: Server, ledger_engine: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_AUDIT_MOST_WAITING", "1")
    trail = auditing.trail(tmp_path)
    assert trail is not None
    with auditing.activity(trail):
        pass
    trail.close()
    assert waiting(tmp_path / AUDIT) == 1
    ledger = Ledger(ledger_engine, LedgerKey(KEY))  # type: ignore[arg-type]
    told = region_status(ledger, tmp_path, datetime.now(UTC))
    assert "audit       1 messages wait, 1 were lost" in "\n".join(region_lines(told))
    assert "mammo_audit_lost_total 1.0" in metrics.text(told)
    assert not log.frames
