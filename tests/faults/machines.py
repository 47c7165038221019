"""A whole stack whose parts can be killed at a chosen step, and the wires between them cut.

The launcher's own parts (object store, Prefect, worker, door), with ledger and catalogue on a
PostgreSQL, and a PACS. Between the worker and each of PACS, store and databases lies a wire. What
the tester looks at is reached without one.
"""

import contextlib
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from sqlalchemy import Engine

from catalog.database import connect
from catalog.holders import add_holder, add_region
from catalog.records import Holder, Region
from flows.settings import RegionSettings
from flows.wiring import RegionParts, wire_region
from infra import process
from infra.environment import environments, write_environment_files
from infra.part import Part
from infra.parts import all_parts
from infra.ports import Ports
from infra.stack import Stack
from infra.startup import Startup
from tests.faults.proxy import Wire
from tests.faults.servers import Archive, Postgres, kill
from tests.servers import free_block

HOLDER = "prov"
_HALTING = Path(__file__).with_name("halting")


@dataclass
class Wires:
    """What the worker reaches the others by."""

    pacs: Wire
    s3: Wire
    postgres: Wire


class Machines:
    """One stack with a PACS, and the hands to break both.

    Args:
        folder: Where all of it lies.
        workers: How many workers share the region's work.
        at_a_time: Studies that one run has under way.
        clock: What is preloaded into workers so that their clocks can be set; see clock.c.
        room: Bytes of a disk of its own for the landing; 0 is without one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        at_a_time: int = 1,
        clock: Path | None = None,
        room: int = 0,
    ) -> None:
        self.folder = folder
        self.at_a_time = at_a_time
        self.workers = tuple(f"worker{number or ''}" for number in range(workers))
        self.room = room
        self._clock = clock
        self._end = contextlib.ExitStack()
        self.halts = folder / "halts"
        self.halts.mkdir()
        self.stack = Stack(folder / "var", Ports(free_block(20)))
        self.postgres = Postgres(folder)
        self._end.callback(self.postgres.close)
        self.archive = Archive(folder / "pacs")
        self._end.callback(self.archive.close)
        self.wires = Wires(
            self._wire(self.archive.running.port),
            self._wire(self.stack.ports.s3),
            self._wire(self.postgres.port),
        )

    def _wire(self, to: int) -> Wire:
        wire = Wire(to)
        wire.open()
        self._end.callback(wire.close)
        return wire

    # ---- up and down ----------------------------------------------------------------------

    def up(self) -> None:
        """Start everything, and enter holder, source and credentials."""
        self._end.callback(self.stack.reset)
        self.stack.state.mkdir(mode=0o700)
        credentials = self.stack._begin()
        if self.room:
            self._mount()
        self.parts_of_stack = self._described(credentials)
        self._id = credentials.stack
        plan = self.stack.plan
        usual = {k: one for k, one in self.parts_of_stack.items() if k not in self.workers[1:]}
        self._startup().run(
            usual, self._known, credentials, prepare=plan.prepare, deploy=plan.deploy
        )
        for worker in self.workers[1:]:
            self.revive(worker)
            self._end.callback(self.kill, worker)
        self._enter_prefect()
        self.region = self._wired()
        self.catalogue = self._engine("catalogue")
        add_region(self.catalogue, Region("norr", "Norr"))
        add_holder(self.catalogue, Holder(HOLDER, "norr", "Lasarettet"))

    def close(self) -> None:
        self._end.close()

    def _startup(self) -> Startup:
        state, base = self.stack.state, self.stack.ports.base
        return Startup(state, base, self._id, 180, lambda _line: None)

    def _described(self, credentials: Any) -> dict[str, Part]:
        state, ports = self.stack.state, self.stack.ports
        known = environments(state, ports, credentials)
        self._direct = {
            **{name: told for name, told in known.region.items() if "CONSOLE" not in name},
            "MAMMO_REGION_LEDGER_URL": _text(self.postgres.make("ledger")),
            "MAMMO_REGION_CATALOGUE_URL": _text(self.postgres.make("catalogue")),
        }
        own = {
            "MAMMO_REGION_LEDGER_URL": self._by_wire("ledger"),
            "MAMMO_REGION_CATALOGUE_URL": self._by_wire("catalogue"),
            "MAMMO_REGION_S3_ENDPOINT": f"127.0.0.1:{self.wires.s3.port}",
        }
        catalogue = {"MAMMO_HUB_CATALOGUE_URL": _text(self.postgres.url.set(database="catalogue"))}
        door = {"MAMMO_API_CATALOGUE_URL": catalogue["MAMMO_HUB_CATALOGUE_URL"]}
        self._known = replace(
            known,
            region={**known.region, **own},
            hub={**known.hub, **catalogue},
            api={**known.api, **door},
            console={},  # nobody asks here
        )
        write_environment_files(state, self._known)
        parts = all_parts(state, ports, credentials, self._known, self.stack.plan.programs)
        for number, name in enumerate(self.workers, 1):
            parts[name] = self._halting(parts["worker"], name, number)
        return parts

    def _halting(self, worker: Part, name: str, number: int) -> Part:
        # One run each, so that two runs are on two workers.
        limit = str(2 // len(self.workers))
        words = list(worker.command)
        words[words.index("--name") + 1] = f"region-{number}"
        words[words.index("--limit") + 1] = limit
        more = {
            "PYTHONPATH": str(_HALTING),
            "MAMMO_TEST_HALTS": str(self.halts),
            "PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS": "2",
        }
        if self._clock is not None:
            told = {"LD_PRELOAD": str(self._clock), "MAMMO_TEST_CLOCK": str(self._clock_of(name))}
            more |= told
        environment = {**worker.environment, **more}
        return replace(worker, name=name, command=tuple(words), environment=environment)

    def _by_wire(self, database: str) -> str:
        return _text(self.postgres.url.set(database=database, port=self.wires.postgres.port))

    def _enter_prefect(self) -> None:
        told = self._known.client
        self._end.enter_context(
            temporary_settings(
                {
                    PREFECT_API_URL: told["PREFECT_API_URL"],
                    PREFECT_API_AUTH_STRING: told["PREFECT_API_AUTH_STRING"],
                }
            )
        )

    def _wired(self) -> RegionParts:
        prefix = "MAMMO_REGION_"
        told = {name.removeprefix(prefix).lower(): value for name, value in self._direct.items()}
        wired = wire_region(RegionSettings(**told))
        self._end.callback(wired.ledger._engine.dispose)
        self._end.callback(wired.publisher._engine.dispose)
        return wired

    def _engine(self, database: str) -> Engine:
        engine = connect(_text(self.postgres.url.set(database=database)))
        self._end.callback(engine.dispose)
        return engine

    # ---- what breaks, and how it comes back -----------------------------------------------

    def kill(self, name: str) -> None:
        """Kill a part with all that it started; `worker` is all of them, with their flow runs."""
        if name == "postgres":
            self.postgres.kill()
        elif name == "pacs":
            self.archive.kill()
        else:
            names = self.workers if name == "worker" else (name,)
            found = [pid for one in names for pid in process.marked(f"{self._id}:{one}")]
            kill(psutil.Process(pid) for pid in found)

    def revive(self, name: str) -> None:
        """Bring a part back, as whoever runs the machine would."""
        if name == "postgres":
            self.postgres.revive()
        elif name == "pacs":
            self.archive.revive()
            self.wires.pacs.to = self.archive.running.port
        elif name in self.workers[1:]:
            self._start_another(name)
        else:
            self._startup().ensure(self.parts_of_stack[name])

    def _start_another(self, name: str) -> None:
        """Start a worker that the launcher does not know of."""
        part, state = self.parts_of_stack[name], self.stack.state
        self.kill(name)
        log = state / "log" / f"{name}.log"
        marker = f"{self._id}:{name}"
        launch = process.Launch(part.command, part.environment, part.directory, log, marker)
        process.start(launch, state / "run" / f"{name}.json", "")

    def keep_workers(self) -> None:
        """Start workers that have ended, as they do when Prefect stays away; systemd would, too."""
        for worker in self.workers:
            if not process.alive(process.read_record(self.stack.state / "run" / f"{worker}.json")):
                self.revive(worker)

    def set_clock(self, worker: str, seconds: int) -> None:
        """Set a worker's clock forward, or backward."""
        self._clock_of(worker).write_text(str(seconds))

    def _clock_of(self, worker: str) -> Path:
        return self.folder / f"clock-{worker}"

    def fill_disk(self) -> None:
        """Leave no room on the landing's disk."""
        with contextlib.suppress(OSError), (self._landing / ".filler").open("wb") as filler:
            while True:
                filler.write(bytes(1 << 16))
                filler.flush()

    def empty_disk(self) -> None:
        """Make room again."""
        (self._landing / ".filler").unlink()

    @property
    def _landing(self) -> Path:
        return self.stack.state / "region" / "landing"

    def _mount(self) -> None:
        options = f"size={self.room},mode=0700"
        where = str(self._landing)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "mammo", where], check=True)
        self._end.callback(subprocess.run, ["umount", "-l", where], check=False)
        self._end.callback(self.stack.down)


def _text(url: Any) -> str:
    return str(url.render_as_string(hide_password=False))
