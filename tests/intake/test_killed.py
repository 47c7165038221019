"""The intake is killed while a region delivers; when it is back, nothing lacks or is twice."""

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from catalog.arrivals.tables import arrival
from catalog.errors import RetriableError as CatalogRetriableError
from catalog.tables import instance, revision
from flows.errors import RetriableError
from flows.intake.publisher import IntakePublisher
from flows.intake.store import IntakeStore
from flows.walk.study import StudyRun, settle
from tests.flows.conftest import DECISION
from tests.flows.making import counts, enrolled, four_views, put, registered
from tests.intake.conftest import BUCKET, checking
from tests.servers import free_ports

START_SECONDS = 60


class Program:
    """The intake as it is started where it serves, with its own process to kill."""

    def __init__(self, hub: Any, authority: Any, s3: Any) -> None:
        (self.port,) = free_ports(1)
        who = s3.credentials["admin"]
        told = {
            "AUTHORITY": f"127.0.0.1:{self.port}",
            "CATALOGUE_URL": hub.database,
            "S3_ENDPOINT": s3.endpoint,
            "S3_SECURE": "false",
            "S3_ACCESS_KEY": who.access_key,
            "S3_SECRET_KEY": who.secret_key,
            "ARRIVALS_BUCKET": BUCKET,
        }
        self._environment = {f"MAMMO_INTAKE_{name}": value for name, value in told.items()}
        self._command = [
            *(sys.executable, "-m", "uvicorn", "--factory", "access_api.intake.app:create_app"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"),
            *("--ssl-certfile", str(authority.certificate), "--ssl-keyfile", str(authority.key)),
        ]
        self.deaths = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env={"PATH": os.environ["PATH"], **self._environment},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        pytest.fail("the intake did not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.deaths += 1


class Deadly:
    """A store that is the real one, and after its third object the intake is dead."""

    def __init__(self, store: IntakeStore, program: Program) -> None:
        self._store, self._program, self._left = store, program, 3

    def put(self, *arguments: Any) -> None:
        self._store.put(*arguments)
        self._left -= 1
        if not self._left:
            self._program.kill()


@pytest.fixture
def program(hub: Any, authority: Any, s3: Any) -> Iterator[Program]:
    made = Program(hub, authority, s3)
    yield made
    made.kill()


def dies_between_objects(parts: Any, _hub: Any, program: Program) -> Any:
    return dataclasses.replace(parts, clean=Deadly(parts.clean, program))


def dies_with_the_record(parts: Any, hub: Any, program: Program) -> Any:
    """Kill it as soon as it has written down that a study has come, before the hub's check."""

    def wait() -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with hub.engine.connect() as connection:
                if connection.scalar(select(func.count()).select_from(arrival)):
                    break
            time.sleep(0.01)
        program.kill()

    threading.Thread(target=wait).start()
    return parts


@pytest.mark.parametrize("dies", [dies_between_objects, dies_with_the_record])
def test_what_a_killed_intake_had_is_there_once(
    hub: Any,
    program: Program,
    in_process: Any,
    deidentify_with: Any,
    export_folder: Path,
    tmp_path: Path,
    dies: Callable[..., Any],
) -> None:
    put(export_folder, *four_views())
    there = dataclasses.replace(hub, url=f"https://127.0.0.1:{program.port}")
    export = registered(in_process, export_folder, DECISION)
    ordinals = enrolled(in_process, export)
    key = hub.admit("norr", tmp_path)
    with contextlib.closing(there.intake(key, patience=5.0)) as intake:
        parts = dataclasses.replace(
            in_process, publisher=IntakePublisher(intake), clean=IntakeStore(intake)
        )
        dying = dies(parts, hub, program)
        until = time.monotonic() + START_SECONDS
        while not program.deaths and time.monotonic() < until:  # a busy intake may take its time
            assert not _settled(dying, deidentify_with, export, ordinals[1:])
        assert program.deaths == 1
        program.start()
        with checking(hub):
            assert _settled(parts, deidentify_with, export, ordinals)
    assert counts(in_process.ledger.tally(export.id)) == {"ADMITTED": 4}
    images = select(func.count()).select_from(instance).where(instance.c.derived_from.is_(None))
    with hub.engine.connect() as connection:
        assert connection.scalar(images) == 4
        assert connection.scalar(select(func.max(revision.c.number))) == 1
    assert list(hub.parts.arrivals.keys()) == []


def _settled(parts: Any, deidentifier: Any, export: Any, ordinals: list[int]) -> bool:
    """Walk each study once, as a task does; tell whether all ended."""
    for ordinal in ordinals:
        try:
            settle(StudyRun(parts, deidentifier, export, ordinal, "norr", "run"))
        except (RetriableError, CatalogRetriableError):
            return False
    return True
