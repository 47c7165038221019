"""Bytes on their way to the clean store, one step behind the walk, with the records they await."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom

from catalog.objects import ObjectStore
from catalog.publishing.describe import describe
from catalog.records import Facts, NewRevision, Preview, Stored
from deid.derived.written import DerivedObject
from flows.walk.admit import Admitted
from flows.walk.derive import Derivation


class Delivery:
    """Uploads of one study: an image, then what was made of it, all before their records."""

    def __init__(self, clean: ObjectStore, holder: str, pool: ThreadPoolExecutor) -> None:
        self._clean = clean
        self._holder = holder
        self._pool = pool
        self._uploads: list[Future[None]] = []

    def send(
        self, admitted: Admitted, made: Derivation, remade: frozenset[str]
    ) -> tuple[NewRevision, tuple[NewRevision, ...]]:
        """Start the uploads of one object; give its record, and those of what was made of it."""
        image = self._image(admitted, made, remade)
        objects = tuple(self._derived(admitted, one) for one in made.objects)
        return image, objects

    def finish(self) -> None:
        """Return when all bytes are stored.

        Raises:
            StorageError: The store did not answer.
            AlreadyStoredError: Other bytes are stored there.
        """
        for upload in self._uploads:
            upload.result()

    def _image(self, admitted: Admitted, made: Derivation, remade: frozenset[str]) -> NewRevision:
        spooled, instance = admitted.spooled, admitted.instance
        folder = f"{self._holder}/{instance.study_uid}/{instance.sop_uid}"
        stored = Stored(
            key=f"{folder}/{spooled.sha256}.dcm",
            size=spooled.size,
            sha256=spooled.sha256,
            header_sha256=spooled.header_sha256,
            pixel_sha256=spooled.pixel_sha256,
            pixel_offset=spooled.pixel_offset,
        )
        self._uploads.append(self._pool.submit(self._move, stored, spooled.path))
        facts = replace(admitted.facts, flags=(*admitted.facts.flags, *made.flags))
        return NewRevision(
            instance,
            stored,
            facts,
            admitted.versions,
            pixel_facts=made.facts,
            previews=tuple(self._previews(folder, made)),
            remade=remade,
        )

    def _previews(self, folder: str, made: Derivation) -> Iterator[Preview]:
        for one in made.previews:
            digest = hashlib.sha256(one.data).hexdigest()
            key = f"{folder}/{digest}.{one.size}.png"
            self._put(key, one.data, digest)
            yield Preview(one.size, one.width, one.height, key, len(one.data), digest)

    def _derived(self, admitted: Admitted, one: DerivedObject) -> NewRevision:
        facts = Facts(admitted.facts.exam_year, admitted.facts.age)
        header = pydicom.dcmread(BytesIO(one.data), stop_before_pixels=True)
        instance = describe(header, facts)
        digest = hashlib.sha256(one.data).hexdigest()
        stored = Stored(
            key=f"{self._holder}/{instance.study_uid}/{instance.sop_uid}/{digest}.dcm",
            size=len(one.data),
            sha256=digest,
            header_sha256=hashlib.sha256(one.data[: one.pixel_offset]).hexdigest(),
            pixel_sha256=hashlib.sha256(one.data[one.pixel_offset :]).hexdigest(),
            pixel_offset=one.pixel_offset,
        )
        self._put(stored.key, one.data, digest)
        source = admitted.instance.sop_uid
        return NewRevision(instance, stored, facts, admitted.versions, derived_from=source)

    def _put(self, key: str, data: bytes, digest: str) -> None:
        put = self._clean.put
        self._uploads.append(self._pool.submit(put, key, BytesIO(data), len(data), digest))

    def _move(self, stored: Stored, path: Path) -> None:
        with path.open("rb") as stream:
            self._clean.put(stored.key, stream, stored.size, stored.sha256)
        path.unlink()
