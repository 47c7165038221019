"""Downloads beside the store itself: `make bench-downloads`, or: python -m tests.bench.downloads.

Images of 17 MB, as stored and as a re-keyed stream, by the same eight clients, turn about in one
run on one machine: all of it shares the same cores.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.downloads.fetching import CLIENTS, fetch
from tests.bench.downloads.hub import Hub, hub
from tests.bench.exports.table import load, machine, ratio, table, verdict

ROUNDS, TIMES, GOAL = 5, 4, 0.65
MEGA = 1e6


def run(workers: int = 1) -> Iterator[str]:
    """Print the table of one session."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, hub(Path(name)) as there:
        yield from _compared(there, workers)


def _compared(there: Hub, workers: int) -> Iterator[str]:
    with there.door(workers) as (base, paths, process):
        links, ours = there.links(), [f"{base}{path}" for path in paths]
        head = {"Authorization": f"Bearer {there.token()}"}
        fetch(links, {}, 1)
        fetch(ours, head, 1)
        before, cpu, got = process.memory_info().rss, _cpu(process), 0
        direct, served = [], []
        for _ in range(ROUNDS):
            seconds, size = fetch(links, {}, TIMES)
            direct.append(size / seconds / MEGA)
            head = {"Authorization": f"Bearer {there.token()}"}
            seconds, size = fetch(ours, head, TIMES)
            served.append(size / seconds / MEGA)
            got += size
        after, spent = process.memory_info().rss, _cpu(process) - cpu
    yield from table(
        (f"MB/s, {CLIENTS} clients", "median", "least", "most"),
        ("the store itself", *_spread(direct)),
        (f"the door, {workers} process{'es' if workers > 1 else ''}", *_spread(served)),
    )
    value = ratio(served, direct)
    yield f"door ÷ store: {value:.2f} ({verdict(value, GOAL, at_least=True)}); {load()}"
    if workers == 1:
        yield (
            f"door: RSS {before / MEGA:.0f} MB before and {after / MEGA:.0f} MB after "
            f"{got / 1e9:.1f} GB; {1e3 * spent / (got / 1e9):.0f} ms of processor time a GB"
        )


def _cpu(process: object) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _spread(values: list[float]) -> tuple[str, str, str]:
    return f"{median(values):.0f}", f"{min(values):.0f}", f"{max(values):.0f}"


def main() -> None:
    print(f"\n{machine()}\n", flush=True)
    for workers in map(int, sys.argv[1:] or ("1", "2")):
        for line in run(workers):
            print(line, flush=True)


if __name__ == "__main__":
    main()
