"""Each part's own variables, and nothing of the caller's."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from infra.credentials import CLEAN, QUARANTINE, RELEASES, Credentials
from infra.ports import HOST, Ports
from infra.private import write_private

ISSUER: Final = "urn:mammo:development"
AUDIENCE: Final = "urn:mammo:api"
POOL: Final = "region"
RELEASE_POOL: Final = "release"
TITLE: Final = "MAMMO"
# A Unix socket's whole path must fit in 104 bytes; what programs add to TMPDIR needs about 45.
TEMPORARY_PATH_LIMIT: Final = 55
STUDIES_MOST: Final = 4
QUIET_PREFECT: Final = {
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
}


@dataclass(frozen=True, repr=False)
class Environments:
    """The variables of every part; `base` is all that they share.

    A part that is told nothing is none of this stack's. `pool` names the worker's work pool.
    """

    base: Mapping[str, str]
    admin: Mapping[str, str]
    server: Mapping[str, str]
    client: Mapping[str, str]
    store: Mapping[str, str]
    region: Mapping[str, str] = field(default_factory=dict)
    receiver: Mapping[str, str] = field(default_factory=dict)
    console: Mapping[str, str] = field(default_factory=dict)
    hub: Mapping[str, str] = field(default_factory=dict)
    arrivals: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, str] = field(default_factory=dict)
    intake: Mapping[str, str] = field(default_factory=dict)
    api: Mapping[str, str] = field(default_factory=dict)
    pool: str = POOL

    @property
    def pools(self) -> tuple[str, ...]:
        """The work pools that there are."""
        return (self.pool, RELEASE_POOL) if self.releases else (self.pool,)


def environments(state: Path, ports: Ports, credentials: Credentials) -> Environments:
    """Put together what each part is told, from one state directory and its secrets."""
    told = shared(state, ports, credentials)
    in_process = {
        "CATALOGUE_URL": catalogue_url(state),
        "CLEAN_BUCKET": CLEAN,
        "CLEAN_ACCESS_KEY": credentials.s3["publisher"].access_key,
        "CLEAN_SECRET_KEY": credentials.s3["publisher"].secret_key,
    }
    return replace(
        told,
        region={**region_told(state, ports, credentials), **prefixed("MAMMO_REGION_", in_process)},
        hub=hub_told(state, ports, credentials),
        api=door_told(state, ports, credentials),
        receiver=receiver_told(state, ports),
        console=console_told(state),
    )


def shared(state: Path, ports: Ports, credentials: Credentials) -> Environments:
    """Put together what every stack has: a store, a Prefect server, whoever makes buckets."""
    return Environments(
        base=_base(state),
        admin=prefixed("MAMMO_ADMIN_", store_told("admin", ports, credentials)),
        server=_server(state, ports, credentials),
        client=_client(state, ports, credentials),
        store={"GOMEMLIMIT": "400MiB", **credentials.jwt},
    )


def catalogue_url(state: Path) -> str:
    """Say where a stack's catalogue is."""
    return f"sqlite:///{state / 'hub' / 'catalogue.sqlite'}"


def ledger_url(state: Path) -> str:
    """Say where a region's ledger is."""
    return f"sqlite:///{state / 'region' / 'ledger.sqlite'}"


def region_told(state: Path, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """Say what a region's worker needs of its own side."""
    values = {
        "ENVIRONMENT": "development",
        "LANDING": str(state / "region" / "landing"),
        "KEY_FILE": str(state / "secrets" / "region.key"),
        "LEDGER_URL": ledger_url(state),
        "CONSOLE_KEY_FILE": str(_sealing(state)),
        "CONSOLE_FOLDERS": json.dumps([str(state / "region" / "sources")]),
        "OPTOUTS_KEY_FILE": str(state / "region" / "optouts.pub"),
        "QUARANTINE_BUCKET": QUARANTINE,
        **store_told("region", ports, credentials),
    }
    return prefixed("MAMMO_REGION_", values)


def receiver_told(state: Path, ports: Ports) -> dict[str, str]:
    """Say what the receiver needs."""
    values = {
        "HOST": HOST,
        "PORT": str(ports.receiver),
        "AE_TITLE": TITLE,
        "PEERS": str(state / "region" / "peers.toml"),
        "LANDING": str(state / "region" / "landing"),
    }
    return prefixed("MAMMO_RECEIVER_", values)


def console_told(state: Path) -> dict[str, str]:
    """Say what the region's console needs."""
    values = {"LEDGER_URL": ledger_url(state), "KEY_FILE": str(_sealing(state))}
    return prefixed("MAMMO_CONSOLE_", values)


def _sealing(state: Path) -> Path:
    """Say where the public key lies that the console seals with."""
    return state / "region" / "console-key.pub"


def hub_told(state: Path, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """Say what the hub's commands need."""
    values = {
        "ENVIRONMENT": "development",
        "CATALOGUE_URL": catalogue_url(state),
        "RELEASE_KEY_FILE": str(state / "secrets" / "release.key"),
        "CLEAN_BUCKET": CLEAN,
        "RELEASES_BUCKET": RELEASES,
        **store_told("hub", ports, credentials),
    }
    return prefixed("MAMMO_HUB_", values)


def door_told(state: Path, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """Say what the door needs."""
    values = {
        "ENVIRONMENT": "development",
        "CATALOGUE_URL": catalogue_url(state),
        "CLEAN_BUCKET": CLEAN,
        "RELEASES_BUCKET": RELEASES,
        "JWKS_FILE": str(state / "hub" / "jwks.json"),
        "ISSUER": ISSUER,
        "AUDIENCE": AUDIENCE,
        "PUBLIC_URL": f"http://127.0.0.1:{ports.api}",
        **store_told("door", ports, credentials),
    }
    return prefixed("MAMMO_API_", values)


def write_environment_files(state: Path, known: Environments) -> None:
    """Write what a person may read a part's settings from; private, as each holds a secret."""
    files = {
        "region.env": {**known.region, **known.client} if known.region else {},
        "hub.env": {**known.hub, **known.arrivals},
        "hub-prefect.env": known.client if known.arrivals else {},
        "api.env": known.api,
        "intake.env": known.intake,
        "admin.env": known.admin,
        "receiver.env": known.receiver,
        "console.env": known.console,
    }
    for name, variables in files.items():
        if variables:
            text = "".join(f"{key}={value}\n" for key, value in variables.items())
            write_private(state / name, text.encode())


def read_environment_file(path: Path) -> dict[str, str]:
    """Read the variables of an environment file: one `NAME=value` a line, `#` begins a remark."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _base(state: Path) -> dict[str, str]:
    temporary = state / "tmp"
    short = len(str(temporary).encode()) <= TEMPORARY_PATH_LIMIT
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(state / "home"),
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary) if short else tempfile.gettempdir(),
    }


def prefixed(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    """Give settings their side's prefix."""
    return {prefix + name: value for name, value in values.items()}


def store_told(identity: str, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """Say where the store is, and one identity's keys."""
    return {
        "S3_ENDPOINT": f"{HOST}:{ports.s3}",
        "S3_SECURE": "false",
        "S3_ACCESS_KEY": credentials.s3[identity].access_key,
        "S3_SECRET_KEY": credentials.s3[identity].secret_key,
    }


def _server(state: Path, ports: Ports, credentials: Credentials) -> dict[str, str]:
    return {
        **QUIET_PREFECT,
        "PREFECT_HOME": str(state / "prefect" / "server"),
        "PREFECT_SERVER_API_AUTH_STRING": credentials.prefect,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{ports.prefect}/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }


def _client(state: Path, ports: Ports, credentials: Credentials) -> dict[str, str]:
    return {
        **QUIET_PREFECT,
        "PREFECT_API_AUTH_STRING": credentials.prefect,
        "PREFECT_API_URL": f"http://{HOST}:{ports.prefect}/api",
        "PREFECT_HOME": str(state / "prefect" / "client"),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        # glibc keeps an arena for each thread, and what one frees another cannot use.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "1048576",
        "PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS": str(min(STUDIES_MOST, os.cpu_count() or 1)),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
