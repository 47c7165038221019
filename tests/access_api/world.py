"""A small hub: a catalogue, clean and release objects on a real S3 server, and a few permits.

Every instance is released under several permits, each time under other UIDs.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
from joserfc.jwk import ECKey
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian
from sqlalchemy import Engine

from catalog import permits, releases
from catalog.accounts import accounts, keys, tokens
from catalog.accounts.assertion import sign
from catalog.accounts.records import Account
from catalog.holders import add_holder, add_region
from catalog.outcome import Outcome
from catalog.publishing.describe import describe
from catalog.publishing.publish import CataloguePublisher
from catalog.records import (
    Facts,
    Holder,
    NewRevision,
    PixelFacts,
    Preview,
    Region,
    Stored,
    StudyDraft,
    Versions,
)
from catalog.releases.facts import facts_of
from catalog.releases.mac import Mac
from catalog.search import Query
from catalog.tiers.assessments import Assessment, assess
from catalog.vocabulary import Finding, Laterality, Tier
from flows.release.selecting import Member as Member_
from flows.release.selecting import select_all
from tests.access_api.issuer import AUDIENCE
from tests.servers import S3Server

TODAY = datetime.now(UTC).date()
LONG_AGO, FAR_AWAY = date(2020, 1, 1), TODAY + timedelta(days=365)
PIXEL_TAG = b"\xe0\x7f\x10\x00"

ANNA, BERTIL, SPE = "anna", "bertil", "spe-service"
OTHER_SPE = "spe-other"
PERMIT_A, PERMIT_B, PERMIT_SPE = "PERMIT-A", "PERMIT-B", "PERMIT-SPE"
EXPIRED, REVOKED, UNREADY = "PERMIT-EXPIRED", "PERMIT-REVOKED", "PERMIT-UNREADY"
PERMIT_LARGE = "PERMIT-LARGE"
NOBODYS = "PERMIT-NOBODY"


def mac_of(data: bytes) -> str:
    mac = Mac()
    mac.update(data)
    return mac.told()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def part10(uids: tuple[str, str, str], name: str, pixels: bytes, rows: int, view: str) -> bytes:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.file_meta.MediaStorageSOPInstanceUID = uids[2]
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = uids
    ds.PatientName = ds.PatientID = name
    ds.Modality, ds.Manufacturer = "MG", "HOLOGIC, Inc."
    ds.ViewPosition, ds.ImageLaterality = view, "L"
    ds.Rows, ds.Columns = rows, len(pixels) // rows // 2
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel = 15, 0, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.add_new(0x7FE00010, "OW", pixels)
    file = io.BytesIO()
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


def split(data: bytes) -> tuple[bytes, bytes]:
    edge = data.index(PIXEL_TAG)
    return data[:edge], data[edge:]


@dataclass(repr=False)
class Member:
    """One released instance as it must be served."""

    study: str
    series: str
    sop: str
    data: bytes

    @property
    def path(self) -> str:
        return f"{self.study}/{self.series}/{self.sop}.dcm"

    @property
    def sha256(self) -> str:
        return sha256(self.data)


@dataclass(repr=False)
class World:
    engine: Engine
    url: str
    s3: S3Server
    members: dict[str, list[Member]] = field(default_factory=dict)
    spe_keys: dict[str, ECKey] = field(default_factory=dict)

    def account(self, name: str) -> None:
        """Register a secure processing environment with a key of its own."""
        self.spe_keys[name] = keys.draw()
        text = keys.public_text(self.spe_keys[name])
        accounts.add(self.engine, Account(name, "An SPE", FAR_AWAY), text, who="operator")

    def assertion(self, name: str) -> str:
        """Sign what an environment gets a token for."""
        return sign(self.spe_keys[name], name, AUDIENCE, at=datetime.now(UTC))

    def token(self, name: str) -> str:
        """Issue what an environment is let in by, as the door does."""
        mine = tokens.Bearer(name, self.spe_keys[name].thumbprint())
        now = datetime.now(UTC)
        once = tokens.Assertion(uuid4().hex, now + tokens.LONGEST)
        made = tokens.issue(self.engine, mine, once, lives=tokens.LONGEST, at=now)
        assert made is not None
        return made

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self.s3.store(bucket).put(key, io.BytesIO(data), len(data), sha256(data))

    def publish(self, *, rows: int, study: int, numbers: range) -> None:
        made = tuple(self._clean(study, number, rows) for number in numbers)
        CataloguePublisher(self.engine).publish(
            StudyDraft(
                export_id="export-1",
                study_ordinal=study,
                holder_id="vg-mammography",
                region="vg",
                subject=f"subject-{study}",
                revisions=made,
                outcomes={Outcome.ADMITTED: len(made)},
            )
        )

    def _clean(self, study: int, number: int, rows: int) -> NewRevision:
        uids = (f"2.25.9{study}", f"2.25.9{study}.1", f"2.25.9{study}.1.{number}")
        pixels = np.random.default_rng(study * 100 + number).bytes(rows * 832 * 2)
        data = part10(uids, f"S{study}", pixels, rows, "CC" if number % 2 else "MLO")
        header, rest = split(data)
        stored = Stored(
            key=f"clean/{sha256(data)}",
            size=len(data),
            sha256=sha256(data),
            header_sha256=sha256(header),
            pixel_sha256=sha256(rest),
            pixel_offset=len(header),
        )
        self.put("clean", stored.key, data)
        facts = Facts(2018 + study, 45 + 5 * study)
        described = describe(_dataset(data), facts)
        versions = Versions("mammography", "1", "none", "k1")
        return NewRevision(
            described,
            stored,
            facts,
            versions,
            pixel_facts=PixelFacts(812.5, 0.25, Laterality.LEFT, True, 0.0, ("saturated",)),
            previews=tuple(self._preview(data, size) for size in (256, 512)),
        )

    def _preview(self, data: bytes, size: int) -> Preview:
        """Put a made-up picture of an image, unlike any other."""
        seed = int(sha256(data)[:8], 16)
        grey = np.random.default_rng(seed).integers(0, 255, (size, size // 2), np.uint8)
        picture = cv2.imencode(".png", grey)[1].tobytes()
        key = f"clean/{sha256(data)}/{sha256(picture)}.{size}.png"
        self.put("clean", key, picture)
        return Preview(size, size // 2, size, key, len(picture), sha256(picture))

    def permit(self, name: str, *persons: str, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "title": "A study of density",
            "purpose": "Research",
            "valid_from": LONG_AGO,
            "valid_until": FAR_AWAY,
            "tier": Tier.ANON_DOWNLOAD,
        } | changes
        permits.create(self.engine, permits.Permit(name, persons=frozenset(persons), **fields))
        if fields["tier"] is Tier.ANON_DOWNLOAD:
            self.assess(name)

    def assess(self, permit: str, finding: Finding = Finding.ANONYMOUS) -> None:
        """Record what a person found of a permit's data."""
        said = "No, by the document."
        assess(
            self.engine,
            Assessment(permit, "Eva Ek", "a" * 64, finding, said, said, said, FAR_AWAY),
        )

    def release(self, permit: str, root: str, query: Query | None = None) -> None:
        """Freeze everything for a permit, re-key it under `root`, and seal."""
        frozen = releases.freeze(self.engine, permit, query or Query(), today=TODAY)
        store = self.s3.store("clean")
        for ref in list(releases.pending(self.engine, frozen.id)):
            tail = ref.sop_uid.removeprefix("2.25.")
            study, series, sop = f"{root}.{tail[:2]}", f"{root}.{tail[:2]}.7", f"{root}.{tail}"
            clean = b"".join(store.get(ref.clean_key))
            dataset = _dataset(clean)
            pixels = clean[ref.pixel_offset :]
            name = f"{permit}-{tail[:2]}"
            view = str(dataset.ViewPosition)
            header, _ = split(part10((study, series, sop), name, pixels[12:], dataset.Rows, view))
            data = header + pixels
            self.put("releases", f"headers/{sha256(data)}", header)
            releases.add_instance(
                self.engine,
                frozen.id,
                releases.ReleasedInstance(
                    revision_id=ref.revision_id,
                    pseudonym=name,
                    study_uid=study,
                    series_uid=series,
                    sop_uid=sop,
                    file_name=f"{study}/{series}/{sop}.dcm",
                    header_key=f"headers/{sha256(data)}",
                    header_size=len(header),
                    sha256=sha256(data),
                    crc32=zlib.crc32(data),
                    mac=mac_of(data) if permit != PERMIT_B else None,
                    facts=facts_of(_dataset(header + pixels)),
                ),
            )
            self.members.setdefault(permit, []).append(Member(study, series, sop, data))
        self._papers(frozen)
        releases.seal(self.engine, frozen.id, today=TODAY)

    def _papers(self, frozen: releases.Release) -> None:
        """Write terms and selections as the hub does, under keys of the world's own."""
        made = {"terms.txt": f"Terms of {frozen.permit_id}\n".encode()}
        rows = list(releases.written(self.engine, frozen.id))
        for study in {row.study_uid for row in rows}:
            mine = [row for row in rows if row.study_uid == study]
            header = b"".join(self.s3.store("releases").get(mine[0].header_key))
            members = [Member_(row.series_uid, row.sop_uid, row.sop_class_uid) for row in mine]
            made[f"selection/{study}"] = select_all(_dataset(header), members)
        papers = []
        for name, data in made.items():
            self.put("releases", key := f"papers/{sha256(data)}", data)
            papers.append(releases.Paper(name, key, len(data), sha256(data)))
        releases.add_papers(self.engine, frozen.id, papers)

    def of(self, permit: str, *, small: bool = True) -> Member:
        chosen = min if small else max
        return chosen(self.members[permit], key=lambda member: (len(member.data), member.sop))


def _dataset(data: bytes) -> Any:
    from pydicom import dcmread

    return dcmread(io.BytesIO(data), stop_before_pixels=True)


def build(engine: Engine, url: str, s3: S3Server) -> World:
    world = World(engine, url, s3)
    add_region(engine, Region("vg", "Västra Götaland"))
    add_holder(engine, Holder("vg-mammography", "vg", "Mammography"))
    world.publish(rows=40, study=1, numbers=range(1, 4))
    world.publish(rows=30, study=2, numbers=range(1, 3))
    world.publish(rows=10_000, study=3, numbers=range(1, 2))
    for name in (SPE, OTHER_SPE):
        world.account(name)
    world.permit(PERMIT_A, ANNA)
    world.permit(PERMIT_B, BERTIL)
    world.permit(PERMIT_SPE, ANNA, SPE, tier=Tier.PSEUDO_SPE)
    world.permit(EXPIRED, ANNA)
    world.permit(REVOKED, ANNA)
    world.permit(UNREADY, ANNA)
    world.permit(NOBODYS)
    world.permit(PERMIT_LARGE, ANNA)
    for number, permit in enumerate((PERMIT_A, PERMIT_B, PERMIT_SPE, EXPIRED, REVOKED)):
        world.release(permit, f"2.25.{number + 1}000")
    world.publish(rows=10_000, study=4, numbers=range(1, 3))
    world.release(PERMIT_LARGE, "2.25.6000", Query(exam_year_from=2022))
    _expire(engine)
    permits.revoke(engine, REVOKED, who="officer", reason="r")
    return world


def _expire(engine: Engine) -> None:
    from catalog.database import writing
    from catalog.tables import permit

    with writing(engine) as connection:
        yesterday = TODAY - timedelta(days=1)
        ended = permit.update().where(permit.c.id == EXPIRED)
        connection.execute(ended.values(valid_until=yesterday))


def log_lines(text: str) -> Iterator[dict[str, Any]]:
    import json

    for line in text.splitlines():
        yield json.loads(line)


def digests(folder: Path) -> dict[str, str]:
    """Give the digest of each file that was downloaded."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*.dcm")
    }
