"""The keys that each side holds, and the pseudonym port (architecture, decision 2).

Two steps make a pseudonym: the edge computes HMAC(k_edge, canonical identifier), and a third
party re-keys the result. The local key file plays both parts on one machine, which is why it
refuses to work in production.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from deid.identity.pseudonym import Person, Subkeys, weeks
from flows.errors import KeyFileError
from flows.keys.key_file import (
    DELIVERED_HUB_ROOTS,
    HUB_ROOTS,
    KEY_BYTES,
    OWN_ROOTS,
    REGION_ROOTS,
    THIRD_PARTY,
    KeyFile,
    create,
    load,
    rotate,
)
from flows.keys.pseudonyms import (
    LocalPseudonyms,
    Marks,
    Pseudonyms,
    mark,
    replaced,
    third_party_key,
    token,
)
from flows.settings import Environment

_LOCAL_IN_PRODUCTION = (
    "a local key file is for development, tests and offline `mammo deid` only; "
    "production needs a third party that re-keys pseudonyms: MAMMO_REGION_PSEUDONYMS"
)
_DELIVERED = (
    "in production the platform delivers the file of MAMMO_HUB_RELEASE_KEY_FILE: 64 hexadecimal "
    "digits under `release_root`, and nothing else (docs/operator.md)"
)


@dataclass(frozen=True, repr=False)
class RegionKeys:
    """The region's side: the way to pseudonyms, and a subkey for each purpose of its own.

    Attributes:
        date: Key of the date shift; derived from the edge's key, and so common to all regions,
            that intervals survive a move. Neither the third party nor the hub can derive it.
        label: Names the region's own keys in use; safe to record.
    """

    pseudonyms: Pseudonyms
    root: bytes
    date: bytes
    label: str

    @property
    def version(self) -> str:
        """Name the keys in use, the region's and the third party's; safe to record."""
        return f"{self.label}-v{self.pseudonyms.version}"

    def subkeys(self) -> Subkeys:
        """Return what `deid` replaces UIDs, accession numbers, devices and dates with."""
        return Subkeys(
            uid=subkey(self.root, "uid"),
            accession=subkey(self.root, "accession"),
            device=subkey(self.root, "device"),
            study=subkey(self.root, "study"),
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

    def device(self, machine: str) -> str:
        """Replace what names a machine by a token; it stands in no header."""
        return token(hmac.digest(subkey(self.root, "machines"), machine.encode(), "sha256"))

    def require_same(self, marks: Marks) -> None:
        """Stop before keys are used that are not those of the records so far.

        Raises:
            KeyFileError: One was replaced: what it makes would link with nothing.
        """
        every = {"the region's key": self.root, "the edge's key": self.date}
        if isinstance(self.pseudonyms, LocalPseudonyms):
            every |= {
                third_party_key(number): key
                for number, key in enumerate(self.pseudonyms.third_party, 1)
            }
        for name, key in every.items():
            if not marks.same(name, mark(key)):
                raise KeyFileError(replaced(name))


@dataclass(frozen=True, repr=False)
class ReleaseKeys:
    """The hub's side: keys of one permit each, which map pseudonyms to other pseudonyms."""

    root: bytes
    version: str

    def subkeys(self, permit_id: str) -> Subkeys:
        """Return one permit's subkeys; no other permit shares any of them."""
        permit = subkey(self.root, f"permit:{permit_id}")
        uid, accession, device, date, study = (
            subkey(permit, purpose) for purpose in ("uid", "accession", "device", "date", "study")
        )
        return Subkeys(uid, accession, device, date, version=self.version, study=study)

    def person(self, permit_id: str, subject: str) -> Person:
        """Return a Subject's release pseudonym for one permit."""
        key = subkey(self.root, f"person:{permit_id}")
        return Person(token(hmac.digest(key, subject.encode(), "sha256")))


def merges(person: Person, subkeys: Subkeys) -> tuple[tuple[str, str, int], ...]:
    """Say which earlier Subjects are this person: old and new pseudonym, and the weeks between.

    The weeks are what an old Subject's dates move by to lie among the new one's.
    """
    shift = weeks(subkeys, person)
    return tuple(
        (old, person.pseudonym, shift - weeks(subkeys, Person(old))) for old in person.previous
    )


def subkey(root: bytes, purpose: str) -> bytes:
    """Derive the subkey of a purpose (HKDF-SHA256, RFC 5869)."""
    info = f"mammo-dataspace:{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(root)


def offline_keys(path: Path | None) -> RegionKeys:
    """Give keys for work without a server: from a file, made if absent, or for this run only.

    Raises:
        KeyFileError: If the file is malformed, readable by others, or cannot be read.
    """
    if path is None:
        made = {name: (secrets.token_bytes(KEY_BYTES),) for name in REGION_ROOTS}
        return _local(KeyFile(made), "run", previous=0)
    create(path, REGION_ROOTS)
    return region_keys(path, Environment.DEVELOPMENT)


def region_keys(path: Path, environment: Environment, *, previous: int = 1) -> RegionKeys:
    """Read the region's local key file, which holds the third party's part too.

    Raises:
        KeyFileError: In production, or if the file is missing, malformed or readable by others.
    """
    _refuse_production(environment)
    held = load(path, REGION_ROOTS)
    return _local(held, f"local-{held.fingerprint}", previous=previous)


def keys_with_third_party(
    path: Path, third_party: str, connect: Callable[[bytes], Pseudonyms]
) -> RegionKeys:
    """Read the region's own key file; the third party is somebody else.

    Args:
        path: What the platform delivers: the edge's root and the region's, nothing else.
        third_party: What it is called in records.
        connect: Makes the way to it, given the edge's key.

    Raises:
        KeyFileError: If the file is missing, malformed, readable by others or holds more.
    """
    held = load(path, OWN_ROOTS, no_other=True)
    edge = held.current("edge")
    return RegionKeys(
        pseudonyms=connect(edge),
        root=held.current("region"),
        date=subkey(edge, "date"),
        label=f"{third_party}-{held.fingerprint}",
    )


def release_keys(path: Path, environment: Environment) -> ReleaseKeys:
    """Read the hub's release key file; in production, the one that the platform delivers.

    Raises:
        KeyFileError: If the file is missing, malformed, readable by others, or in production
            made for development.
    """
    if environment is not Environment.PRODUCTION:
        held = load(path, HUB_ROOTS)
        return ReleaseKeys(held.current(*HUB_ROOTS), f"local-{held.fingerprint}")
    try:
        held = load(path, DELIVERED_HUB_ROOTS, no_other=True)
    except KeyFileError as error:
        message = f"{error}; {_DELIVERED}"
        raise KeyFileError(message) from None
    return ReleaseKeys(held.current(*DELIVERED_HUB_ROOTS), f"delivered-{held.fingerprint}")


def rotate_local(path: Path, environment: Environment, marks: Marks) -> int:
    """Add a version to the third party's key in a region's local key file; return its number.

    Raises:
        KeyFileError: In production, or if the file cannot be used or is not the ledger's.
    """
    region_keys(path, environment).require_same(marks)
    return rotate(path)


def _refuse_production(environment: Environment) -> None:
    if environment is Environment.PRODUCTION:
        raise KeyFileError(_LOCAL_IN_PRODUCTION)


def _local(held: KeyFile, label: str, *, previous: int) -> RegionKeys:
    edge = held.current("edge")
    return RegionKeys(
        pseudonyms=LocalPseudonyms(edge, held.roots[THIRD_PARTY], previous),
        root=held.current("region"),
        date=subkey(edge, "date"),
        label=label,
    )
