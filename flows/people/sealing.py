"""A list of opt-outs on its way from the third party to one region: signed, then sealed.

Signed with Ed25519 (RFC 8032) by whoever was told, then sealed to the region with HPKE (RFC 9180,
base mode: X25519, HKDF-SHA256, AES-256-GCM). What is signed names the region's key, so that a
region that opened a list cannot pass it on as one for another.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from catalog.errands.seal import public_text as region_text
from catalog.protections.lists import SealedList
from catalog.vocabulary import OptOut
from flows.errors import SourceError
from flows.intake.keys import public_text
from flows.keys.sides import subkey
from flows.people.optouts import Statement, read_text

LIMIT = 16 * 2**20
HIGHEST = 10**6
_PURPOSE = b"mammo-dataspace list of opt-outs 1\0"
_SIGNATURE = 64
_PAD = 4096
_WORDS = {"for", "number", "word", "made", "issuer", "list"}
_LARGE = "the list is larger than 16 MiB: send it in parts"
_NO_KEY = "that is no region's public key: nothing can be sealed to it"
_NOT_OURS = "the file was sealed for another region, was changed, or is no sealed list"
_UNKNOWN = "the list is not signed by the third party that this region knows"
_ODD = "the list is signed, but its content has another form than this version reads"
_AHEAD = "the list was made at a moment that has not come: look at both clocks"


@dataclass(frozen=True, repr=False)
class NewList:
    """What the third party was told, as it lies in its file.

    Attributes:
        text: CSV, as `mammo optout enter --list` reads it.
        issuer: Who issued local numbers that do not say so.
        number: Its lists for this region are counted from 1.
        made: When it is sealed; what a line is from, if it does not say so.
    """

    text: str
    issuer: str
    word: OptOut
    number: int
    made: datetime


@dataclass(frozen=True, repr=False)
class Opened:
    """A list that was opened and is whole."""

    sealed: SealedList
    said: tuple[Statement, ...]


def list_key(root: bytes) -> X25519PrivateKey:
    """Give the private key that opens lists for a region, derived from its own root."""
    return X25519PrivateKey.from_private_bytes(subkey(root, "opt-out lists"))


def seal(
    new: NewList, region: X25519PublicKey, signer: Ed25519PrivateKey
) -> tuple[bytes, SealedList]:
    """Check a list, sign it and seal it to one region; give the file, and what it is in numbers.

    Raises:
        SourceError: A line is wrong, named by its number alone; the list is empty or too large; or
            nothing can be sealed to that key.
    """
    said = read_text(new.text, issuer=new.issuer, valid_from=new.made)
    if not said:
        message = "the list is empty"
        raise SourceError(message)
    told = {
        "for": region_text(region),
        "number": new.number,
        "word": new.word.value,
        "made": new.made.isoformat(),
        "issuer": new.issuer,
        "list": new.text,
    }
    body = json.dumps(told, ensure_ascii=False).encode()
    body += b" " * (-len(body) % _PAD)
    plain = signer.sign(_PURPOSE + body) + body
    try:
        sealed = _suite().encrypt(plain, region, _PURPOSE)
    except ValueError:  # a point of low order (RFC 7748, 6.1)
        raise SourceError(_NO_KEY) from None
    if len(sealed) > LIMIT:
        raise SourceError(_LARGE)
    return sealed, _record(plain, signer.public_key(), new, len(said))


def read_sealed(path: Path) -> bytes:
    """Read a sealed file, never more than it may have.

    Raises:
        SourceError: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            sealed = file.read(LIMIT + 1)
    except OSError:
        message = "the sealed list cannot be read"
        raise SourceError(message) from None
    if len(sealed) > LIMIT:
        raise SourceError(_LARGE)
    return sealed


def unseal(sealed: bytes, key: X25519PrivateKey, signer: bytes, today: datetime) -> Opened:
    """Open a list in memory; nothing of it is read before the signature is right.

    Args:
        sealed: The file.
        key: The region's.
        signer: The third party's public key, 32 bytes.
        today: Now.

    Raises:
        SourceError: It is for another region, changed, by another signer, or has a wrong line.
    """
    try:
        plain = _suite().decrypt(sealed, key, _PURPOSE)
    except (InvalidTag, ValueError):
        raise SourceError(_NOT_OURS) from None
    signature, body = plain[:_SIGNATURE], plain[_SIGNATURE:]
    known = Ed25519PublicKey.from_public_bytes(signer)
    try:
        known.verify(signature, _PURPOSE + body)
    except InvalidSignature:
        raise SourceError(_UNKNOWN) from None
    new, region = _read(body)
    if region != region_text(key.public_key()):
        raise SourceError(_NOT_OURS)
    if new.made > today:
        raise SourceError(_AHEAD)
    said = read_text(new.text, issuer=new.issuer, valid_from=new.made)
    return Opened(_record(plain, known, new, len(said)), said)


def _record(plain: bytes, signer: Ed25519PublicKey, new: NewList, entries: int) -> SealedList:
    """Say in numbers what a list is; its digest has the signature in it, so none can be guessed."""
    digest = hashlib.sha256(plain).hexdigest()
    return SealedList(digest, public_text(signer), new.number, new.word, entries, new.made)


def _read(body: bytes) -> tuple[NewList, str]:
    """Read what was signed, and for whom it is."""
    try:
        told: dict[str, Any] = json.loads(body)
        if set(told) != _WORDS or not all(isinstance(told[w], str) for w in _WORDS - {"number"}):
            raise SourceError(_ODD)
        if type(told["number"]) is not int or not 0 < told["number"] <= HIGHEST:
            raise SourceError(_ODD)
        made = datetime.fromisoformat(told["made"]).astimezone(UTC)
        new = NewList(told["list"], told["issuer"], OptOut(told["word"]), told["number"], made)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise SourceError(_ODD) from None
    return new, told["for"]


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
