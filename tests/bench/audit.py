"""How many lines the ledger of accesses takes: python -m tests.bench.audit.

Eight threads add a line each in a transaction of its own, as downloads do: chained as they are, and
beside that, turn about, rows of the same size without a chain. Prints lines a second.
"""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, text

from catalog import audit
from catalog.audit import AccessEvent
from catalog.audit.proof import verify
from catalog.database import connect, migrate, writing
from tests.bench.search import postgresql

THREADS, LINES, ROUNDS = 8, 50, 3
EVENT = AccessEvent("researcher-1", "permit-1", "download", "2.25." + "7" * 39, "ALLOWED")


def rate(deed: Callable[[], None]) -> float:
    """Do something in all threads at once, and tell how often in a second."""

    def often(_: int) -> None:
        for _turn in range(LINES):
            deed()

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(often, range(THREADS)))
    return THREADS * LINES / (time.perf_counter() - started)


def bare(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO bare VALUES (:a)"), {"a": secrets.token_hex(150)})


def measure(url: str, label: str) -> Iterator[str]:
    migrate(url)
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE bare (a TEXT)"))
    pairs = [
        (rate(lambda: audit.append(engine, EVENT)), rate(lambda: bare(engine)))
        for _ in range(ROUNDS)
    ]
    yield f"{label}_chained_per_s={median(one for one, _ in pairs):.0f}"
    yield f"{label}_bare_per_s={median(one for _, one in pairs):.0f}"
    yield f"{label}_ratio={median(one / other for one, other in pairs):.2f}"
    started = time.process_time()
    found = verify(audit.entries(engine))
    assert found.broken is None
    assert found.lines == ROUNDS * THREADS * LINES
    yield f"{label}_verified_per_cpu_s={found.lines / (time.process_time() - started):.0f}"
    engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mammo-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for line in measure(f"sqlite:///{folder / 'catalogue.db'}", "sqlite"):
            print(line, flush=True)
        with postgresql(folder) as url:
            for line in measure(url, "postgresql"):
                print(line, flush=True)
