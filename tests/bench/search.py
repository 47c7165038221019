"""How fast the catalogue is searched: `make bench-search`, or python -m tests.bench.search 100000.

Makes a catalogue of so many studies on SQLite and on PostgreSQL, asks a real uvicorn the mixture
(`tests.bench.mixture`) one after the other, and the same SQL without us, turn about. Prints
`name=value` lines: for each query and each sort of query milliseconds through the door (median,
95th percentile, longest), the bare SQL's, and processor time of our process for the search itself
(PostgreSQL's own is not in it); in the end the ratio to the bare SQL. `door_best` is by each
query's quickest answer: what a machine that is not shared would give. Then what the tables that
search looks through take: on the disk, and of a publication.
"""

import http.client
import io
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import uvicorn
from sqlalchemy import Engine, event, text

from access_api.app import create_app
from access_api.doorstep import open_log
from access_api.settings import DoorSettings
from catalog.database import connect, migrate, writing
from catalog.facets.keeping import keep
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.bench.mixture import MIX, begun
from tests.bench.studies import fill

ROUNDS = 6


class Served:
    """A door on a catalogue, behind a real uvicorn, and a caller of it."""

    def __init__(self, url: str, folder: Path) -> None:
        issuer = Issuer(folder / "jwks.json")
        self.header = {"Authorization": f"Bearer {issuer.token('bench', 'researcher', exp=4e9)}"}
        settings = DoorSettings(
            catalogue_url=url,
            s3_endpoint="127.0.0.1:9",
            s3_access_key="x",
            s3_secret_key="x",
            clean_bucket="clean",
            releases_bucket="releases",
            jwks_file=issuer.path,
            issuer=ISSUER,
            audience=AUDIENCE,
        )
        app = create_app(settings, log=open_log(io.StringIO()))
        config = uvicorn.Config(app, port=0, log_config=None, timeout_keep_alive=900)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.caller = http.client.HTTPConnection("127.0.0.1", port)

    def search(self, wanted: dict[str, Any]) -> None:
        self.caller.request("GET", f"/studies?{urlencode(wanted)}", headers=self.header)
        answer = self.caller.getresponse()
        body = answer.read()
        assert answer.status == 200, body

    def stop(self) -> None:
        self.caller.close()
        self.server.should_exit = True
        self.thread.join(20)


def statements(engine: Engine, deed: Callable[[], object]) -> list[tuple[str, Any]]:
    """Give the SELECTs that a deed runs, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    deed()
    event.remove(engine, "before_cursor_execute", note)
    return seen


def timed(deed: Callable[[], Any]) -> float:
    started = time.perf_counter()
    deed()
    return (time.perf_counter() - started) * 1000


def worked(deed: Callable[[], Any]) -> float:
    started = time.process_time()
    deed()
    return (time.process_time() - started) * 1000


@dataclass
class Times:
    """Milliseconds of some queries, the first round of each left out."""

    door: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)

    def add(self, other: "Times") -> None:
        self.door += other.door
        self.best += other.best
        self.bare += other.bare
        self.work += other.work

    def __str__(self) -> str:
        told = (f"{name}[{spread(times)}]" for name, times in vars(self).items())
        return " ".join(told)


def spread(times: list[float]) -> str:
    p95 = quantiles(times, n=20, method="inclusive")[-1]
    return f"p50={median(times):.1f} p95={p95:.1f} max={max(times):.1f}"


def measure(url: str, label: str, folder: Path) -> Iterator[str]:
    """Ask the mixture through the door and bare, turn about, and say how long it took."""
    engine, served = connect(url), Served(url, folder)
    raw = engine.raw_connection()
    every = Times()
    for sort, queries in MIX.items():
        mine = Times()
        for wanted in queries:
            times = one(engine, served, raw, begun(wanted))
            mine.add(times)
            yield f"{label} {urlencode(wanted)} {times}"
        every.add(mine)
        yield f"{label} ALL OF: {sort} {mine}"
    yield f"{label} ALL {every}"
    ratios = [one / other for one, other in zip(every.door, every.bare, strict=True)]
    yield f"{label}_ratio_to_bare_median={median(ratios):.2f}"
    raw.close()
    served.stop()
    yield from burden(engine, label)
    engine.dispose()


def one(engine: Engine, served: Served, raw: Any, asked: dict[str, Any]) -> Times:
    """Ask one query in all three ways, turn about."""
    from access_api.studies import SearchParameters
    from catalog.search import search

    parsed = SearchParameters(**asked)
    find = partial(search, engine, parsed.query(), cursor=parsed.cursor, limit=parsed.limit)
    wanted = statements(engine, find)

    def bare() -> None:
        cursor = raw.cursor()
        for statement, values in wanted:
            cursor.execute(statement, values)
            cursor.fetchall()
        raw.rollback()

    rounds = [
        (timed(partial(served.search, asked)), timed(bare), worked(find)) for _ in range(ROUNDS)
    ]
    door, alone, work = (list(times) for times in zip(*rounds[1:], strict=True))
    return Times(door, [min(door)] * len(door), alone, work)


def burden(engine: Engine, label: str) -> Iterator[str]:
    """Say what is kept for search, in MB, and what of a study's publication it takes."""
    with writing(engine) as connection:
        every = connection.scalar(text("SELECT count(*) FROM study")) or 0
        chosen = range(1, every, max(every // 200, 1))
        for work in (worked, timed):
            spent = [work(partial(keep, connection, [number])) for number in chosen]
            yield f"{label}_keep_one_study_{work.__name__}_ms[{spread(spent)}]"
        for table in ("search_appearance", "search_stratum", "search_cell", "study_facet"):
            yield f"{label}_{table}_rows={connection.scalar(text(f'SELECT count(*) FROM {table}'))}"
        if engine.dialect.name == "postgresql":
            size = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
            for name, which in (("kept", KEPT), ("all", "relname NOT LIKE 'pg_%'")):
                took = connection.scalar(text(f"{size} AND {which}"))
                yield f"{label}_{name}_mb={float(took) / 1e6:.0f}"
        else:
            pages = text("SELECT (SELECT * FROM pragma_page_count()) * 4096")
            yield f"{label}_all_mb={(connection.scalar(pages) or 0) / 1e6:.0f}"


KEPT = "relname IN ('search_appearance', 'search_stratum', 'search_cell', 'study_facet')"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Give a database of a PostgreSQL of its own, as it is set up by default."""
    own = folder / "runtime"
    own.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(own)
    from pgserver.postgres_server import get_server

    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        os.kill(server.get_postmaster_info().pid, signal.SIGQUIT)


def made(url: str, label: str, count: int) -> Iterator[str]:
    """Make the catalogue, and say how long that took."""
    started = time.perf_counter()
    migrate(url)
    fill(url, count)
    yield f"{label}_studies={count} {label}_made_s={time.perf_counter() - started:.0f}"


def run(count: int, databases: tuple[str, ...]) -> Iterator[str]:
    """Measure on each database."""
    with tempfile.TemporaryDirectory(prefix="mammo-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        folder.chmod(0o755)
        if "sqlite" in databases:
            url = f"sqlite:///{folder / 'catalogue.db'}"
            yield from made(url, "sqlite", count)
            yield from measure(url, "sqlite", folder)
        if "postgresql" in databases:
            with postgresql(folder) as url:
                yield from made(url, "postgresql", count)
                yield from measure(url, "postgresql", folder)


if __name__ == "__main__":
    for line in run(
        int(sys.argv[1]) if sys.argv[1:] else 1_000_000,
        tuple(sys.argv[2:]) or ("sqlite", "postgresql"),
    ):
        print(line, flush=True)
