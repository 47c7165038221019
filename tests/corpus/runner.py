"""Run the product over a corpus: its library, stage by stage, or the real command line."""

import csv
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from deid.deidentify import deidentify, identity, inspect
from deid.errors import DeidError, Reason
from deid.findings import Finding
from deid.identity.identifiers import Identifiers, harvest, together
from deid.identity.pseudonym import Person, Subkeys
from deid.pixels.detection.text_reader import TextReader, load_text_reader
from deid.profiles.profile import Profile, load_profile
from deid.ruling import Ruling
from deid.screen import screen
from deid.second_eye.verify import verify
from deid.source import Parsed, Piece, parse
from tests.corpus.score import Ending
from tests.pieces import put_together

CRASHED = "crashed"
SUBKEYS = Subkeys(b"u" * 32, b"a" * 32, b"v" * 32, b"d" * 32)


@dataclass(frozen=True)
class Original:
    """One file of the corpus, parsed."""

    name: str
    data: bytes
    parsed: Parsed
    identifiers: Identifiers


def run_library(
    source: Path, results: Path, profile: Profile | str, text_reader: TextReader | None = None
) -> dict[str, Ending]:
    """De-identify a folder with the library alone; identifiers are gathered by study."""
    rules = load_profile(profile) if isinstance(profile, str) else profile
    endings: dict[str, Ending] = {}
    originals: list[Original] = []
    hers: Mapping[str, list[Identifiers]] = defaultdict(list)
    for path in sorted(source.rglob("*.dcm")):
        name = str(path.relative_to(source))
        data = path.read_bytes()
        try:
            parsed = parse(BytesIO(data))
            found = harvest(parsed)
            hers[study(parsed)].append(found)
            originals.append(Original(name, data, parsed, found))
        except DeidError as error:
            endings[name] = Ending(reason=error.reason.value)
    for number, original in enumerate(originals):
        known = together(original.identifiers, hers[study(original.parsed)])
        try:
            finished = released(original, known, rules, text_reader)
        except DeidError as error:
            found = f" ({error.args[1]})" if len(error.args) > 1 else ""
            endings[original.name] = Ending(reason=error.reason.value + found)
            continue
        except Exception as error:  # noqa: BLE001 -- one crash is a result as well
            endings[original.name] = Ending(reason=f"{CRASHED} ({error!r})")
            continue
        results.mkdir(parents=True, exist_ok=True)
        target = f"{number:06d}.dcm"
        (results / target).write_bytes(finished)
        endings[original.name] = Ending(target)
    return endings


def study(parsed: Parsed) -> str:
    """Give what an object's study is known by."""
    return str(parsed.header.get("StudyInstanceUID", ""))


def person_of(parsed: Parsed) -> Person:
    """Give the person an object is about, with a key of the tests."""
    return Person(sha256(b"key" + identity(parsed).encode()).hexdigest()[:16].upper())


@cache
def _drawings() -> TextReader:
    """Load what looks at the drawings of reports, also where pixels are not looked at."""
    return load_text_reader()


def released(
    original: Original, known: Identifiers, profile: Profile, text_reader: TextReader | None
) -> bytes:
    """Take one object the whole way, the second eye included; as if people had let it pass.

    Raises:
        DeidError: It is not let through.
    """
    parsed, reader = original.parsed, BytesIO(original.data)
    passage = screen(parsed, profile)
    ruling = Ruling(waived=frozenset(Finding("object", kind) for kind in passage.review))
    person = person_of(parsed)
    clean = deidentify(
        reader,
        parsed,
        profile=profile,
        person=person,
        subkeys=SUBKEYS,
        identifiers=known,
        text_reader=text_reader,
        passage=passage,
        ruling=ruling,
    )
    finished = joined(clean.pieces, original.data)
    try:
        inspect(
            BytesIO(finished),
            profile,
            person,
            identifiers=known,
            text_reader=_drawings() if parsed.pixels is None else text_reader,
            applied=clean.applied,
            passage=passage,
            ruling=ruling,
        )
    except DeidError as error:
        if error.reason is Reason.IDENTIFIER_LEFT:  # the tests may know what and where
            seen = verify(
                BytesIO(finished),
                identifiers=known,
                profile=profile,
                person=person,
                applied=clean.applied,
            )
            error.args += ("; ".join(f"{one.where}: {one.what}" for one in seen),)
        raise
    return finished


def joined(pieces: tuple[Piece, ...], data: bytes) -> bytes:
    """Put a clean object's pieces together; slices are of the original."""
    return put_together(pieces, data)


def run_command(source: Path, results: Path, report: Path, profile: str) -> dict[str, Ending]:
    """De-identify a folder with the real `mammo deid`."""
    command = [sys.executable, "-m", "flows.cli", "deid", str(source), str(results)]
    command += ["--profile", profile, "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(done.stderr or done.stdout)
    return dict(_report(report))


def _report(path: Path) -> Iterator[tuple[str, Ending]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for line in csv.DictReader(file):
            target = line["target"] if line["outcome"].lower() == "admitted" else ""
            yield line["source"], Ending(target, line["reason"] or line["outcome"])
