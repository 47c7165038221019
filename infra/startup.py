"""The order in which a stack comes up: what can begin at once does."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from infra import probes, process
from infra.credentials import Credentials
from infra.environment import Environments
from infra.errors import PartError
from infra.part import Part, digest, sources
from infra.parts import STOP_SECONDS
from infra.ports import require_free, taken
from infra.private import read_json, write_json

PAUSE: Final = 0.1
SETTLE_SECONDS: Final = 4.0
RELEASE_SECONDS: Final = 10.0
WORKERS: Final = ("worker", "release-worker")
ROOMS: Final = ("deid", "catalog", "flows", "infra")


class _AbandonedError(Exception):
    """Another track failed, so this one need not go on."""


@dataclass(frozen=True, repr=False)
class Step:
    """A command that runs to its end; run again only when it or what it is told has changed."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]

    def fingerprint(self) -> str:
        """Digest the command, its variables and the code it runs on."""
        return digest([self.command, dict(self.environment), sources(ROOMS)])


@dataclass(frozen=True, repr=False)
class Startup:
    """One coming-up of one stack."""

    state: Path
    base_port: int
    stack_id: str
    step_seconds: float
    progress: Callable[[str], None]
    _abandoned: threading.Event = field(default_factory=threading.Event)
    _voice: threading.Lock = field(default_factory=threading.Lock)

    def run(
        self,
        every: Mapping[str, Part],
        known: Environments,
        credentials: Credentials,
        *,
        prepare: tuple[str, ...],
        deploy: tuple[str, ...],
    ) -> None:
        """Bring every part up; the first failure ends all tracks and is raised.

        The object store and Prefect start side by side; what the store's readiness allows
        (databases and buckets, then the door) does not wait for Prefect, the slowest.
        """
        own = {**known.base, **known.region, **known.arrivals}
        first = Step("prepare", prepare, {**own, **known.hub, **known.admin})
        second = Step("deploy", deploy, {**own, **known.client})
        workers = [part for name, part in every.items() if name in WORKERS]
        rest = [part for name, part in every.items() if name not in {"s3", "prefect", *WORKERS}]
        with ThreadPoolExecutor(max_workers=10, thread_name_prefix="startup") as pool:
            store = pool.submit(self.ensure, every["s3"])
            server = pool.submit(self.ensure, every["prefect"])
            prepared = pool.submit(_after, lambda: self.do(first), store)
            pooled = pool.submit(
                _after, lambda: self._make_pools(every["prefect"], credentials, known.pools), server
            )
            tracks = [
                pool.submit(_after, lambda: self.do(second), pooled, prepared),
                *(
                    pool.submit(_after, partial(self.ensure, part), pooled, prepared)
                    for part in workers
                ),
                *(pool.submit(_after, partial(self.ensure, part), prepared) for part in rest),
            ]
            try:
                wait(tracks, return_when=FIRST_EXCEPTION)
            finally:
                self._abandoned.set()
        _raise_first([store, server, prepared, pooled, *tracks])

    def ensure(self, part: Part) -> None:
        """Leave a part alone that runs as it should; start it in every other case."""
        pid_file = self.state / "run" / f"{part.name}.json"
        marker = f"{self.stack_id}:{part.name}"
        fingerprint = part.fingerprint()
        record = process.read_record(pid_file)
        if record is not None and process.alive(record) and record.fingerprint == fingerprint:
            well = self._until(self._settled(part, record), SETTLE_SECONDS)
            if well and process.alive(record):
                return
        process.stop(pid_file, marker, STOP_SECONDS[part.name])
        if record is not None:
            # A killed program's threads may hold its ports a moment longer than itself.
            self._until(lambda: not taken(part.ports), RELEASE_SECONDS)
        require_free(part.name, part.ports, self.base_port)
        launch = process.Launch(
            part.command, part.environment, part.directory, self._log(part.name), marker
        )
        begun = time.monotonic()
        started = process.start(launch, pid_file, fingerprint)
        self._await(part, started)
        self._say(f"{part.name} is ready ({time.monotonic() - begun:.1f} s)")

    def _await(self, part: Part, started: process.Record) -> None:
        log = self._log(part.name)
        up = self._until(self._settled(part, started), part.start_seconds)
        if not process.alive(started):
            raise PartError(part.name, "died while it started", log, process.tail(log))
        if not up:
            problem = f"was not ready within {part.start_seconds:.0f} s"
            raise PartError(part.name, problem, log, process.tail(log))

    @staticmethod
    def _settled(part: Part, record: process.Record) -> Callable[[], bool]:
        return lambda: not process.alive(record) or part.ready(record.since)

    def do(self, step: Step) -> None:
        """Run a command to its end, unless it has been run with the same code and variables."""
        stamp = self.state / "run" / f"{step.name}.done"
        fingerprint = step.fingerprint()
        if read_json(stamp).get("fingerprint") == fingerprint:
            return
        log = self._log(step.name)
        marker = f"{self.stack_id}:{step.name}"
        command = (sys.executable, *step.command)
        process.sweep(marker)
        begun = time.monotonic()
        launch = process.Launch(command, step.environment, self.state / "run", log, marker)
        child = process.spawn(launch)
        try:
            ended = self._until(lambda: child.poll() is not None, self.step_seconds)
        finally:
            child.kill()
            child.wait()
        if not ended or child.returncode != 0:
            problem = "failed" if ended else f"did not end within {self.step_seconds:.0f} s"
            raise PartError(step.name, problem, log, process.tail(log))
        write_json(stamp, {"fingerprint": fingerprint})
        self._say(f"{step.name} is done ({time.monotonic() - begun:.1f} s)")

    def _make_pools(self, server: Part, credentials: Credentials, names: tuple[str, ...]) -> None:
        try:
            for name in names:
                probes.make_pool(f"{server.url}/api", credentials.prefect, name)
        except httpx.HTTPError as error:
            log = self._log(server.name)
            problem = "would not make the work pool"
            raise PartError(server.name, problem, log, process.tail(log)) from error

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if self._abandoned.wait(PAUSE):
                raise _AbandonedError
            if time.monotonic() > deadline:
                return False
        return True

    def _log(self, name: str) -> Path:
        return self.state / "log" / f"{name}.log"

    def _say(self, line: str) -> None:
        with self._voice:
            self.progress(line)


def _after(work: Callable[[], None], *earlier: Future[None]) -> None:
    for future in earlier:
        future.result()
    work()


def _raise_first(futures: list[Future[None]]) -> None:
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, _AbandonedError):
            raise error
