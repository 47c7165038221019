"""What Prefect adds to a study of four images with pixels: the same task, orchestrated and bare.

A stack of its own runs the real Prefect server and worker. One process with the worker's settings
then walks studies one after another, turn about: in the worker's own flow, talking to that server,
and as the bare function of the same task. Last, the worker itself runs an export of one study,
which shows what a flow run costs however many studies it has.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import psutil

from infra.stack import Stack
from tests.bench.exports.images import write_studies
from tests.bench.exports.sending import spent
from tests.bench.exports.table import load, table, verdict
from tests.bench.worker import DECISION
from tests.servers import free_block

STUDIES, TURNS, GOAL = 4, 2, 5.0
CHILD = (
    "import sys\nfrom tests.bench.exports import orchestrated\norchestrated.compare(sys.argv[1:])"
)


def run() -> Iterator[str]:
    """Start the stack, compare in a process with the worker's settings, and run one export."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        folder = Path(name)
        (folder / "decision.toml").write_text(DECISION)
        for turn in range(2 * TURNS):
            write_studies(folder / f"turn-{turn}", STUDIES, first=1 + STUDIES * turn)
        write_studies(folder / "last", 1, first=1000)
        ours = {"MAMMO_STATE": str(folder / "var"), "MAMMO_PORT_BASE": str(free_block(20))}
        environment = os.environ | ours
        mammo = [sys.executable, "-m", "flows.cli"]
        subprocess.check_output([*mammo, "up"], env=environment)
        try:
            holder = ["catalog", "add-holder", "norrby", "Norrby", "--region", "norr"]
            subprocess.check_output([*mammo, *holder], env=environment)
            yield from _compared(folder, environment)
            last = ["ingest", "norrby", folder / "last", "--decision", folder / "decision.toml"]
            begun = time.perf_counter()
            subprocess.check_output([*mammo, *last], env=environment)
            took = time.perf_counter() - begun
            yield f"`mammo ingest` of one study by the worker, from a cold start: {took:.1f} s"
            yield load()
        finally:
            subprocess.check_output([*mammo, "reset", "--yes"], env=environment)


def _compared(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    stack = Stack(folder / "var")
    server = next(part for part in stack.status() if part.name == "prefect")
    one_at_a_time = {"PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS": "1"}
    settings = environment | stack.environment("region") | one_at_a_time
    said = subprocess.check_output(
        [sys.executable, "-c", CHILD, folder, str(server.pid)], env=settings
    )
    told = json.loads(said.splitlines()[-1])
    yield f"{STUDIES} studies of four images a turn, {TURNS} turns each; {load()}"
    yield ""
    yield from _told(told)


def _told(told: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    flow, bare = ({key: median(values) for key, values in one.items()} for one in told.values())
    rows = [
        (
            name,
            f"{one['study']:.2f}",
            f"{1000 * one['between']:.0f}",
            f"{one['processor']:.2f}",
            f"{one['server']:.2f}",
        )
        for name, one in (("Prefect flow", flow), ("bare function", bare))
    ]
    columns = ("a study", "its walk, s", "before the next, ms", "CPU s", "server's CPU s")
    yield from table(columns, *rows)
    between = 100 * (flow["between"] - bare["between"]) / flow["study"]
    yield f"time between studies: {between:.1f} % ({verdict(between, GOAL, at_least=False)})"
    cpu = 100 * ((flow["processor"] + flow["server"]) / (bare["processor"] + bare["server"]) - 1)
    goal = verdict(cpu, GOAL, at_least=False)
    yield f"processor time, server's included: {cpu:.1f} % more ({goal})"
    before, after = flow["before"], flow["after"]
    yield f"once an export: {before:.1f} s before its first study, {after:.1f} s after its last"


def compare(arguments: list[str]) -> None:
    """In a process with the worker's settings: take turns, and print what each took as JSON."""
    from flows import deidentifier, wiring
    from flows.exports import registry
    from flows.exports.index import enroll
    from flows.ingest import flow

    folder, server = Path(arguments[0]), psutil.Process(int(arguments[1]))
    deidentifier.of_region()

    def bare(export_id: str) -> None:
        parts = wiring.region()
        export = parts.ledger.export(export_id)
        enroll(
            parts.ledger,
            export,
            parts.landing / export.id,
            limit=parts.expansion_limit,
            run="bare",
        )
        for number in sorted(parts.ledger.studies(export_id)):
            flow.study.fn(export_id, number)

    told: dict[str, dict[str, list[float]]] = {"flow": {}, "bare": {}}
    ways: dict[str, Callable[[str], Any]] = {"flow": flow.ingest, "bare": bare}
    for turn in range(2 * TURNS):
        how = ("flow", "bare")[(turn + turn // 2) % 2]
        decision = folder / "decision.toml"
        export_id = registry.register("norrby", folder / f"turn-{turn}", decision=decision)
        for key, value in _timed(ways[how], export_id, server).items():
            told[how].setdefault(key, []).append(value)
    print(json.dumps(told))


def _timed(way: Callable[[str], Any], export_id: str, server: psutil.Process) -> dict[str, float]:
    """Walk an export; seconds a study, by the clock and of processors."""
    from flows.ingest import flow

    walks: list[tuple[float, float]] = []
    before = time.process_time(), spent(server, *server.children(recursive=True))
    begun = time.perf_counter()
    with _noted(flow, walks):
        way(export_id)
    end = time.perf_counter()
    studies = [one for one in walks if one[1] - one[0] > 0.1]  # not the files of no study
    gaps = [later[0] - one[1] for one, later in pairwise(studies)]
    after = time.process_time(), spent(server, *server.children(recursive=True))
    return {
        "study": median(finish - start for start, finish in studies),
        "between": median(gaps),
        "processor": (after[0] - before[0]) / len(studies),
        "server": (after[1] - before[1]) / len(studies),
        "before": walks[0][0] - begun,
        "after": end - walks[-1][1],
    }


@contextmanager
def _noted(flow: Any, walks: list[tuple[float, float]]) -> Iterator[None]:
    genuine = flow.settle

    def settle(study: Any) -> Any:
        begun = time.perf_counter()
        try:
            return genuine(study)
        finally:
            walks.append((begun, time.perf_counter()))

    with patch.object(flow, "settle", settle):
        yield
