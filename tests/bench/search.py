"""How fast the catalogue is searched: `make bench-search`, or python -m tests.bench.search 100000.

Makes a catalogue of so many studies on SQLite and on PostgreSQL, asks a real uvicorn a mixture of
queries one after the other, and the same SQL without us, turn about. Prints `name=value` lines:
milliseconds for each search, the median, the 95th percentile, the ratio to the bare SQL.
`door_best` is by each query's quickest answer: what a machine that is not shared would give.
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
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import uvicorn
from sqlalchemy import Engine, event

from access_api.app import create_app
from access_api.doorstep import open_log
from access_api.settings import DoorSettings
from catalog.database import connect, migrate
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.bench.studies import fill

ROUNDS = 5
MIX: tuple[dict[str, Any], ...] = (
    {},
    {"limit": 200},
    {"view": "MLO", "laterality": "L"},
    {"vendor": "HOLOGIC"},
    {"vendor": "PLANMED"},
    {"vendor": "PLANMED", "age_band": "40-44", "view": "CC"},
    {"kind": "DBT", "exam_year_from": 2020, "exam_year_to": 2022},
    {"kind": "FILM"},
    {"kind": "FILM", "exam_year_from": 2020},
    {"view": "SPECIMEN"},
    {"age_band": "50-54"},
    {"exam_year_from": 2015, "exam_year_to": 2015, "holder": "holder-3"},
    {"holder": "holder-20"},
    {"holder": "holder-20", "vendor": "PLANMED", "kind": "DBT"},
    {"companions": "false", "view": "CC", "age_band": "65-69"},
    {"flag": "saturated"},
    {"flag": "nearly empty", "vendor": "SIEMENS"},
    {"laterality_agrees": "false"},
    {"holder": "holder-1", "laterality_agrees": "false", "exam_year_from": 2022},
    {"vendor": "NOBODY"},
)
"""From what everybody asks first to what finds next to nothing."""


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


def measure(url: str, label: str, folder: Path) -> Iterator[str]:
    """Ask the mixture through the door and bare, turn about, and say how long it took."""
    from access_api.studies import SearchParameters
    from catalog.search import search

    engine, served = connect(url), Served(url, folder)
    raw = engine.raw_connection()

    def bare(wanted: list[tuple[str, Any]]) -> None:
        cursor = raw.cursor()
        for statement, values in wanted:
            cursor.execute(statement, values)
            cursor.fetchall()
        raw.rollback()

    through: list[float] = []
    alone: list[float] = []
    best: list[float] = []
    for wanted in MIX:
        asked = SearchParameters(**wanted)
        find = partial(search, engine, asked.query(), limit=asked.limit)
        ask, again = partial(served.search, wanted), partial(bare, statements(engine, find))
        pairs = [(timed(ask), timed(again)) for _ in range(ROUNDS)]
        ours, theirs = [one for one, _ in pairs[1:]], [one for _, one in pairs[1:]]
        through += ours
        alone += theirs
        best += [min(ours)] * len(ours)
        yield f"{label}_ms[{urlencode(wanted)}]={median(ours):.1f} bare={median(theirs):.1f}"
    for name, times in (("door", through), ("door_best", best), ("bare", alone)):
        p95 = quantiles(times, n=20)[-1]
        yield f"{label}_{name}_p50_ms={median(times):.1f} {label}_{name}_p95_ms={p95:.1f}"
    ratios = [one / other for one, other in zip(through, alone, strict=True)]
    yield f"{label}_ratio_to_bare_median={median(ratios):.2f}"
    raw.close()
    served.stop()
    engine.dispose()


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
