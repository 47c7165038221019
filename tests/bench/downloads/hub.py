"""A hub to download from: a real S3 server, a sealed release of mammograms, and the door."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from minio import Minio

from catalog.database import connect, migrate
from catalog.holders import add_holder, add_region
from catalog.records import Holder, Region
from infra.parts import DOOR
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.access_api.world import ANNA, PERMIT_LARGE, World
from tests.servers import S3Server, free_ports

ROWS = 10_220  # × 832 columns × 2 bytes: 17 MB
IMAGES = 16


@dataclass(repr=False)
class Hub:
    """One release, and the same pixels straight from the store by links that are signed."""

    world: World
    folder: Path
    issuer: Issuer

    def links(self) -> list[str]:
        """Signed links of the clean objects, for GETs of the store itself."""
        who = self.world.s3.credentials["door"]
        endpoint, keys = self.world.s3.endpoint, (who.access_key, who.secret_key)
        client = Minio(endpoint, *keys, secure=False, region="us-east-1")
        store = self.world.s3.store("clean")
        return [
            client.presigned_get_object("clean", key, timedelta(hours=2))
            for key in sorted(store.keys("clean/"))
            if not key.endswith(".png")
        ]

    @contextmanager
    def door(self, workers: int = 1) -> Iterator[tuple[str, list[str], psutil.Process]]:
        """Serve it as `mammo up` does; give its address, its paths and its process."""
        (port,) = free_ports(1)
        command = [sys.executable, "-m", *DOOR, "--port", str(port), "--workers", str(workers)]
        with (self.folder / "door.log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            members = self.world.members[PERMIT_LARGE]
            paths = [f"/releases/{PERMIT_LARGE}/instances/{one.sop}" for one in members]
            yield f"http://127.0.0.1:{port}", paths, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()

    @contextmanager
    def relay(self) -> Iterator[tuple[list[str], psutil.Process]]:
        """Pass the same bytes on with nothing checked; give the addresses and the process."""
        (port,) = free_ports(1)
        links = self.links()
        listed = self.folder / "links"
        listed.write_text("\n".join(links))
        command = [sys.executable, "-m", "tests.bench.downloads.relay", str(port), str(listed)]
        process = subprocess.Popen(command)
        base = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{base}/health", process)
            yield [f"{base}/{number}" for number in range(len(links))], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()

    def token(self) -> str:
        """A researcher's token."""
        return self.issuer.token(ANNA)

    def _environment(self) -> dict[str, str]:
        who = self.world.s3.credentials["door"]
        told = {
            "ENVIRONMENT": "production",
            "CATALOGUE_URL": self.world.url,
            "S3_ENDPOINT": self.world.s3.endpoint,
            "S3_SECURE": "false",
            "S3_ACCESS_KEY": who.access_key,
            "S3_SECRET_KEY": who.secret_key,
            "CLEAN_BUCKET": "clean",
            "RELEASES_BUCKET": "releases",
            "JWKS_FILE": str(self.issuer.path),
            "ISSUER": ISSUER,
            "AUDIENCE": AUDIENCE,
        }
        return dict(os.environ) | {f"MAMMO_API_{name}": value for name, value in told.items()}


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    """Make a hub with one release of `IMAGES` images of 17 MB."""
    (folder / "s3").mkdir()
    server = S3Server(folder / "s3")
    url = f"sqlite:///{folder / 'catalogue.sqlite'}"
    migrate(url)
    engine = connect(url)
    try:
        server.start()
        world = World(engine, url, server)
        add_region(engine, Region("vg", "Västra Götaland"))
        add_holder(engine, Holder("vg-mammography", "vg", "Mammography"))
        world.publish(rows=ROWS, study=1, numbers=range(1, IMAGES + 1))
        world.permit(PERMIT_LARGE, ANNA)
        world.release(PERMIT_LARGE, "2.25.6000")
        yield Hub(world, folder, Issuer(folder / "jwks.json"))
    finally:
        engine.dispose()
        server.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    message = "the door did not open"
    raise RuntimeError(message)
