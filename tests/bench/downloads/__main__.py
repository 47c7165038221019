"""Downloads beside the store itself: `make bench-downloads`, or: python -m tests.bench.downloads.

Images of 17 MB, as stored and as a re-keyed stream, by the same eight clients, turn about in one
run on one machine: all of it shares the same cores.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.bench.downloads.fetching import CLIENTS, fetch
from tests.bench.downloads.hub import Hub, hub
from tests.bench.exports.table import load, machine, ratio, table, verdict

ROUNDS, TIMES, GOAL = 5, 4, 0.65
PAID = ("client, CPU ms a GB", "store", "door")
MEGA = 1e6


def run(workers: int = 1) -> Iterator[str]:
    """Print the table of one session."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, hub(Path(name)) as there:
        yield from _compared(there, workers)


@dataclass
class Lane:
    """One way to the same bytes, and what it took, round by round."""

    links: list[str]
    headers: Callable[[], dict[str, str]]
    servers: list[psutil.Process]
    rates: list[float] = field(default_factory=list)
    size: int = 0
    spent: dict[str, float] = field(default_factory=dict)

    def turn(self, times: int) -> None:
        """Fetch it all, with eight clients."""
        before = [_cpu(one) for one in self.servers]
        seconds, size, client = fetch(self.links, self.headers(), times)
        after = [_cpu(one) for one in self.servers]
        costs = [client, *(b - a for a, b in zip(before, after, strict=True))]
        for name, cost in zip(("client", "store", "door"), costs, strict=False):
            self.spent[name] = self.spent.get(name, 0) + cost
        self.rates.append(size / seconds / MEGA)
        self.size += size

    def row(self, name: str) -> tuple[str, ...]:
        """A line of the table."""
        each = [f"{1e12 * self.spent[who] / self.size:.0f}" for who in self.spent]
        return (name, *_spread(self.rates), *each, *[""] * (3 - len(each)))

    def a_byte(self) -> float:
        """Processor time of all who take part, for one byte."""
        return sum(self.spent.values()) / self.size


def _compared(there: Hub, workers: int) -> Iterator[str]:
    with there.door(workers) as (base, paths, process), there.relay() as (bare, passing):
        store = psutil.Process(there.world.s3.process.pid)
        direct = Lane(there.links(), dict, [store])
        ours = [f"{base}{path}" for path in paths]
        served = Lane(ours, lambda: {"Authorization": f"Bearer {there.token()}"}, [store, process])
        least = Lane(bare, dict, [store, passing])
        for lane in (direct, least, served):
            fetch(lane.links, lane.headers(), 1)
        before = process.memory_info().rss
        for _ in range(ROUNDS):
            direct.turn(TIMES)
            least.turn(TIMES)
            served.turn(TIMES)
        after = process.memory_info().rss
    yield from table(
        (f"MB/s, {CLIENTS} clients", "median", "least", "most", *PAID),
        direct.row("the store itself"),
        least.row("a bare relay: nothing checked"),
        served.row(f"the door, {workers} process{'es' if workers > 1 else ''}"),
    )
    value = ratio(served.rates, direct.rates)
    yield f"door ÷ store: {value:.2f} ({verdict(value, GOAL, at_least=True)}); {load()}"
    yield f"… by processor time alone: {direct.a_byte() / served.a_byte():.2f}"
    yield f"relay ÷ store: {ratio(least.rates, direct.rates):.2f}: the floor of a door in Python"
    yield f"RSS {before / MEGA:.0f} MB, and {after / MEGA:.0f} MB {served.size / 1e9:.1f} GB later"


def _cpu(process: psutil.Process) -> float:
    """Processor time of a process and of those it started."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _spread(values: list[float]) -> tuple[str, str, str]:
    return f"{median(values):.0f}", f"{min(values):.0f}", f"{max(values):.0f}"


def main() -> None:
    print(f"\n{machine()}\n", flush=True)
    for workers in map(int, sys.argv[1:] or ("1", "2")):
        for line in run(workers):
            print(line, flush=True)


if __name__ == "__main__":
    main()
