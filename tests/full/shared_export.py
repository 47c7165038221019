"""One export that two machines share: what they share it by, and what must be true afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from catalog.database import Chain, connect, migrate
from catalog.holders import add_holder, add_region
from catalog.records import Holder, Region
from flows.keys.key_file import REGION_ROOTS, create
from infra.probes import make_pool
from tests.flows.sources.peers import OURS, QRSCP, qrscp, send
from tests.full.machines import ROOT, Machine, base, forwarding
from tests.objects import INSTANCE, mammogram
from tests.servers import S3Server, free_ports

STUDIES = 16
SECONDS = 400
RUN_TWICE = """
import sys
from prefect.deployments import run_deployment
for _ in range(2):
    told = {"plan_id": sys.argv[1], "at_once": True}
    print(run_deployment("export/region", parameters=told, timeout=0).id)
"""
FLOW_RUNS = """
import json
from prefect import get_client
with get_client(sync_client=True) as client:
    runs = client.read_flow_runs()
    print(json.dumps([[r.name, r.state_type.value, str(r.id)] for r in runs]))
"""
SWEEP = """
import sys, time
from datetime import UTC, datetime
from flows import wiring
from flows.ingest import janitor
from flows.ingest.alive import is_alive
parts, until = wiring.region(), time.monotonic() + 120
while not all(is_alive(parts.landing, run) for run in sys.argv[1:]):
    assert time.monotonic() < until
    time.sleep(0.1)
janitor.sweep(parts, datetime.now(UTC))
"""


@dataclass
class Shared:
    """What all machines reach: databases of PostgreSQL, a store, Prefect, a PACS, and a landing."""

    folder: Path
    address: str
    urls: dict[str, URL]
    s3: S3Server
    prefect: int
    pacs: int

    @property
    def landing(self) -> Path:
        """Where every machine finds it."""
        return self.folder.parent / "landing"

    def told(self, folder: Path) -> dict[str, str]:
        """Give what a program is told whose own folder that is."""
        who = self.s3.credentials["region"]
        port = self.s3.endpoint.partition(":")[2]
        region = {
            "ENVIRONMENT": "development",
            "LANDING": str(self.landing),
            "KEY_FILE": str(folder / "region.key"),
            "LEDGER_URL": self.urls["ledger"].render_as_string(hide_password=False),
            "CATALOGUE_URL": self.urls["catalogue"].render_as_string(hide_password=False),
            "S3_ENDPOINT": f"{self.address}:{port}",
            "S3_SECURE": "false",
            "S3_ACCESS_KEY": who.access_key,
            "S3_SECRET_KEY": who.secret_key,
            "CLEAN_ACCESS_KEY": who.access_key,
            "CLEAN_SECRET_KEY": who.secret_key,
        }
        return {
            **{f"MAMMO_REGION_{name}": value for name, value in region.items()},
            "PREFECT_API_URL": f"http://{self.address}:{self.prefect}/api",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS": "1",
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        }

    def run(self, *words: str) -> str:
        """Run Python on the host, as an operator does, to its end."""
        told = {**base(), **self.told(self.folder), "PREFECT_HOME": str(self.folder / "prefect")}
        ran = subprocess.run(
            [sys.executable, *words],
            env=told,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
        return ran.stdout

    def states(self, plan: str) -> dict[str, str]:
        """Give the states of a plan's runs by their ids."""
        runs = json.loads(self.run("-c", FLOW_RUNS).splitlines()[-1])
        return {who: state for name, state, who in runs if name == f"plan-{plan}"}

    def asked(self, name: str, statement: str) -> list[tuple[object, ...]]:
        engine = create_engine(self.urls[name].set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return rows


@contextmanager
def shared(
    folder: Path, address: str, postgres: URL, s3: S3Server, machines: list[Machine]
) -> Iterator[Shared]:
    """Start what machines share, and enter a holder; the store and PostgreSQL run already."""
    folder.mkdir(exist_ok=True)
    create(folder / "region.key", REGION_ROOTS)
    for machine in machines:
        machine.folder.mkdir(parents=True)
        (machine.folder / "region.key").write_bytes((folder / "region.key").read_bytes())
        (machine.folder / "region.key").chmod(0o600)
    (folder.parent / "landing").mkdir(exist_ok=True)
    (prefect,) = free_ports(1)
    urls = {name: _database(postgres, name).set(host=address) for name in CHAINS}
    urls["prefect"] = urls["prefect"].set(drivername="postgresql+asyncpg")
    with ExitStack() as held:
        pacs = held.enter_context(qrscp(folder / "pacs", free_ports(1)[0])).port
        if address != "127.0.0.1":
            store = int(s3.endpoint.partition(":")[2])
            held.enter_context(forwarding(address, [postgres.port or 0, store, prefect, pacs]))
        held.enter_context(_server(folder, prefect, urls["prefect"]))
        made = Shared(folder, address, urls, s3, prefect, pacs)
        engine = connect(made.told(folder)["MAMMO_REGION_CATALOGUE_URL"])
        add_region(engine, Region("norr", "Norr"))
        add_holder(engine, Holder("prov", "norr", "Provsjukhuset"))
        engine.dispose()
        yield made


CHAINS: dict[str, Chain | None] = {"ledger": "ledger", "catalogue": "catalogue", "prefect": None}


def _database(server: URL, name: str) -> URL:
    """Make a database and its owner, as infra/postgres does: a login that is no superuser."""
    engine = create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
    engine.dispose()
    url = server.set(database=name, username=name, password=name)
    if chain := CHAINS[name]:
        migrate(url.render_as_string(hide_password=False), chain)
    return url


@contextmanager
def _server(folder: Path, port: int, url: URL) -> Iterator[None]:
    """Run a Prefect server that keeps everything in PostgreSQL."""
    told = {
        **base(),
        "PREFECT_HOME": str(folder / "server"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": url.render_as_string(hide_password=False),
    }
    words = ("server", "start", "--host", "127.0.0.1", "--port", str(port))
    (folder / "server").mkdir()
    with (folder / "server" / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", *words], env=told, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 240
        while not _is_ready(port):
            assert server.poll() is None, (folder / "server" / "log").read_text()[-2000:]
            assert time.monotonic() < until
            time.sleep(0.5)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _is_ready(port: int) -> bool:
    """Tell whether it answers well enough to make the work pool."""
    try:
        make_pool(f"http://127.0.0.1:{port}/api", ":")
    except httpx.HTTPError:
        return False
    return True


def planned(here: Shared) -> str:
    """Fill the PACS, register the flows, and plan the export; give the plan's id."""
    for study in range(1, STUDIES + 1):
        made = mammogram(
            SOPInstanceUID=f"{INSTANCE}.{study}.1",
            StudyInstanceUID=f"{INSTANCE}.9.{study}",
            SeriesInstanceUID=f"{INSTANCE}.9.{study}.1",
            StudyDate="20230302",
            AccessionNumber=f"ACC{study}",
        )
        send(here.pacs, QRSCP, [made])
    here.run("-m", "flows.startup.deploy")
    until = (datetime.now(UTC) + timedelta(9)).date()
    for name, content in {
        "pacs.toml": f'kind = "DICOM"\nae_title = "{QRSCP}"\nhost = "{here.address}"\n'
        f'port = {here.pacs}\nour_ae_title = "{OURS}"\nretrieve = "get"\n',
        "plan.toml": "[selection]\nfirst = 2023-03-01\n[limits]\ndays = 366\n",
        "decision.toml": 'reference = "D-1"\nlegal_basis = "EHDS Article 60"\npurpose = "test"\n'
        f'controller = "Prov"\nvalid_until = {until}\nprotection_source = "FILTERED_EXPORT"\n',
    }.items():
        (here.folder / name).write_text(content)
    here.run("-m", "flows.cli", "sources", "add", "pacs", str(here.folder / "pacs.toml"))
    words = ("prov", "pacs", str(here.folder / "plan.toml"))
    decision = ("--decision", str(here.folder / "decision.toml"))
    return here.run("-m", "flows.cli", "exports", "schedule", *words, *decision).split()[1]


def share(here: Shared, machines: list[Machine], plan: str) -> None:
    """Begin the plan twice at once, one worker on each machine, and wait until both runs ended."""
    words = ("prefect", "worker", "start", "--pool", "region", "--type", "process")
    workers = [
        machine.start(
            (*words, "--name", machine.name, "--limit", "1", "--install-policy", "never"),
            here.told(machine.folder),
        )
        for machine in machines
    ]
    try:
        begun = here.run("-c", RUN_TWICE, plan).split()
        here.run("-c", SWEEP, *begun)  # on a third machine: it takes nothing from who lives
        until = time.monotonic() + SECONDS
        while list(here.states(plan).values()).count("COMPLETED") < len(machines):
            assert time.monotonic() < until, _logs(machines)
            time.sleep(3)
    finally:
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def _logs(machines: list[Machine]) -> str:
    return "".join((machine.folder / "log").read_text()[-1500:] for machine in machines)


def require_shared(here: Shared, plan: str) -> Counter[str]:
    """Assert that every study came in once, and tell how many each run brought."""
    ended = here.asked("ledger", "SELECT outcome, run, ordinal FROM item")
    assert Counter(outcome for outcome, _, _ in ended) == {"ADMITTED": STUDIES}
    assert len({ordinal for _, _, ordinal in ended}) == STUDIES
    numbers = here.asked("catalogue", "SELECT number, key FROM revision")
    assert {number for number, _ in numbers} == {1}
    assert len({key for _, key in numbers}) == len(numbers)
    studies = here.asked("catalogue", "SELECT count(*) FROM study")
    assert studies == [(STUDIES,)]
    stored = set(here.s3.store("clean").keys("prov/"))
    assert {str(key) for _, key in numbers} <= stored
    assert not list(here.landing.rglob("*.dcm"))
    runs = here.asked("prefect", "SELECT name, state_type FROM flow_run")
    assert [state for name, state in runs if name == f"plan-{plan}"] == ["COMPLETED"] * 2
    assert any(state == "SCHEDULED" for _, state in runs)
    return Counter(str(run) for _, run, _ in ended)
