"""Delete what was delivered of a permit, and prove it (EHDS Art. 68(12)).

What is deleted goes in all its versions. The proof names what was there, with size and digest and
how many versions, and says when a listing of versions and a look at each key found none of it any
more. It is signed with the hub's key, and its digest is recorded.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog import permits
from catalog.deletions.whole import last_used
from catalog.errors import NotFoundError
from catalog.objects import DeliveryStore, ObjectStore
from catalog.releases import deliveries
from flows.errors import PermanentError, RetriableError
from flows.files.private_file import write_private
from flows.intake.keys import public_text
from flows.release.delivering import Place
from flows.wiring import HubParts

SCHEMA = "mammo-deletion-proof/2"


class InForceError(PermanentError):
    """The permit is in force: what was delivered under it may be used."""


class NotGoneError(RetriableError):
    """Something lies there still, or again; run it again."""


def delete(
    parts: HubParts,
    permit_id: str,
    of: Place,
    key: Ed25519PrivateKey,
    into: Path,
    *,
    who: str,
    today: date,
) -> dict[str, Any]:
    """Delete all that lies in a bucket below a permit's id, and give the signed proof.

    The proof's file is begun before anything is deleted, and on the disk before the catalogue
    says that it is proven: what is gone can be listed only once.

    Args:
        parts: The hub's.
        permit_id: Of a permit that has ended.
        of: The bucket.
        key: The hub's, which signs.
        into: A new file for the proof, as JSON.
        who: Who has it deleted.
        today: The day.

    Raises:
        OSError: The file cannot be written; if that shows before the end, nothing is deleted.
        NotFoundError: There is no such permit.
        InForceError: The permit is in force.
        NotGoneError: Something is there still, or came anew.
        StorageError: The store does not answer, a version stays, or we may not list or remove
            versions there: nothing is proven then.
    """
    proof: dict[str, Any] = {}

    def text() -> Iterator[bytes]:
        proof.update(_delete(parts, permit_id, of, key, who=who, today=today))
        yield f"{json.dumps(proof, ensure_ascii=False, indent=1)}\n".encode()

    write_private(into, text())
    deliveries.proven_gone(
        parts.catalogue, permit_id, of.bucket, proof_sha256=proof["sha256"], who=who
    )
    return proof


def _delete(
    parts: HubParts, permit_id: str, of: Place, key: Ed25519PrivateKey, *, who: str, today: date
) -> dict[str, Any]:
    permit = permits.get(parts.catalogue, permit_id)
    if permit.in_force(today):
        message = "the permit is in force; revoke it first, or wait until it has expired"
        raise InForceError(message)
    prefix = f"{permit_id}/"
    found = list(_found(of.store, prefix))
    for one in found:
        of.store.erase(one["key"])
    left = chain(of.store.versions(prefix), of.store.keys(prefix))
    if any(_is_there(of.store, one["key"]) for one in found) or any(left):
        message = "not everything is gone from the bucket; run it again"
        raise NotGoneError(message)
    return _signed(
        {
            "schema": SCHEMA,
            "permit": permit_id,
            "bucket": of.bucket,
            "ended": str(last_used(permit, today)),
            "deleted": found,
            "verified_absent_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "who": who,
        },
        key,
    )


def _found(store: DeliveryStore, prefix: str) -> Iterator[dict[str, Any]]:
    """Give what lies there, and what older versions or marks are left of only."""
    versions = Counter(store.versions(prefix))
    for key in sorted(versions.keys() | set(store.keys(prefix))):
        one: dict[str, Any] = {"key": key, "versions": max(versions[key], 1)}
        with suppress(NotFoundError):
            told = store.stat(key)
            one |= {"size": told.size, "sha256": told.sha256}
        yield one


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.stat(key)
    except NotFoundError:
        return False
    return True


def _signed(statement: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Sign a statement; the digest and the signature are of the very text that is given."""
    text = json.dumps(statement, sort_keys=True, ensure_ascii=False)
    signature = key.sign(f"{SCHEMA}\n{text}".encode())
    return {
        "statement": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "signature": base64.b64encode(signature).decode(),
        "public_key": public_text(key.public_key()),
    }
