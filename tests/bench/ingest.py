"""An ingest from end to end, against `cp -r` of the same files."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median

from catalog import database
from catalog.holders import add_holder, add_region
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Holder, Region
from flows import deidentifier
from flows.demo.films import build_exports
from flows.keys import sides
from flows.keys.sides import RegionKeys
from flows.offline.folder import deidentify_folder
from flows.walk.study import StudyRun, settle
from flows.wiring import RegionParts
from tests.flows.conftest import DECISION
from tests.flows.making import enrolled, registered
from tests.servers import S3Server

ROUNDS = 3
CORES = 2


def run() -> Iterator[str]:
    """Ingest the demonstration's films with two studies at a time, as the region's worker does."""
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        folder = Path(name)
        films = folder / "films"
        for export in build_exports(folder / "demo"):
            shutil.copytree(export.path, films / export.holder_slug)
        files = [path for path in films.rglob("*") if path.is_file()]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        yield f"bench.ingest.files={len(files)}"
        yield f"bench.ingest.megabytes={megabytes:.0f}"
        (folder / "s3").mkdir()
        server = S3Server(folder / "s3")
        server.start()
        try:
            yield from _rounds(folder, films, server, len(files), megabytes)
        finally:
            server.kill()


def _rounds(
    folder: Path, films: Path, server: S3Server, count: int, megabytes: float
) -> Iterator[str]:
    held = sides.offline_keys(None)
    loaded = deidentifier.load(held)
    copied, offline, walked, cpu = [], [], [], []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run(["cp", "-r", films, folder / f"copy-{number}"], check=True)
        copied.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        deidentify_folder(films, folder / f"offline-{number}", loaded, workers=CORES)
        offline.append(time.perf_counter() - begun)
        parts = wired(folder / f"region-{number}", server, held)
        before, begun = _cpu(), time.perf_counter()
        _ingest(parts, loaded, films)
        walked.append(time.perf_counter() - begun)
        cpu.append(_cpu() - before)
        for path in ("copy", "offline", "region"):
            shutil.rmtree(folder / f"{path}-{number}")
        server.kill()  # an empty store for each round: nothing is KNOWN
        shutil.rmtree(server.folder)
        server.folder.mkdir()
        server.start()
    yield f"bench.ingest.cp_seconds={median(copied):.2f}"
    yield f"bench.ingest.offline_seconds={median(offline):.2f}"
    yield f"bench.ingest.seconds={median(walked):.2f}"
    yield f"bench.ingest.images_per_second={count / median(walked):.2f}"
    yield f"bench.ingest.megabytes_per_second_per_core={megabytes / median(walked) / CORES:.1f}"
    yield f"bench.ingest.cpu_seconds_per_image={median(cpu) / count:.2f}"
    yield f"bench.ingest.times_cp={_ratio(walked, copied):.1f}"
    yield f"bench.ingest.times_offline={_ratio(walked, offline):.2f}"


def _ratio(ours: list[float], floor: list[float]) -> float:
    return median(one / other for one, other in zip(ours, floor, strict=True))


def wired(folder: Path, server: S3Server, held: RegionKeys) -> RegionParts:
    (folder / "landing").mkdir(parents=True)
    urls = {}
    for chain in ("catalogue", "ledger"):
        urls[chain] = f"sqlite:///{folder / chain}.sqlite"
        database.migrate(urls[chain], chain)
    catalogue = database.connect(urls["catalogue"])
    add_region(catalogue, Region("norr", "Region Norr"))
    add_holder(catalogue, Holder("prov", "norr", "Provsjukhuset"))
    return RegionParts(
        keys=held,
        ledger=Ledger(database.connect(urls["ledger"]), LedgerKey(held.ledger())),
        publisher=CataloguePublisher(catalogue),
        clean=server.store("clean"),
        quarantine=server.store("quarantine"),
        landing=folder / "landing",
        expansion_limit=1 << 40,
        remembered=timedelta(days=9),
    )


def _ingest(parts: RegionParts, loaded: deidentifier.Deidentifier, films: Path) -> None:
    export = registered(parts, films, DECISION)
    numbers = enrolled(parts, export)
    with ThreadPoolExecutor(CORES) as pool:
        runs = (StudyRun(parts, loaded, export, number, "norr", "run") for number in numbers)
        list(pool.map(settle, runs))
    assert parts.ledger.tally(export.id).matches


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
