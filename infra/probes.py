"""Is a part really ready: asked by doing what it is there for, never by looking for its port."""

import io
import ssl
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
import urllib3
from minio import Minio
from minio.error import MinioException

from infra.credentials import PROBE, S3Credential
from infra.environment import POOL
from infra.ports import HOST
from infra.private import read_json

PATIENCE: Final = 3.0
BUSY: Final = 60.0
LATELY: Final = 30.0


def store_answers(port: int, credential: S3Credential) -> bool:
    """Put an object and get it back, in a bucket that only the probe may touch.

    After an unclean stop the first write can hang, so each try has three seconds.
    """
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(PATIENCE, read=PATIENCE), retries=False)
    client = Minio(
        f"{HOST}:{port}",
        access_key=credential.access_key,
        secret_key=credential.secret_key,
        secure=False,
        region="us-east-1",
        http_client=pool,
    )
    try:
        if not client.bucket_exists(PROBE):
            client.make_bucket(PROBE)
        client.put_object(PROBE, "ready", io.BytesIO(b"ready"), 5)
        with client.get_object(PROBE, "ready") as answer:
            return answer.read() == b"ready"
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError):
        return False
    finally:
        pool.clear()


def page_answers(url: str, ca: Path | None = None) -> bool:
    """Say whether a health page says that all is well; `ca` vouches for an https one (PEM)."""
    try:
        trusted: ssl.SSLContext | bool = ca is None or ssl.create_default_context(cafile=str(ca))
        return httpx.get(url, timeout=PATIENCE, trust_env=False, verify=trusted).is_success
    except (httpx.HTTPError, OSError):
        return False


def make_pool(api: str, login: str, pool: str = POOL) -> None:
    """Make a work pool, so that the worker and the deployment need not wait in turn.

    A server that has just come up may be too busy to answer: it is asked again for a minute. Raises
    httpx.HTTPError when it refuses; a pool that exists already is as good.
    """
    told = {"name": pool, "type": "process"}
    deadline = time.monotonic() + BUSY
    while True:
        try:
            answer = _ask(api, login, "work_pools/", told)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        else:
            if answer.status_code == httpx.codes.CONFLICT:
                return
            if not answer.is_server_error or time.monotonic() > deadline:
                answer.raise_for_status()
                return
        time.sleep(1)


def worker_answers(api: str, login: str, since: float, pool: str = POOL) -> bool:
    """Say whether a worker of the pool has sent a sign of life after `since` (epoch seconds)."""
    try:
        answer = _ask(api, login, f"work_pools/{pool}/workers/filter", {}).raise_for_status()
        return any(
            worker["status"] == "ONLINE"
            and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() >= since
            for worker in answer.json()
        )
    except (httpx.HTTPError, KeyError, TypeError, ValueError):
        return False


def receiver_writes(status: Path, since: float) -> bool:
    """Say whether the receiver has written its counts after `since` (epoch seconds), and lately."""
    told = read_json(status)
    written = told.get("written", 0)
    return bool(told.get("running")) and int(since) <= written and time.time() - written < LATELY


def _ask(api: str, login: str, path: str, body: dict[str, str]) -> httpx.Response:
    user, _, password = login.partition(":")
    return httpx.post(
        f"{api}/{path}", json=body, auth=(user, password), timeout=PATIENCE, trust_env=False
    )
