"""Each part's own variables, and nothing of the caller's."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.credentials import CLEAN, QUARANTINE, RELEASES, Credentials
from infra.ports import HOST, Ports
from infra.private import write_private

ISSUER: Final = "urn:mammo:development"
AUDIENCE: Final = "urn:mammo:api"
POOL: Final = "region"
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
    """The variables of every part; `base` is all that they share."""

    base: Mapping[str, str]
    region: Mapping[str, str]
    hub: Mapping[str, str]
    api: Mapping[str, str]
    admin: Mapping[str, str]
    server: Mapping[str, str]
    client: Mapping[str, str]
    receiver: Mapping[str, str]
    console: Mapping[str, str]
    store: Mapping[str, str]


def environments(state: Path, ports: Ports, credentials: Credentials) -> Environments:
    """Put together what each part is told, from one state directory and its secrets."""
    secret = state / "secrets"
    catalogue = f"sqlite:///{state / 'hub' / 'catalogue.sqlite'}"
    ledger = f"sqlite:///{state / 'region' / 'ledger.sqlite'}"
    sealing = state / "region" / "console-key.pub"
    return Environments(
        base=_base(state),
        region=_prefixed(
            "MAMMO_REGION_",
            {
                "ENVIRONMENT": "development",
                "LANDING": str(state / "region" / "landing"),
                "KEY_FILE": str(secret / "region.key"),
                "LEDGER_URL": ledger,
                "CONSOLE_KEY_FILE": str(sealing),
                "CONSOLE_FOLDERS": json.dumps([str(state / "region" / "sources")]),
                "CATALOGUE_URL": catalogue,
                "QUARANTINE_BUCKET": QUARANTINE,
                "CLEAN_BUCKET": CLEAN,
                **_store("region", ports, credentials),
                "CLEAN_ACCESS_KEY": credentials.s3["publisher"].access_key,
                "CLEAN_SECRET_KEY": credentials.s3["publisher"].secret_key,
            },
        ),
        hub=_prefixed(
            "MAMMO_HUB_",
            {
                "ENVIRONMENT": "development",
                "CATALOGUE_URL": catalogue,
                "RELEASE_KEY_FILE": str(secret / "release.key"),
                "CLEAN_BUCKET": CLEAN,
                "RELEASES_BUCKET": RELEASES,
                **_store("hub", ports, credentials),
            },
        ),
        api=_prefixed("MAMMO_API_", _door(state, catalogue, ports, credentials)),
        admin=_prefixed("MAMMO_ADMIN_", _store("admin", ports, credentials)),
        server=_server(state, ports, credentials),
        client=_client(state, ports, credentials),
        receiver=_prefixed(
            "MAMMO_RECEIVER_",
            {
                "HOST": HOST,
                "PORT": str(ports.receiver),
                "AE_TITLE": TITLE,
                "PEERS": str(state / "region" / "peers.toml"),
                "LANDING": str(state / "region" / "landing"),
            },
        ),
        console=_prefixed("MAMMO_CONSOLE_", {"LEDGER_URL": ledger, "KEY_FILE": str(sealing)}),
        store={"GOMEMLIMIT": "400MiB", **credentials.jwt},
    )


def write_environment_files(state: Path, known: Environments) -> None:
    """Write what a person may read a part's settings from; private, as each holds a secret."""
    files = {
        "region.env": {**known.region, **known.client},
        "hub.env": known.hub,
        "api.env": known.api,
        "admin.env": known.admin,
        "receiver.env": known.receiver,
        "console.env": known.console,
    }
    for name, variables in files.items():
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


def _prefixed(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    return {prefix + name: value for name, value in values.items()}


def _store(identity: str, ports: Ports, credentials: Credentials) -> dict[str, str]:
    return {
        "S3_ENDPOINT": f"{HOST}:{ports.s3}",
        "S3_SECURE": "false",
        "S3_ACCESS_KEY": credentials.s3[identity].access_key,
        "S3_SECRET_KEY": credentials.s3[identity].secret_key,
    }


def _door(state: Path, catalogue: str, ports: Ports, credentials: Credentials) -> dict[str, str]:
    return {
        "ENVIRONMENT": "development",
        "CATALOGUE_URL": catalogue,
        "CLEAN_BUCKET": CLEAN,
        "RELEASES_BUCKET": RELEASES,
        "JWKS_FILE": str(state / "hub" / "jwks.json"),
        "ISSUER": ISSUER,
        "AUDIENCE": AUDIENCE,
        **_store("door", ports, credentials),
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
