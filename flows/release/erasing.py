"""Erase at the hub: the catalogue's rows first, then every object in all its versions, with proof.

It may be stopped at any moment and gone on with: the catalogue's list says what is left.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import SecretStr
from sqlalchemy import Engine

from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.erasures.papers import written_without
from catalog.erasures.records import Erasure, Store
from catalog.errors import NotFoundError, RaceError
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, ErasingStore, ObjectStore
from catalog.releases import Paper
from flows import wiring
from flows.errors import SettingsError
from flows.settings import EraseSettings, HubSettings, RegionSettings

_TRIES: Final = 3


@dataclass(frozen=True, repr=False)
class Eraser:
    """What an erasure is done with.

    Attributes:
        stores: Each seen by an identity that may remove older versions too.
        releases: The store of releases as who builds them sees it: papers are written anew.
    """

    catalogue: Engine
    stores: Mapping[Store, ErasingStore]
    releases: ObjectStore


def erase(
    eraser: Eraser, asked: Asked, *, told: Callable[[Erasure], None] = lambda _begun: None
) -> Erasure:
    """Erase what is asked for; give how far it came.

    `told` hears of it when the rows are gone and the objects are next.

    Raises:
        NotFoundError: Nothing is known under that name; it may be erased already.
        StorageError: A store did not answer, or refused: `resume` goes on.
        RaceError: Releases were sealed faster than their papers could be written anew.
    """
    begun = _begun(eraser, asked)
    told(begun)
    return finish(eraser, begun.id, who=asked.who)


def _begun(eraser: Eraser, asked: Asked) -> Erasure:
    """Begin; papers of a release that was sealed meanwhile are written anew, too."""
    for _ in range(_TRIES - 1):
        with suppress(RaceError):
            return erasing.begin(eraser.catalogue, asked, _written_anew(eraser, asked))
    return erasing.begin(eraser.catalogue, asked, _written_anew(eraser, asked))


def _written_anew(eraser: Eraser, asked: Asked) -> dict[str, Paper | None]:
    """Store the papers of releases without what goes, by the key of the old.

    If it is stopped before they are entered, nothing names them: `mammo reconcile` removes them.
    """
    made: dict[str, Paper | None] = {}
    for one in erasing.papers_naming(eraser.catalogue, asked.target):
        made[one.key] = None
        with suppress(NotFoundError):  # its bytes are gone already
            data = written_without(one, b"".join(eraser.releases.get(one.key)))
            if data:
                digest = hashlib.sha256(data).hexdigest()
                key = f"{one.key.rpartition('/')[0]}/{digest}.paper"
                eraser.releases.put(key, io.BytesIO(data), len(data), digest)
                made[one.key] = Paper(one.name, key, len(data), digest)
    return made


def resume(eraser: Eraser, *, who: str) -> tuple[Erasure, ...]:
    """Go on with what was begun and not ended; give those, the oldest first.

    Raises:
        StorageError: A store did not answer, or refused.
    """
    left = [one.id for one in erasing.every(eraser.catalogue) if one.ended_at is None]
    return tuple(finish(eraser, number, who=who) for number in left)


def finish(eraser: Eraser, erasure_id: int, *, who: str) -> Erasure:
    """Remove what is left of an erasure, and record each object once it is seen to be gone.

    Raises:
        NotFoundError: There is none of that number.
        StorageError: A store did not answer, or refused.
    """
    for one in erasing.doomed(eraser.catalogue, erasure_id):
        eraser.stores[one.store].erase(one.key)
        erasing.gone(eraser.catalogue, one)
    return erasing.end(eraser.catalogue, erasure_id, who=who)


def wire_erasing(settings: HubSettings, eraser: EraseSettings) -> tuple[ErasingStore, ErasingStore]:
    """Build the hub's clean and release stores for whoever may remove there.

    Without an identity of its own, on one machine, it is the region's publisher and the hub's user.

    Raises:
        SettingsError: Nobody here may remove clean objects.
    """
    store = partial(MinioStore, settings.s3_endpoint, secure=settings.s3_secure)
    if eraser.s3_access_key:
        who = _as(eraser.s3_access_key, eraser.s3_secret_key)
        return store(who, settings.clean_bucket), store(who, settings.releases_bucket)
    mine = _as(settings.s3_access_key, settings.s3_secret_key)
    try:
        clean = wiring.wire_delivery(wiring.read(RegionSettings))[1]
    except SettingsError:
        clean = None
    if not isinstance(clean, MinioStore):
        message = "MAMMO_ERASE_S3_ACCESS_KEY and MAMMO_ERASE_S3_SECRET_KEY are needed here"
        raise SettingsError(message)
    return clean, store(mine, settings.releases_bucket)


def _as(access_key: str, secret_key: SecretStr) -> Credentials:
    return Credentials(access_key, secret_key.get_secret_value())
