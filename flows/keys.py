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

    @property
    def key_version(self) -> str:
        """Name the keys in use; safe to record."""

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier."""


@dataclass(frozen=True, repr=False)
class LocalKeys:
    """Root keys read from one local file; each purpose gets its own HKDF subkey."""

    roots: dict[str, bytes]
    key_version: str

    def person(self, canonical: str) -> Person:
        """Return the person behind a canonical identifier, by the two-step pseudonym."""
        edge = hmac.digest(self.roots["edge"], canonical.encode(), "sha256")
        rekeyed = hmac.digest(self.roots["third_party"], edge, "sha256")
        return Person(token(rekeyed))

    def region_subkeys(self) -> Subkeys:
        """Return the region's subkeys; the date key is common, so that intervals survive."""
        region = self.roots["region"]
        return Subkeys(
            uid=subkey(region, "uid"),
            accession=subkey(region, "accession"),
            device=subkey(region, "device"),
            date=subkey(self.roots["third_party"], "date"),
            version=self.key_version,
        )

    def ledger_key(self) -> bytes:
        """Return the key that encrypts the region ledger's columns."""
        return subkey(self.roots["region"], "ledger")

    def quarantine_key(self) -> bytes:
        """Return the key that encrypts quarantined originals."""
        return subkey(self.roots["region"], "quarantine")

    def release_subkeys(self, permit_id: str) -> Subkeys:
        """Return one permit's subkeys; no other permit shares any of them."""
        permit = subkey(self.roots["release"], f"permit:{permit_id}")
        return Subkeys(
            uid=subkey(permit, "uid"),
            accession=subkey(permit, "accession"),
            device=subkey(permit, "device"),
            date=subkey(permit, "date"),
            version=self.key_version,
        )

    def release_person(self, permit_id: str, subject: str) -> Person:
        """Return a Subject's release pseudonym for one permit."""
        key = subkey(self.roots["release"], f"person:{permit_id}")
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


def offline_keys(path: Path | None) -> LocalKeys:
    """Give keys for work without a server: from a file, made if absent, or for this run only."""
    if path is None:
        return LocalKeys({name: secrets.token_bytes(KEY_BYTES) for name in REGION_ROOTS}, "run")
    create(path, REGION_ROOTS)
    return load(path, Environment.DEVELOPMENT, REGION_ROOTS)


def load(path: Path, environment: Environment, roots: tuple[str, ...]) -> LocalKeys:
    """Read a local key file.

    Raises:
        KeyFileError: In production, or if the file is missing, malformed or readable by others.
    """
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
    return LocalKeys(keys, key_version=f"local-{fingerprint[:8]}")
