"""The local stack: start it, see how it does, stop it; safe to ask for twice."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from infra import environment, issuer, process
from infra.credentials import GRANTS, Credentials, Grants, load_credentials, write_identities
from infra.endpoints import Endpoints, endpoints_on
from infra.environment import Environments, environments
from infra.errors import DiskShortError, StackError, StateError
from infra.lock import locked
from infra.part import Part
from infra.parts import STOP_SECONDS, Programs, all_parts, store_litter
from infra.ports import Ports
from infra.private import private_directory, read_json, write_json
from infra.startup import Startup

Progress = Callable[[str], None]
Told = Callable[[Path, Ports, Credentials], Environments]
Side = Literal["region", "hub", "hub-prefect", "api", "intake", "admin"]
GIB: Final = 1024**3
# All that a stack ever writes into its state directory; `reset` removes these and no more.
OWNED: Final = frozenset(
    {
        *("home", "hub", "lock", "log", "prefect", "region", "run", "s3", "secrets", "tmp"),
        *("admin.env", "api.env", "console.env", "hub.env", "hub-prefect.env", "intake.env"),
        *("receiver.env", "region.env", "stack.json", "demo"),
    }
)
_FIRST: Final = ("worker", "release-worker", "errands", "api", "intake", "console", "receiver")
DIRECTORIES: Final = (
    *("run", "log", "tmp", "home", "hub", "s3"),
    *("region", "region/landing", "region/sources", "prefect", "prefect/client", "prefect/server"),
)


@dataclass(frozen=True)
class PartStatus:
    """How one part does; `pid` and `uptime` (seconds) are 0 while it does not run."""

    name: str
    pid: int
    url: str
    healthy: bool
    uptime: float
    log: Path


@dataclass(frozen=True)
class Plan:
    """What a stack is made of, and how much room (bytes) must be free to begin.

    Attributes:
        told: Says what each part is told; a part that is told nothing is not this stack's.
        grants: Identities of its object store.
        required: Parts that a stack is not well without.
    """

    told: Told = environments
    grants: Grants = field(default_factory=lambda: GRANTS)
    required: tuple[str, ...] = ("s3", "prefect", "worker", "api", "console", "errands")

    prepare: tuple[str, ...] = ("-m", "flows.startup.prepare")
    deploy: tuple[str, ...] = ("-m", "flows.startup.deploy")
    programs: Programs = field(default_factory=Programs)
    step_seconds: float = 180.0
    lock_seconds: float = 300.0
    free_bytes: int = 3 * GIB


class Stack:
    """One local stack, known by the directory that holds all its state.

    Without ports it takes those of MAMMO_PORT_BASE, else those it last ran on.
    """

    def __init__(
        self, state: Path, ports: Ports | None = None, *, plan: Plan | None = None
    ) -> None:
        self.state = state.absolute()
        self.ports = ports or Ports.chosen(os.environ, self._remembered())
        self.plan = plan or Plan()

    @property
    def endpoints(self) -> Endpoints:
        """Where the parts are found once they run."""
        return endpoints_on(self.ports)

    def up(self, progress: Progress = lambda _line: None) -> Endpoints:
        """Bring every part up and return where they are; what runs already is left alone.

        Raises StackError with what to do next; parts that came up before it keep running.
        """
        with locked(self.state, self.plan.lock_seconds, progress):
            if self._remembered() not in (None, self.ports.base):
                self._stop(progress)
            credentials = self._begin()
            known, every = self._described(credentials)
            environment.write_environment_files(self.state, known)
            startup = Startup(
                self.state, self.ports.base, credentials.stack, self.plan.step_seconds, progress
            )
            steps = {"prepare": self.plan.prepare, "deploy": self.plan.deploy}
            startup.run(every, known, credentials, **steps)
        return self.endpoints

    def down(self, progress: Progress = lambda _line: None) -> None:
        """Stop every part, also those that another command started and left behind."""
        if self.state.exists():
            with locked(self.state, self.plan.lock_seconds, progress):
                self._stop(progress)

    def reset(self, progress: Progress = lambda _line: None) -> None:
        """Stop every part and forget everything, the keys too: pseudonyms drawn with them end."""
        if not self.state.exists():
            return
        with locked(self.state, self.plan.lock_seconds, progress):
            self._stop(progress)
            for name in sorted(OWNED - {"lock"}):
                path = self.state / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            (self.state / "lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.state.rmdir()

    def status(self) -> tuple[PartStatus, ...]:
        """Ask every part how it does; takes at most a few seconds and changes nothing."""
        if not (self.state / "secrets" / "credentials.json").exists():
            return tuple(self._absent(name) for name in self.plan.required)
        _, every = self._described(load_credentials(self.state, self.plan.grants))
        with ThreadPoolExecutor(max_workers=len(every)) as pool:
            return tuple(pool.map(self._ask, every.values()))

    def environment(self, side: Side) -> dict[str, str]:
        """Return the variables a command on one side runs with; the region's hold Prefect's too.

        Raises StackError before the stack was ever up.
        """
        try:
            return environment.read_environment_file(self.state / f"{side}.env")
        except FileNotFoundError as error:
            message = f"Nothing was ever started in {self.state}. Start it first: mammo up"
            raise StackError(message) from error

    def _remembered(self) -> int | None:
        base = read_json(self.state / "stack.json").get("port_base")
        return base if isinstance(base, int) else None

    def _begin(self) -> Credentials:
        """Make the state directory ready, refusing one that is not ours."""
        found = {path.name for path in self.state.iterdir()}
        if "stack.json" not in found and not found <= OWNED:
            message = f"{self.state} holds other things. Set MAMMO_STATE to a directory of its own."
            raise StateError(message)
        self._require_room()
        for name in DIRECTORIES:
            private_directory(self.state / name)
        write_json(self.state / "stack.json", {"port_base": self.ports.base})
        credentials = load_credentials(self.state, self.plan.grants)
        write_identities(self.state, credentials, self.plan.grants)
        if "api" in self.plan.required:
            issuer.ensure_key(self.state)
        # The store writes its flags here and would read them at the next start.
        (self.state / "s3" / "mini.options").unlink(missing_ok=True)
        return credentials

    def _described(self, credentials: Credentials) -> tuple[Environments, dict[str, Part]]:
        known = self.plan.told(self.state, self.ports, credentials)
        programs = self.plan.programs
        return known, all_parts(self.state, self.ports, credentials, known, programs)

    def _require_room(self) -> None:
        free = shutil.disk_usage(self.state).free
        if free < self.plan.free_bytes and not process.alive(self._record("s3")):
            message = (
                f"Only {free / GIB:.1f} GiB are free where {self.state} lies, and "
                f"{self.plan.free_bytes / GIB:.1f} GiB are needed to begin. Make room, or set "
                "MAMMO_STATE to a directory on a larger disk."
            )
            raise DiskShortError(message)

    def _stop(self, progress: Progress) -> None:
        stack = read_json(self.state / "secrets" / "credentials.json").get("stack", "")
        if not stack:
            return
        ports = Ports(self._remembered() or self.ports.base)

        def end(name: str) -> None:
            ran = process.alive(self._record(name))
            process.stop(self._pid_file(name), f"{stack}:{name}", STOP_SECONDS[name])
            if ran:
                progress(f"{name} has stopped")

        for together in (_FIRST, ("prefect", "s3")):
            with ThreadPoolExecutor(max_workers=len(together)) as pool:
                list(pool.map(end, together))
        for step in ("prepare", "deploy", "introduce"):
            process.sweep(f"{stack}:{step}")
        for path in store_litter(ports):
            path.unlink(missing_ok=True)

    def _pid_file(self, name: str) -> Path:
        return self.state / "run" / f"{name}.json"

    def _record(self, name: str) -> process.Record | None:
        return process.read_record(self._pid_file(name))

    def _ask(self, part: Part) -> PartStatus:
        record = self._record(part.name)
        if record is None or not process.alive(record):
            return self._absent(part.name, part.url)
        return PartStatus(
            name=part.name,
            pid=record.pid,
            url=part.url,
            healthy=part.ready(record.since),
            uptime=max(0.0, time.time() - record.since),
            log=self.state / "log" / f"{part.name}.log",
        )

    def _absent(self, name: str, url: str = "") -> PartStatus:
        log = self.state / "log" / f"{name}.log"
        return PartStatus(name=name, pid=0, url=url, healthy=False, uptime=0.0, log=log)
