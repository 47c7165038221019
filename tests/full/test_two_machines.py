"""Two workers on two machines share PostgreSQL, the store and Prefect, and bring in one export.

The machines are namespaces of Linux where root runs this, each with a loopback of its own; else
processes. They share one landing at one path, as they must: upkeep knows by its locks who lives.
Keys, temporary files and Prefect's are each one's own. Prefect is on PostgreSQL too, on Debian's:
it needs the extension `pg_trgm`.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.full.machines import BRIDGE, Machine, namespaces
from tests.full.shared_export import STUDIES, planned, require_shared, share, shared
from tests.servers import S3Server, free_ports

NAMES = ("a", "b")


@pytest.fixture
def postgres() -> Iterator[URL]:
    """Debian's PostgreSQL on loopback, with a folder of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "PostgreSQL is missing: apt-get install postgresql"
    # A path that the server's own user can enter: as root it does not run.
    folder, (port,) = Path(tempfile.mkdtemp(prefix="mammo-pg-")), free_ports(1)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    words = ("-D", str(folder), "-U", "postgres", "--auth=trust", "--no-sync")
    subprocess.run(
        [programs[-1] / "initdb", *words], user=user, cwd="/", check=True, capture_output=True
    )
    options = ("-c", "fsync=off", "-c", f"unix_socket_directories={folder}")
    command = [programs[-1] / "postgres", "-D", folder, "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen([*command, *options], user=user, cwd="/", stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        asked = [programs[-1] / "pg_isready", "--quiet", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(asked, check=False).returncode:
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        yield URL.create("postgresql", "postgres", "", "127.0.0.1", port, "postgres")
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def test_two_machines_share_an_export_and_double_nothing(
    tmp_path: Path, postgres: URL, s3: S3Server
) -> None:
    apart = os.geteuid() == 0
    address = f"{BRIDGE}.1" if apart else "127.0.0.1"
    near = nullcontext([Machine(name, tmp_path / name) for name in NAMES])
    with (
        namespaces(tmp_path, *NAMES) if apart else near as machines,
        shared(tmp_path / "shared", address, postgres, s3, machines) as here,
    ):
        plan = planned(here)
        share(here, machines, plan)
        brought = require_shared(here, plan)
    assert sum(brought.values()) == STUDIES
    assert len(brought) == len(machines)  # each run brought some of them
