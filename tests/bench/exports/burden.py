"""Burden on a PACS: how fast Orthanc answers clinical queries while our export runs.

A clinical workstation asks by patient, each time in an association of its own, at a steady pace.
Turn about nobody else asks, our source fetches study after study as an export does, with default
limits, and DCMTK's movescu fetches the same studies as fast as it can. All of them share this
machine's cores with Orthanc, which a region's PACS would not with us.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pydicom import Dataset
from pynetdicom import AE

from flows.sources.receiver.settings import ReceiverSettings
from tests.bench.exports.images import write_studies
from tests.bench.exports.peers import Orthanc, running
from tests.bench.exports.sending import ENVIRONMENT, PDU, dcmtk, ours, require, send, started
from tests.bench.exports.table import load, table, verdict
from tests.flows.sources.peers import HOST, OURS
from tests.servers import free_ports

STUDIES, TURNS, SECONDS, GOAL = 6, 3, 8.0, 1.2
PATIENCE_SECONDS = 60
EVERY = 0.1  # seconds between two clinical questions
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
#: Bandwidths of our receiver in bytes a second: the default, and others; 0 is without limit.
RATES = (int(ReceiverSettings.model_fields["bytes_per_second"].default), 50_000_000, 0)

EXPORT = """
import shutil, sys
from pathlib import Path
from catalog.plans.records import KnownSource
from flows.sources.definition import describe
from flows.sources.landing import Landing
from flows.sources.opening import open_source
from flows.sources.source import Query
class Go:
    def reason(self): return ""
landing = Landing(Path(sys.argv[3]))
known = describe("pacs", {"kind": "DICOM", "ae_title": sys.argv[1], "host": "127.0.0.1",
    "port": int(sys.argv[2]), "our_ae_title": sys.argv[4], "retrieve": "move"})
source = open_source(known, landing).source
while True:
    for study in source.find(Query(None), Go()):
        place = landing.study(study.study_uid)
        source.instances(study.study_uid, Go())
        source.fetch(study.study_uid, None, place, Go())
        print(sum(path.stat().st_size for path in place.files()), flush=True)
        shutil.rmtree(place.folder, ignore_errors=True)
"""


@dataclass
class Answers:
    """Milliseconds of the clinical answers, and the export's bytes a second, a turn each."""

    turns: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def run() -> Iterator[str]:
    """Fill Orthanc, then take turns."""
    require("Orthanc", "storescu", "movescu", "storescp", "cc")
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        write_studies(folder / "images", STUDIES)
        known = {
            title: {"AET": title, "Host": HOST, "Port": one}
            for title, one in zip(_titles(), free_ports(len(RATES) + 1), strict=True)
        }
        allowed = {"DicomAlwaysAllowFind": True, "DicomModalities": known}
        pacs = stack.enter_context(running(folder / "orthanc", **allowed))
        send(folder / "images", pacs.server.port, pacs.server.title)
        _receivers(stack, folder, known)
        answers = {"idle": Answers(), **{title: Answers() for title in known}}
        yield f"{STUDIES} studies of four images; {TURNS} turns of {SECONDS:.0f} s; {load()}"
        yield ""
        for _ in range(TURNS):
            for who, one in answers.items():
                _turn(folder, pacs, who, one)
        yield from _told(answers)
        yield load()


def _titles() -> list[str]:
    """Our receiver's AE title for every bandwidth, and DCMTK's."""
    return [*(f"{OURS}{rate // 1_000_000}" for rate in RATES), "STORESCP"]


def _receivers(stack: ExitStack, folder: Path, known: dict[str, dict[str, object]]) -> None:
    for title, rate in zip(known, (*RATES, None), strict=True):
        port = int(str(known[title]["Port"]))
        (folder / title).mkdir()
        command = dcmtk(port, folder / title, title=title)
        if rate is not None:
            command = ours(port, folder / title, title=title, rate=rate)
        stack.enter_context(started(command, port))


def _turn(folder: Path, pacs: Orthanc, who: str, answers: Answers) -> None:
    """Ask for a while, with an export beside it unless all is idle."""
    beside = nullcontext() if who == "idle" else _export(folder, pacs, who)
    with beside as told:
        before = 0 if told is None else _moved(told, least=1)
        begun, took = time.monotonic(), []
        while time.monotonic() < begun + SECONDS:
            took.append(1000 * _asked(pacs))
            time.sleep(EVERY)
        seconds = time.monotonic() - begun
        answers.turns.append(took)
        if told is not None:
            answers.rates.append((_moved(told, least=before + 1) - before) / seconds)


def _moved(lines: Path, least: int) -> int:
    """How many bytes an export has fetched; waits until there are so many."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (moved := sum(map(int, lines.read_text().split("\n")[:-1]))) < least:
        assert time.monotonic() < until, "nothing was fetched"
        time.sleep(0.1)
    return moved


@contextmanager
def _export(folder: Path, pacs: Orthanc, who: str) -> Iterator[Path]:
    """Fetch study after study until the block ends."""
    server, lines = pacs.server, folder / "moved"
    command: list[str] = [sys.executable, "-c", EXPORT, server.title, str(server.port)]
    command += [str(folder / who), who]
    if who == "STORESCP":
        move = f"movescu -S -pdu {PDU} -aec {server.title} -aet {who} -aem {who}"
        asked = f'-k QueryRetrieveLevel=STUDY -k StudyInstanceUID="$1" {HOST} {server.port}'
        each = f'{move} {asked}; du -sb "$2" | cut -f1; rm -f "$2"/*'
        uids = [
            pacs.told(f"/studies/{one}")["MainDicomTags"]["StudyInstanceUID"]
            for one in pacs.told("/studies")
        ]
        each = each.replace('"$1"', "$uid").replace('"$2"', str(folder / who))
        command = ["sh", "-c", f"while :; do for uid in {' '.join(uids)}; do {each}; done; done"]
    with lines.open("wb") as told:
        process = subprocess.Popen(
            command, stdout=told, env=os.environ | ENVIRONMENT, start_new_session=True
        )
    try:
        yield lines
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _asked(pacs: Orthanc) -> float:
    """Ask for one woman's studies, as a workstation does that opens her; the seconds it took."""
    question = Dataset()
    question.QueryRetrieveLevel = "STUDY"
    question.PatientID = f"PROV{random.randint(1, STUDIES):06}"
    question.StudyInstanceUID = question.StudyDate = question.AccessionNumber = ""
    question.ModalitiesInStudy = ""
    entity = AE("WORKSTATION")
    entity.add_requested_context(FIND)
    begun = time.perf_counter()
    association = entity.associate(HOST, pacs.server.port, ae_title=pacs.server.title)
    assert association.is_established
    connection = association.dul.socket.socket  # or delayed acknowledgements hide the answer's time
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found = [status.Status for status, _ in association.send_c_find(question, FIND)]
    took = time.perf_counter() - begun
    association.release()
    assert found == [0xFF00, 0], found
    return took


def _told(answers: dict[str, Answers]) -> Iterator[str]:
    said = {"idle": "nobody"}
    for title, rate in zip(_titles(), (*RATES, None), strict=True):
        limit = f"held to {rate // 1_000_000} MB/s" if rate else "without limit"
        said[title] = "DCMTK movescu and storescp" if rate is None else f"our export, {limit}"
    said[_titles()[0]] += ", the default"
    idle = answers["idle"].turns
    rows, shares = [], {}
    for who, one in answers.items():
        pairs = zip(one.turns, idle, strict=True)
        shares[who] = median(_p95(mine) / _p95(other) for mine, other in pairs)
        rows.append(
            (
                said[who],
                f"{median(median(turn) for turn in one.turns):.0f}",
                f"{median(map(_p95, one.turns)):.0f}",
                f"{shares[who]:.2f}",
                f"{median(one.rates) / 1e6:.0f}" if one.rates else "",
            )
        )
    columns = ("who fetches", "median, ms", "p95, ms", "p95 ÷ idle", "MB/s fetched")
    yield from table(columns, *rows)
    mine = shares[_titles()[0]]
    yield f"with default limits {mine:.2f} × idle ({verdict(mine, GOAL, at_least=False)})"


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
