"""A release of many instances: `make bench-releases`; python -m tests.bench.releases [N [PIXELS]].

N clean mammograms (10 000) with PIXELS bytes of pixels each (16 384) lie on a real S3 server. They
are frozen, re-keyed and sealed as `flows.release` does it. The floor is what no release can do
without: one GET of each clean object and one PUT of each header, by the same client, as many at a
time. Pixels are read for the checksums of the manifest, and never written.
"""

import io
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from minio.commonconfig import CopySource

from catalog import releases as released
from catalog.minio_store import ensure_buckets
from catalog.releases import Servable
from catalog.search import Query
from catalog.vocabulary import Tier
from flows import log
from flows.release import permits
from flows.release.build import WORKERS, build
from flows.release.delivering import Place, deliver
from flows.wiring import HubParts
from tests.bench.exports.table import machine, table
from tests.bench.releases.counted import Counted, stages
from tests.bench.releases.stock import stocked
from tests.flows.making import environment
from tests.servers import S3Server

INSTANCES, PIXELS = 10_000, 16_384
TODAY = datetime.now(UTC).date()


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, of our processor time, and of the store's."""

    clock: float
    ours: float
    store: float


class Watch:
    """Measures a deed, and the memory that it needs at most."""

    def __init__(self, server: S3Server) -> None:
        assert server.process is not None
        self._store, self._own = psutil.Process(server.process.pid), psutil.Process()

    def of(self, deed: Any) -> Spent:
        """Do it, and tell what it took."""
        before = _cpu(self._store), _cpu(self._own), time.perf_counter()
        deed()
        after = _cpu(self._store), _cpu(self._own), time.perf_counter()
        store, ours, clock = (b - a for a, b in zip(before, after, strict=True))
        return Spent(clock, ours, store)


def run(instances: int, pixels: int) -> Iterator[str]:
    """Measure one release and its floor."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        folder = Path(name)
        (folder / "s3").mkdir()
        server = S3Server(folder / "s3")
        server.start()
        try:
            hub = stocked(folder, server, instances, pixels)
            watch = Watch(server)
            permit = yield from _measured(hub, watch)
            yield from _delivered(hub, server, watch, permit)
            hub.catalogue.dispose()
        finally:
            server.kill()


def _measured(hub: HubParts, watch: Watch) -> Generator[str, None, str]:
    clean, releases = Counted(hub.clean, "clean"), Counted(hub.releases, "releases")
    counted = replace(hub, clean=clean, releases=releases)
    permit = permits.issue(
        hub,
        persons=["spe-bench"],
        title="Measurement",
        purpose="measurement",
        tier=Tier.PSEUDO_SPE,
        valid=(TODAY, TODAY + timedelta(days=1)),
    )
    before = _forget_most_memory()
    made = []
    with stages() as by_stage:
        whole = watch.of(lambda: made.append(build(counted, permit, Query(), today=TODAY)))
    after = _most_memory()
    number = made[0].instances
    floor = watch.of(lambda: _floor(hub, permit))
    yield from table(
        (f"{number} instances", "a second", "seconds", "CPU ms each", "store, CPU ms each"),
        _row("release", whole, number),
        _row("floor: a GET and a PUT each", floor, number),
    )
    yield (
        f"release ÷ floor: {floor.clock / whole.clock:.2f} by the clock, "
        f"{(floor.ours + floor.store) / (whole.ours + whole.store):.2f} by processor time"
    )
    written, read = releases.count["written"], clean.count["read"] + releases.count["read"]
    yield (
        f"written {written / 1e6:.1f} MB in {releases.count['puts']} objects, "
        f"{written / number / 1e3:.1f} kB an instance; read {read / 1e6:.1f} MB; "
        f"clean objects written: {clean.count['puts']}"
    )
    yield f"memory {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB at most"
    told = {
        **by_stage,
        "read clean objects": clean.spent,
        "store headers and papers": releases.spent,
    }
    yield from table(
        ("stage", "CPU ms an instance"),
        *(
            (name, f"{1e3 * told[name] / number:.2f}")
            for name in sorted(told, key=told.__getitem__, reverse=True)
        ),
    )
    return permit


def _delivered(hub: HubParts, server: S3Server, watch: Watch, permit: str) -> Iterator[str]:
    """Deliver it into a bucket, and let the store itself copy the clean objects as a floor."""
    ensure_buckets(server.endpoint, server.credentials["admin"], ["spe", "floor"], secure=False)
    environment(hub, "spe-bench", "spe", TODAY)
    to, done = Place("spe", server.store("spe")), []
    ours = watch.of(lambda: done.append(deliver(hub, permit, to, who="bench")))
    rows = list(released.manifest(hub.catalogue, permit, who=None, today=TODAY))
    client = server.store("floor")._client

    def copy(one: Servable) -> None:
        client.copy_object("floor", one.sop_uid, CopySource("clean", one.clean_key))

    def copied() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(copy, rows))

    floor, size = watch.of(copied), done[0].size / 1e6
    yield from table(
        (f"{size:.0f} MB in {done[0].sent} objects", "MB/s", "CPU ms a MB", "store, CPU ms a MB"),
        *(
            (
                name,
                f"{size / spent.clock:.0f}",
                f"{1e3 * spent.ours / size:.1f}",
                f"{1e3 * spent.store / size:.1f}",
            )
            for name, spent in (
                ("delivery: sent, read back, compared", ours),
                ("floor: copied inside the store", floor),
            )
        ),
    )


def _floor(hub: HubParts, permit: str) -> None:
    """Get every clean object and put every header once more, elsewhere, with the same client."""
    store, clean = hub.releases._client, hub.clean._client  # type: ignore[attr-defined]

    def one(servable: Any) -> None:
        with clean.get_object("clean", servable.clean_key) as answer:
            for _ in answer.stream(1 << 20):
                pass
            answer.release_conn()
        header = bytes(servable.header_size)
        key = f"floor/{servable.sop_uid}"
        store.put_object("releases", key, io.BytesIO(header), len(header))

    rows = list(released.manifest(hub.catalogue, permit, who=None, today=TODAY))
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, rows))


def _row(name: str, spent: Spent, number: int) -> tuple[str, ...]:
    each = (f"{1e3 * cost / number:.2f}" for cost in (spent.ours, spent.store))
    return (name, f"{number / spent.clock:.0f}", f"{spent.clock:.1f}", *each)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _forget_most_memory() -> float:
    """Let the kernel begin anew with how much memory we had at most; give how much it is."""
    Path("/proc/self/clear_refs").write_text("5")
    return float(psutil.Process().memory_info().rss)


def _most_memory() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def main() -> None:
    """Print the figures of one session."""
    log.configure()
    print(f"\n{machine()}\n", flush=True)
    asked = [int(word) for word in sys.argv[1:]] + [INSTANCES, PIXELS][len(sys.argv) - 1 :]
    for line in run(*asked):
        print(line, flush=True)


if __name__ == "__main__":
    main()
