"""A hub with many clean mammograms: real headers, one blob of pixels, rows as when published."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom

from catalog.database import connect, migrate
from catalog.holders import add_holder, add_region
from catalog.outcome import Outcome
from catalog.publishing.describe import describe
from catalog.publishing.publish import CataloguePublisher
from catalog.records import (
    Facts,
    Holder,
    Instance,
    NewRevision,
    Region,
    Stored,
    StudyDraft,
    Versions,
)
from flows import deidentifier
from flows.keys import key_file, sides
from flows.offline.folder import deidentify_folder
from flows.settings import Environment
from flows.wiring import HubParts
from tests.flows.making import four_views, put
from tests.servers import S3Server

VIEWS = 4
FACTS = Facts(2023, 52)
VERSIONS = Versions("mammography", "1", "none", "1")


@dataclass(frozen=True, repr=False)
class Clean:
    """One clean mammogram as the de-identifier wrote it, cut before its pixel data element."""

    header: bytes
    study: str
    series: str
    sop: str
    described: Instance

    def numbered(self, study: int, image: int) -> tuple[bytes, Instance]:
        """Give its header and record as those of another image: UIDs of the same length."""
        study_uid, series_uid = _other(self.study, study), _other(self.series, study)
        sop_uid = _other(self.sop, image)
        header = self.header
        for old, new in ((self.study, study_uid), (self.series, series_uid), (self.sop, sop_uid)):
            header = header.replace(old.encode(), new.encode())
        told = replace(self.described, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid)
        return header, told


def stocked(folder: Path, server: S3Server, instances: int, pixel_bytes: int) -> HubParts:
    """Store so many clean objects with as many bytes of pixels each, and publish them."""
    url = f"sqlite:///{folder / 'catalogue.sqlite'}"
    migrate(url)
    engine = connect(url)
    add_region(engine, Region("norr", "Region Norr"))
    add_holder(engine, Holder("prov", "norr", "Provsjukhuset"))
    views = list(_views(folder))
    pixels = b"\xe0\x7f\x10\x00OW\0\0" + pixel_bytes.to_bytes(4, "little") + bytes(pixel_bytes)
    publisher, client = CataloguePublisher(engine), server.store("clean")._client
    with ThreadPoolExecutor(VIEWS) as pool:
        for study in range(instances // VIEWS):
            made = list(_study(views, study, pixels))
            list(
                pool.map(
                    lambda one: client.put_object(
                        "clean", one[0].stored.key, io.BytesIO(one[1]), len(one[1])
                    ),
                    made,
                )
            )
            publisher.publish(_draft(study, tuple(new for new, _ in made)))
    key_file.create(folder / "release.key", key_file.HUB_ROOTS)
    return HubParts(
        catalogue=engine,
        clean=server.store("clean", "hub"),
        releases=server.store("releases", "hub"),
        keys=sides.release_keys(folder / "release.key", Environment.DEVELOPMENT),
    )


def _views(folder: Path) -> Iterator[Clean]:
    (folder / "source").mkdir()
    put(folder / "source", *four_views())
    loaded = deidentifier.load(sides.offline_keys(None))
    deidentify_folder(folder / "source", folder / "clean", loaded)
    for path in sorted((folder / "clean").glob("IM*")):
        data = path.read_bytes()
        dataset = pydicom.dcmread(io.BytesIO(data))
        if dataset.Modality != "MG":
            continue
        header = data[: data.index(b"\xe0\x7f\x10\x00")]
        uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
        yield Clean(header, *map(str, uids), describe(dataset, FACTS))


def _study(views: list[Clean], study: int, pixels: bytes) -> Iterator[tuple[NewRevision, bytes]]:
    for place, view in enumerate(views):
        header, told = view.numbered(study, study * VIEWS + place)
        whole = header + pixels
        digest = hashlib.sha256(whole).hexdigest()
        stored = Stored(
            key=f"prov/{told.study_uid}/{told.sop_uid}/{digest}.dcm",
            size=len(whole),
            sha256=digest,
            header_sha256=hashlib.sha256(header).hexdigest(),
            pixel_sha256=hashlib.sha256(pixels).hexdigest(),
            pixel_offset=len(header),
        )
        yield NewRevision(told, stored, FACTS, VERSIONS), whole


def _draft(study: int, new: tuple[NewRevision, ...]) -> StudyDraft:
    return StudyDraft(
        export_id="export-1",
        study_ordinal=study + 1,
        holder_id="prov",
        region="norr",
        subject=f"subject-{study // 3}",
        revisions=new,
        outcomes={Outcome.ADMITTED: len(new)},
    )


def _other(uid: str, number: int) -> str:
    return f"{uid[:-7]}{number:07}"
