"""Keys and the pseudonym port (architecture, decision 2).

Two steps make a pseudonym: the edge computes HMAC(k_edge, canonical identifier), and a third
party re-keys the result. The local key file plays both parts on one machine, which is why it
refuses to work in production.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from deid.pseudonym import Person, Subkeys
from flows.errors import KeyFileError
from flows.settings import Environment

KEY_BYTES = 32
REGION_ROOTS = ("edge", "third_party", "region")
HUB_ROOTS = ("release",)


class Pseudonyms(Protocol):
    """The port that turns a person's canonical identifier into her pseudonym."""

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier."""
        ...


@dataclass(frozen=True, repr=False)
class LocalPseudonyms:
    """Both steps on one machine, where no third party is."""

    edge: bytes
    third_party: bytes

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier, by the two-step pseudonym."""
        edge = hmac.digest(self.edge, canonical.encode(), "sha256")
        return Person(token(hmac.digest(self.third_party, edge, "sha256")))


@dataclass(frozen=True, repr=False)
class RegionKeys:
    """The region's side: the way to pseudonyms, and a subkey for each purpose of its own.

    Attributes:
        date: Key of the date shift; common to all regions, so that intervals survive a move.
        version: Names the keys in use; safe to record.
    """

    pseudonyms: Pseudonyms
    root: bytes
    date: bytes
    version: str

    def subkeys(self) -> Subkeys:
        """Return what `deid` replaces UIDs, accession numbers, devices and dates with."""
        return Subkeys(
            uid=subkey(self.root, "uid"),
            accession=subkey(self.root, "accession"),
            device=subkey(self.root, "device"),
            date=self.date,
            version=self.version,
        )

    def ledger(self) -> bytes:
        """Return the key that encrypts the region ledger's columns."""
        return subkey(self.root, "ledger")

    def quarantine(self) -> bytes:
        """Return the key that seals quarantined originals."""
        return subkey(self.root, "quarantine")

    def name(self, component: str) -> str:
        """Replace a part of a file's name by a token."""
        message = component.encode("utf-8", "surrogateescape")
        return token(hmac.digest(subkey(self.root, "names"), message, "sha256"))


@dataclass(frozen=True, repr=False)
class ReleaseKeys:
    """The hub's side: keys of one permit each, which map pseudonyms to other pseudonyms."""

    root: bytes
    version: str

    def subkeys(self, permit_id: str) -> Subkeys:
        """Return one permit's subkeys; no other permit shares any of them."""
        permit = subkey(self.root, f"permit:{permit_id}")
        uid, accession, device, date = (
            subkey(permit, purpose) for purpose in ("uid", "accession", "device", "date")
        )
        return Subkeys(uid=uid, accession=accession, device=device, date=date, version=self.version)

    def person(self, permit_id: str, subject: str) -> Person:
        """Return a Subject's release pseudonym for one permit."""
        key = subkey(self.root, f"person:{permit_id}")
        return Person(token(hmac.digest(key, subject.encode(), "sha256")))


def token(digest: bytes) -> str:
    """Write the first 128 bits of a digest as 26 characters that any VR may carry."""
    return base64.b32encode(digest[:16]).decode().rstrip("=")


def subkey(root: bytes, purpose: str) -> bytes:
    """Derive the subkey of a purpose (HKDF-SHA256, RFC 5869)."""
    info = f"mammo-dataspace:{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(root)


def create(path: Path, roots: tuple[str, ...]) -> None:
    """Write a new key file (0600), unless one is there already."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: secrets.token_hex(KEY_BYTES) for name in roots}, indent=1)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    try:
        os.link(partial, path)  # unlike rename, never replaces a key file that another one made
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def offline_keys(path: Path | None) -> RegionKeys:
    """Give keys for work without a server: from a file, made if absent, or for this run only."""
    if path is None:
        return _region({name: secrets.token_bytes(KEY_BYTES) for name in REGION_ROOTS}, "run")
    create(path, REGION_ROOTS)
    return region_keys(path, Environment.DEVELOPMENT)


def region_keys(path: Path, environment: Environment) -> RegionKeys:
    """Read the region's key file.

    Raises:
        KeyFileError: In production, or if the file is missing, malformed or readable by others.
    """
    roots, version = _load(path, environment, REGION_ROOTS)
    return _region(roots, version)


def release_keys(path: Path, environment: Environment) -> ReleaseKeys:
    """Read the hub's release key file.

    Raises:
        KeyFileError: In production, or if the file is missing, malformed or readable by others.
    """
    roots, version = _load(path, environment, HUB_ROOTS)
    return ReleaseKeys(roots["release"], version)


def _region(roots: dict[str, bytes], version: str) -> RegionKeys:
    return RegionKeys(
        pseudonyms=LocalPseudonyms(roots["edge"], roots["third_party"]),
        root=roots["region"],
        date=subkey(roots["third_party"], "date"),
        version=version,
    )


def _load(
    path: Path, environment: Environment, roots: tuple[str, ...]
) -> tuple[dict[str, bytes], str]:
    if environment is Environment.PRODUCTION:
        message = (
            "a local key file is for development, tests and offline `mammo deid` only; "
            "production needs a third party that re-keys pseudonyms"
        )
        raise KeyFileError(message)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        held = json.loads(path.read_text())
        keys = {name: bytes.fromhex(held[name]) for name in roots}
    except (OSError, ValueError, KeyError, TypeError):
        message = "the key file is missing or malformed; `mammo up` makes one for development"
        raise KeyFileError(message) from None
    if mode & 0o077:
        message = "the key file can be read by others; mend it with: chmod 600 KEY_FILE"
        raise KeyFileError(message)
    if any(len(key) != KEY_BYTES for key in keys.values()):
        message = f"each key of the key file must be {KEY_BYTES} bytes"
        raise KeyFileError(message)
    fingerprint = hashlib.sha256(b"".join(keys[name] for name in sorted(keys))).hexdigest()
    return keys, f"local-{fingerprint[:8]}"
