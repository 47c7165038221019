"""A local stack with two sides, spoken to by the command line and as an attacker would."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from minio import Minio

from infra.environment import read_environment_file

ROOT = Path(__file__).parents[2]
SECONDS = 240


@dataclass
class Apart:
    """Region and hub apart, and what lies in the folder of either."""

    state: Path
    base: int

    @property
    def hub(self) -> Path:
        return self.state / "hub-side"

    @property
    def region(self) -> Path:
        return self.state / "region-side"

    def told(self, side: Path, name: str) -> dict[str, str]:
        return read_environment_file(side / f"{name}.env")

    def mammo(self, *words: str, fails: bool = False, side: str = "") -> str:
        """Give a command; as a service of the hub's would, with its settings, if that is named."""
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", *words],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.state.parent),
                "MAMMO_STATE": str(self.state),
                "MAMMO_PORT_BASE": str(self.base),
                "COLUMNS": "160",
                **(self.told(self.hub, side) if side else {}),
            },
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def prefect(self, side: Path, login: tuple[str, str] | None = None) -> httpx.Client:
        """Speak to a side's Prefect server, with its own login unless another is given."""
        told = self.told(side, "region" if side == self.region else "hub-prefect")
        user, _, password = told["PREFECT_API_AUTH_STRING"].partition(":")
        url = f"{told['PREFECT_API_URL']}/"
        return httpx.Client(base_url=url, auth=login or (user, password), timeout=30)

    def store(self, side: Path, prefix: str, at: Path | None = None) -> Minio:
        """Speak to a side's store, as those settings do; `at` another side's with them."""
        name = {"MAMMO_ADMIN": "admin", "MAMMO_REGION": "region"}.get(prefix, "hub")
        told, where = self.told(side, name), self.told(at or side, "admin")
        keys = (told[f"{prefix}_S3_{part}_KEY"] for part in ("ACCESS", "SECRET"))
        return Minio(where["MAMMO_ADMIN_S3_ENDPOINT"], *keys, secure=False, region="us-east-1")

    def rows(self, path: Path, *without: str) -> dict[str, list[tuple[Any, ...]]]:
        """Give every row of a database of SQLite, as anybody who holds the file can."""
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as opened:
            asked = "SELECT name FROM sqlite_master WHERE type = 'table'"
            names = {name for (name,) in opened.execute(asked)} - set(without)
            return {
                name: sorted(opened.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
                for name in sorted(names)
            }

    @property
    def catalogue(self) -> Path:
        return self.hub / "hub" / "catalogue.sqlite"


def objects(store: Minio, bucket: str) -> dict[str, bytes]:
    """Read every object of a bucket."""
    found = {}
    for one in store.list_objects(bucket, recursive=True):
        with store.get_object(bucket, str(one.object_name)) as answer:
            found[str(one.object_name)] = answer.read()
    return found


def forms(secret: str) -> set[bytes]:
    """Write a secret as files, databases and JSON would."""
    codes = {secret.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-le")}
    return {one for one in codes | {json.dumps(secret)[1:-1].encode()} if len(one) > 5}
