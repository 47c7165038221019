"""The parts of a local stack, by command line: this room imports no other."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from infra import probes
from infra.certificate import certificate_in
from infra.credentials import Credentials, identities_file
from infra.environment import RELEASE_POOL, Environments
from infra.part import Part, program
from infra.ports import HOST, Ports

# In the order they are stopped, with the seconds each may take to end.
STOP_SECONDS: Final = {
    **dict.fromkeys(("worker", "release-worker", "errands"), 20.0),
    **dict.fromkeys(("api", "console", "intake"), 10.0),
    "receiver": 25.0,
    "prefect": 10.0,
    "s3": 15.0,
}
STORE_INSIDE: Final = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
    "admin.port",
    "admin.port.grpc",
)
# What a part of ours runs on; a change there restarts it.
DOOR_ROOMS: Final = ("catalog", "access_api")
# An access log would keep who asked for which release; the audit ledger is the place for that.
UVICORN: Final = (
    *("uvicorn", "--no-access-log", "--no-server-header"),
    *("--http", "access_api.connection:Connection"),
)
DOOR: Final = (
    *UVICORN,
    *("--factory", "access_api.app:create_app"),
)


INTAKE: Final = (
    *UVICORN,
    *("--factory", "access_api.intake.app:create_app"),
)
CONSOLE: Final = (
    *(*UVICORN, "--limit-concurrency", "64"),
    *("--factory", "access_api.console.app:create_app"),
)
ERRANDS: Final = ("-m", "flows.cli", "console", "answer", "--watch")


@dataclass(frozen=True)
class Programs:
    """What parts of ours run, where it may be another's: a program, or Python, and its words."""

    door: tuple[str, ...] = DOOR
    console: tuple[str, ...] = CONSOLE
    errands: tuple[str, ...] = ERRANDS


def all_parts(
    state: Path,
    ports: Ports,
    credentials: Credentials,
    known: Environments,
    programs: Programs,
) -> dict[str, Part]:
    """Describe every part by name."""
    described = [
        _store_part(state, ports, credentials, known),
        _server_part(state, ports, known),
        _worker_part(state, ports, known, credentials.prefect),
    ]
    if known.releases:
        described.append(_release_worker_part(state, ports, known, credentials.prefect))
    if known.api:
        told = {**known.base, **known.api}
        described.append(_page_part("api", programs.door, ports.api, told, state / "hub"))
    if known.intake:
        described.append(_intake_part(state, ports, known))
    if known.console:
        told, words = {**known.base, **known.console}, programs.console
        described.append(_page_part("console", words, ports.console, told, state / "region"))
        described.append(_errands_part(state, ports, known, programs.errands))
    if known.receiver and (state / "region" / "peers.toml").exists():
        described.append(_receiver_part(state, ports, known))
    return {part.name: part for part in described}


def store_litter(ports: Ports) -> tuple[Path, ...]:
    """Find the Unix sockets that the object store leaves behind."""
    temporary = Path("/tmp")  # noqa: S108 - the store's own fixed place, whatever TMPDIR says
    every = (ports.s3, *ports.inside)
    return tuple(path for port in every for path in temporary.glob(f"seaweedfs-*-{port}.sock"))


def _store_part(state: Path, ports: Ports, credentials: Credentials, known: Environments) -> Part:
    """Describe the object store: on loopback only, its side doors shut, and telling nobody."""
    data = state / "s3"
    command = (
        program("weed"),
        "-logtostderr=true",
        "mini",
        f"-dir={data}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-s3.port={ports.s3}",
        *(f"-{name}={port}" for name, port in zip(STORE_INSIDE, ports.inside, strict=True)),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        # Each bucket takes volumes of its own; counted by 23 GB of free disk, 19 buckets were all.
        "-volume.max=4000",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
        f"-s3.config={identities_file(state)}",
    )
    answers = partial(probes.store_answers, ports.s3, credentials.s3["probe"])
    return Part(
        name="s3",
        command=command,
        environment={**known.base, **known.store},
        directory=data,
        url=f"http://{HOST}:{ports.s3}",
        ready=lambda _since: answers(),
        ports=(ports.s3, *ports.inside),
    )


def _server_part(state: Path, ports: Ports, known: Environments) -> Part:
    """Describe the region's own Prefect server: it answers only to who knows its login."""
    base = f"http://{HOST}:{ports.prefect}"
    return Part(
        name="prefect",
        command=(
            *(program("prefect"), "server", "start"),
            *("--host", HOST, "--port", str(ports.prefect)),
        ),
        environment={**known.base, **known.server},
        directory=state / "prefect" / "server",
        url=base,
        ready=lambda _since: probes.page_answers(f"{base}/api/health"),
        ports=(ports.prefect,),
        start_seconds=120,
    )


def _worker_part(state: Path, ports: Ports, known: Environments, login: str) -> Part:
    """Describe the side's worker: the only part that holds the settings its flows need."""
    told = {**known.base, **known.region, **known.arrivals, **known.client}
    return _worker_of(known.pool, "worker", told, ports, (state / known.pool, login))


def _release_worker_part(state: Path, ports: Ports, known: Environments, login: str) -> Part:
    """Describe the worker of releases: the only part that is told where the release key is."""
    told = {**known.base, **known.releases, **known.client}
    return _worker_of(RELEASE_POOL, "release-worker", told, ports, (state / "hub", login))


def _worker_of(
    pool: str, name: str, told: Mapping[str, str], ports: Ports, at: tuple[Path, str]
) -> Part:
    """Describe a worker of a pool by what it is told, its directory and the server's login."""
    api, (directory, login) = f"http://{HOST}:{ports.prefect}/api", at
    return Part(
        name=name,
        command=(
            *(program("prefect"), "worker", "start", "--pool", pool, "--type", "process"),
            *("--name", f"{pool}-1", "--limit", "2", "--install-policy", "never"),
        ),
        environment=told,
        directory=directory,
        url=f"http://{HOST}:{ports.prefect}/work-pools/work-pool/{pool}",
        ready=lambda since: probes.worker_answers(api, login, since, pool),
    )


def _receiver_part(state: Path, ports: Ports, known: Environments) -> Part:
    """Describe what a PACS pushes to; who may is in `region/peers.toml`."""
    return Part(
        name="receiver",
        command=(sys.executable, "-m", "flows.sources.receiver"),
        environment={**known.base, **known.receiver},
        directory=state / "region",
        url=f"dicom://{HOST}:{ports.receiver}",
        ready=partial(probes.receiver_writes, state / "region" / "landing" / "receiver.json"),
        ports=(ports.receiver,),
    )


def _page_part(
    name: str, words: tuple[str, ...], port: int, told: Mapping[str, str], directory: Path
) -> Part:
    """Describe an application of ours by its program and the words after it, on loopback."""
    base = f"http://{HOST}:{port}"
    return Part(
        name=name,
        command=(program(words[0]), *words[1:], "--host", HOST, "--port", str(port)),
        environment=told,
        directory=directory,
        url=base,
        ready=lambda _since: probes.page_answers(f"{base}/health"),
        ports=(port,),
        rooms=DOOR_ROOMS,
    )


def _intake_part(state: Path, ports: Ports, known: Environments) -> Part:
    """Describe the hub's intake: TLS with a certificate of this stack's own authority."""
    base, tls = f"https://{HOST}:{ports.intake}", certificate_in(state)
    return Part(
        name="intake",
        command=(
            *(program(INTAKE[0]), *INTAKE[1:], "--host", HOST, "--port", str(ports.intake)),
            *("--ssl-certfile", str(tls.server), "--ssl-keyfile", str(tls.key)),
        ),
        environment={**known.base, **known.intake},
        directory=state / "hub",
        url=base,
        ready=lambda _since: probes.page_answers(f"{base}/health", tls.ca),
        ports=(ports.intake,),
        rooms=DOOR_ROOMS,
    )


def _errands_part(state: Path, ports: Ports, known: Environments, errands: tuple[str, ...]) -> Part:
    """Describe what does what the console asks for; it listens nowhere."""
    return Part(
        name="errands",
        command=(sys.executable, *errands),
        environment={**known.base, **known.region, **known.client},
        directory=state / "region",
        url=f"http://{HOST}:{ports.console}/errands",
        ready=lambda _since: True,
        rooms=("deid", "catalog", "flows"),
    )
