"""The receiver as a part of the local stack: there where the state says who may send."""

from pathlib import Path
from typing import Any

import pytest

from infra import process
from infra.credentials import load_credentials
from infra.environment import environments, write_environment_files
from infra.parts import STOP_SECONDS, Programs, all_parts
from tests.objects import mammogram
from tests.receiving import send


@pytest.fixture
def parts(tmp_path: Path, ports: Any) -> Any:
    for folder in ("region/landing", "secrets", "home", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    credentials = load_credentials(tmp_path)
    known = environments(tmp_path, ports, credentials)
    write_environment_files(tmp_path, known)
    return lambda: all_parts(tmp_path, ports, credentials, known=known, programs=Programs())


def allow(state: Path) -> None:
    told = '[[peer]]\nae_title = "PACS"\naddresses = ["127.0.0.1"]\n'
    (state / "region" / "peers.toml").write_text(told)


def test_without_peers_there_is_no_receiver(parts: Any, tmp_path: Path) -> None:
    assert "receiver" not in parts()
    allow(tmp_path)
    assert set(parts()) == set(STOP_SECONDS) - {"intake", "release-worker"}


def test_it_starts_takes_objects_and_stops(
    parts: Any, tmp_path: Path, startup: Any, ports: Any
) -> None:
    allow(tmp_path)
    part = parts()["receiver"]
    startup.ensure(part)
    record = process.read_record(tmp_path / "run" / "receiver.json")
    try:
        assert record is not None
        assert part.ready(record.since)
        assert not part.ready(record.since + 60)
        status = send(("127.0.0.1", ports.receiver), mammogram(), called="MAMMO")
        assert status == [0x0000]
    finally:
        process.stop(tmp_path / "run" / "receiver.json", f"{startup.stack_id}:receiver", 20)
    assert not part.ready(0)
    assert len(list((tmp_path / "region" / "landing" / "received").rglob("*.dcm"))) == 1
