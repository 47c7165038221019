"""From C-STORE to stored and catalogued, beside Orthanc receiving, anonymising, then uploading.

Both receive all of it from the same sender in one association, then work two studies at a time,
and upload to the same store. Orthanc does not look at its result again, and catalogues nothing.
RSNA CTP cannot be had here: its share is taken from a measurement elsewhere, and marked so.
"""

import hashlib
import io
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from unittest.mock import patch

from psutil import Process

from catalog.outcome import Outcome
from flows import deidentifier
from flows.deidentifier import Deidentifier
from flows.keys import sides
from flows.sources.landing import Landing
from flows.walk import verdict as walking
from flows.walk.derive import Derivation
from flows.walk.study import StudyRun, settle
from flows.wiring import RegionParts
from tests.bench.exports.images import write_studies
from tests.bench.exports.peers import Orthanc, running
from tests.bench.exports.sending import ours, require, send, spent, started
from tests.bench.exports.table import load, ratio, table, verdict
from tests.bench.ingest import wired
from tests.flows.conftest import DECISION
from tests.flows.making import enrolled, registered
from tests.servers import S3Server, free_ports

STUDIES, ROUNDS, CORES = 20, 2, 2
#: RSNA CTP's time ÷ Orthanc's for the same 80 files, received and anonymised: a reference.
CTP = 0.58


@dataclass
class Times:
    """Seconds of each step, a round each."""

    receive: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    upload: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def whole(self) -> list[float]:
        parts = [one for one in (self.receive, self.work, self.upload) if one]
        return [sum(turn) for turn in zip(*parts, strict=True)]


def run() -> Iterator[str]:
    """Take turns; the pixel stage, which costs most, has one round."""
    require("storescu", "Orthanc", "cc")
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, ExitStack() as running_:
        folder = Path(name)
        size = write_studies(folder / "images", STUDIES)
        (folder / "s3").mkdir()
        server = S3Server(folder / "s3")
        running_.callback(server.kill)
        server.start()
        (port,) = free_ports(1)
        receiver = running_.enter_context(started(ours(port, folder / "landing"), port))
        peer = running_.enter_context(running(folder / "orthanc"))
        bench = _Bench(folder, server, peer, port, receiver)
        files = len(list((folder / "images").iterdir()))
        yield f"{files} images, {size / 1e6:.0f} MB; {ROUNDS} rounds; {load()}"
        yield ""
        theirs, bare, derived, full = Times(), Times(), Times(), Times()
        for _ in range(ROUNDS):
            bench.orthanc(theirs)
            bench.walk(bare, pixels=False, derives=False)
        bench.walk(derived, pixels=False, derives=True)
        bench.walk(full, pixels=True, derives=True)
        yield from _told(theirs, bare, derived, full)
        yield load()


class _Bench:
    def __init__(
        self, folder: Path, server: S3Server, peer: Orthanc, port: int, receiver: Process
    ) -> None:
        self._folder, self._server, self._peer, self._port = folder, server, peer, port
        self._receiver = receiver
        self._turn = 0

    def walk(self, times: Times, *, pixels: bool, derives: bool) -> None:
        """Receive, then ingest as the region's worker does, two studies at a time."""
        self._turn += 1
        before = spent(Process(), self._receiver)
        times.receive.append(send(self._folder / "images", self._port))
        held = sides.offline_keys(None)
        loaded = deidentifier.load(held)
        if pixels:
            loaded.text_reader  # noqa: B018  # a worker has loaded it long before
        parts = wired(self._folder / f"region-{self._turn}", self._server, held)
        with _only(loaded, pixels=pixels, derives=derives):
            begun = time.perf_counter()
            self._ingest(parts, loaded)
            times.work.append(time.perf_counter() - begun)
        times.processor.append(spent(Process(), self._receiver) - before)
        shutil.rmtree(self._folder / f"region-{self._turn}")
        self._empty_store()

    def _ingest(self, parts: RegionParts, loaded: Deidentifier) -> None:
        taken = self._folder / f"region-{self._turn}" / "taken"
        for study in list(Landing(self._folder / "landing").studies()):
            study.hand_over(taken / study.folder.name)
        export = registered(parts, taken, DECISION)
        numbers = enrolled(parts, export)
        with ThreadPoolExecutor(CORES) as pool:
            runs = (StudyRun(parts, loaded, export, number, "norr", "run") for number in numbers)
            list(pool.map(settle, runs))
        tally = parts.ledger.tally(export.id)
        assert tally.counts[Outcome.ADMITTED] == tally.claimed, tally.counts

    def orthanc(self, times: Times) -> None:
        """Receive, anonymise, and upload what was made."""
        peer = self._peer
        before = spent(Process(), peer.process)
        times.receive.append(send(self._folder / "images", peer.server.port, peer.server.title))
        originals = set(peer.told("/instances"))
        begun = time.perf_counter()
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(peer.anonymize, peer.told("/studies")))
            times.work.append(time.perf_counter() - begun)
            made = set(peer.told("/instances")) - originals
            assert len(made) == len(originals)
            begun = time.perf_counter()
            list(pool.map(self._upload, made))
            times.upload.append(time.perf_counter() - begun)
        times.processor.append(spent(Process(), peer.process) - before)
        peer.empty()
        self._empty_store()

    def _upload(self, instance: str) -> None:
        content = self._peer.ask("GET", f"/instances/{instance}/file")
        digest = hashlib.sha256(content).hexdigest()
        store = self._server.store("clean", "region", timeout=60.0)
        store.put(f"peer/{digest}.dcm", io.BytesIO(content), len(content), digest)

    def _empty_store(self) -> None:
        self._server.kill()
        shutil.rmtree(self._server.folder)
        self._server.folder.mkdir()
        self._server.start()


@contextmanager
def _only(loaded: Deidentifier, *, pixels: bool, derives: bool) -> Iterator[None]:
    """Leave stages out, which the product cannot: nobody looks at pixels, nothing is derived."""
    with ExitStack() as changed:
        if not pixels:
            loaded.__dict__["text_reader"] = None
        if not derives:
            nothing = patch.object(walking, "derive_from", lambda *_, **__: Derivation())
            changed.enter_context(nothing)
        yield


def _told(theirs: Times, bare: Times, derived: Times, full: Times) -> Iterator[str]:
    said = {
        "Orthanc: receive, anonymise; the same upload": theirs,
        "ours without the pixel stage": bare,
        "… with masks, measurements and previews": derived,
        "ours, all of it": full,
    }
    rows = [
        (
            name,
            f"{median(one.receive):.1f}",
            f"{median(one.work):.1f}",
            f"{median(one.upload):.1f}" if one.upload else "within",
            f"{median(one.whole()):.1f}",
            f"{median(one.processor):.1f}",
        )
        for name, one in said.items()
    ]
    ctp = [
        CTP * (receive + work) + upload
        for receive, work, upload in zip(theirs.receive, theirs.work, theirs.upload, strict=True)
    ]
    rows.append(
        ("CTP, reference: 0.58 × Orthanc's first two", "", "", "as above", f"{median(ctp):.1f}", "")
    )
    columns = ("s", "receive", "anonymise or walk", "upload", "whole", "CPU s")
    yield from table(columns, *rows)
    for name, other in (("Orthanc", theirs.whole()), ("CTP by reference", ctp)):
        share = ratio(bare.whole(), other)
        goal = verdict(share, 1.0, at_least=False)
        yield f"ours without the pixel stage ÷ {name}: {share:.2f} ({goal})"
    adds = median(full.whole()) - median(bare.whole())
    yield f"looking for text, masks and previews add {adds:.1f} s"
