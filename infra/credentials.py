"""The secrets of one local stack: drawn once, kept in one private file."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from infra.errors import StateError
from infra.private import private_directory, write_json

QUARANTINE, CLEAN, RELEASES = "mammo-quarantine", "mammo-clean", "mammo-releases"
ARRIVALS: Final = "mammo-arrivals"
PROBE: Final = "mammo-probe"
Grants = Mapping[str, tuple[str, ...]]


def _actions(*verbs: str, buckets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{verb}:{bucket}" for verb in verbs for bucket in buckets)


# Who may do what with which bucket; "admin" makes the buckets when a stack is prepared, and
# "probe" owns nothing but the bucket that readiness is tried on.
GRANTS: Final[Grants] = {
    "admin": _actions("Admin", buckets=(QUARANTINE, CLEAN, RELEASES)),
    "region": _actions("Read", "Write", "List", buckets=(QUARANTINE,)),
    "publisher": _actions("Read", "Write", "List", buckets=(CLEAN,)),
    "hub": (
        *_actions("Read", "List", buckets=(CLEAN, RELEASES)),
        *_actions("Write", "Tagging", buckets=(RELEASES,)),
    ),
    "door": _actions("Read", "List", buckets=(CLEAN, RELEASES)),
    "probe": _actions("Admin", buckets=(PROBE,)),
}
# The same where region and hub run apart, each with a store of its own.
REGION_GRANTS: Final[Grants] = {
    "admin": _actions("Admin", buckets=(QUARANTINE,)),
    "region": GRANTS["region"],
    "probe": GRANTS["probe"],
}
HUB_GRANTS: Final[Grants] = {
    "admin": _actions("Admin", buckets=(ARRIVALS, CLEAN, RELEASES)),
    "intake": _actions("Read", "Write", "List", buckets=(ARRIVALS,)),
    "arrivals": _actions("Read", "Write", "List", buckets=(ARRIVALS, CLEAN)),
    "hub": GRANTS["hub"],
    "door": GRANTS["door"],
    "probe": GRANTS["probe"],
}


@dataclass(frozen=True, repr=False)
class S3Credential:
    """One identity of the object store."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, repr=False)
class Credentials:
    """Everything secret that the parts of one stack share."""

    stack: str
    s3: dict[str, S3Credential]
    prefect: str
    jwt: dict[str, str]


def load_credentials(state: Path, grants: Grants = GRANTS) -> Credentials:
    """Read the secrets of a state directory, drawing them the first time.

    A damaged file raises StateError: new secrets would lock the stack out of its own store.
    """
    path = private_directory(state / "secrets") / "credentials.json"
    if not path.exists():
        write_json(path, asdict(_draw(grants)))
    try:
        stored = json.loads(path.read_bytes())
        s3 = {name: S3Credential(**stored["s3"][name]) for name in grants}
        return Credentials(stored["stack"], s3, stored["prefect"], stored["jwt"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} is damaged. Begin again with `mammo reset`."
        raise StateError(message) from error


def identities_file(state: Path) -> Path:
    """Name the file that holds the object store's identities."""
    return state / "secrets" / "s3-identities.json"


def write_identities(state: Path, credentials: Credentials, grants: Grants = GRANTS) -> None:
    """Write the object store's list of identities, each with its few actions."""
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": key.access_key, "secretKey": key.secret_key}],
            "actions": list(grants[name]),
        }
        for name, key in credentials.s3.items()
    ]
    write_json(identities_file(state), {"identities": identities})


def _draw(grants: Grants) -> Credentials:
    s3 = {
        name: S3Credential(f"{name}-{secrets.token_hex(6)}", secrets.token_urlsafe(30))
        for name in grants
    }
    jwt = {
        name: secrets.token_hex(32)
        for name in (
            "WEED_JWT_SIGNING_KEY",
            "WEED_JWT_SIGNING_READ_KEY",
            "WEED_JWT_FILER_SIGNING_KEY",
            "WEED_JWT_FILER_SIGNING_READ_KEY",
        )
    }
    return Credentials(secrets.token_hex(8), s3, f"mammo:{secrets.token_urlsafe(24)}", jwt)
