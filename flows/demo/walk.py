"""`mammo demo`: the whole walk on real mammograms, shown step by step."""

import hashlib
import io
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

import httpx
from rich.console import Console
from rich.table import Table

from catalog.holders import add_holder, add_region
from catalog.outcome import Outcome, Tally
from catalog.records import DisclosureDecision, Holder, Region
from catalog.search import Query
from catalog.vocabulary import ProtectionSource, Tier, View
from flows import wiring
from flows.demo.errors import DemoError
from flows.demo.films import DemoExport, build_exports
from flows.demo.show import show_picture
from flows.exports import registry
from flows.ingest.watch import run_and_watch
from flows.progress import counting
from flows.release import permits
from flows.release.build import build
from infra import issuer
from infra.endpoints import Endpoints
from infra.stack import Stack

REGION = "demo"
RESEARCHER = "demo-researcher"


def run(stack: Stack, console: Console, *, login: str | None) -> None:
    """Run the walk on a stack that is up and show it; told where its login is, wait for Ctrl-C."""
    permit = _walk(stack, stack.endpoints, console)
    if login is not None:
        _wait(stack.endpoints, permit, login, console)


def _walk(stack: Stack, endpoints: Endpoints, console: Console) -> str:
    console.rule("2. Two care providers export real films with invented identities", align="left")
    with counting("build exports", console) as progress:
        exports = build_exports(stack.state / "demo", progress=progress)
    for export in exports:
        console.print(f"  {export.holder_name}: {export.description}", soft_wrap=True)
    console.rule("3. Ingest on the region's worker", align="left")
    tallies = {export.holder_slug: _ingest(export, console) for export in exports}
    console.print(_outcomes(exports, tallies))
    console.rule("4. Text in the pixels, before and after", align="left")
    show_picture(exports, stack.state / "demo" / "before-after.png", console)
    console.rule("5. A permit, its release, and a researcher's download", align="left")
    permit = _release(stack, endpoints, console)
    for export in exports:
        _expect(export, tallies[export.holder_slug])
    return permit


def _ingest(export: DemoExport, console: Console) -> Tally:
    engine = wiring.hub().catalogue
    add_region(engine, Region(REGION, export.region))
    add_holder(
        engine,
        Holder(
            export.holder_slug,
            REGION,
            export.holder_name,
            export.organisation_number,
            export.hsa_id,
        ),
    )
    export_id = registry.register_decided(
        wiring.region(), export.holder_slug, export.path, _decision(export), claimed=export.claimed
    )
    return run_and_watch(export_id, label=export.holder_slug, console=console)


def _decision(export: DemoExport) -> DisclosureDecision:
    return DisclosureDecision(
        reference=f"DEMO-{export.holder_slug}",
        legal_basis="invented: EHDS Article 60",
        purpose="demonstration",
        controller=export.holder_name,
        valid_until=datetime.now(UTC).date() + timedelta(days=30),
        protection_source=ProtectionSource.FILTERED_EXPORT,
    )


def _outcomes(exports: tuple[DemoExport, ...], tallies: dict[str, Tally]) -> Table:
    shown = Table("outcome", title="Outcomes per holder", title_justify="left")
    for export in exports:
        shown.add_column(export.holder_slug, justify="right")
    for outcome in Outcome:
        numbers = [tallies[export.holder_slug].counts.get(outcome, 0) for export in exports]
        if any(numbers):
            shown.add_row(outcome.value, *map(str, numbers))
    shown.add_section()
    sums = [tallies[export.holder_slug] for export in exports]
    shown.add_row("sum", *(str(tally.total) for tally in sums))
    shown.add_row("claimed", *(str(tally.claimed) for tally in sums))
    shown.add_row("foreign files", *(str(tally.foreign) for tally in sums))
    return shown


def _expect(export: DemoExport, tally: Tally) -> None:
    """Hold the outcomes against what was planted; a second run finds the same stored already."""
    counts = {outcome.value: n for outcome, n in tally.counts.items() if n}
    stored = counts.pop("ADMITTED", 0) + counts.pop("KNOWN", 0)
    expected = dict(export.expected)
    if stored != expected.pop("ADMITTED", 0) or counts != expected:
        message = f"{export.holder_slug} ended otherwise than planted: {dict(tally.counts)}"
        raise DemoError(message)


def _release(stack: Stack, endpoints: Endpoints, console: Console) -> str:
    parts = wiring.hub()
    today = datetime.now(UTC).date()
    permit = permits.issue(
        parts,
        persons=[RESEARCHER],
        title="Demonstration",
        purpose="scientific research related to health (EHDS Article 53(1)(e))",
        tier=Tier.ANON_DOWNLOAD,
        valid=(today - timedelta(days=1), today + timedelta(days=1)),
    )
    with counting(f"release {permit}", console) as progress:
        made = build(parts, permit, Query(view=View.CC), today=today, progress=progress)
    console.print(f"  {made.instances} CC views frozen and re-keyed for {permit}")
    token = issuer.issue(stack.state, sub=RESEARCHER, roles=["researcher"])
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=endpoints.api, headers=headers, timeout=60) as door:
        _download(door, permit, console)
    return permit


def _download(door: httpx.Client, permit: str, console: Console) -> None:
    """Fetch one study's archive through the API, and check every checksum in it."""
    found = door.get("/studies", params={"view": "CC"}).raise_for_status().json()
    console.print(f"  GET /studies?view=CC finds {len(found['studies'])} studies")
    studies = door.get(f"/releases/{permit}/studies").raise_for_status().json()["studies"]
    study = studies[0]["study_uid"]
    archive = door.get(f"/releases/{permit}/studies/{study}/archive").raise_for_status().content
    manifest = door.get(f"/releases/{permit}/manifest").raise_for_status().json()
    digests = {one["path"]: one["sha256"] for one in manifest["instances"]}
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        for name in held.namelist():
            if hashlib.sha256(held.read(name)).hexdigest() != digests.get(name):
                message = "a downloaded file does not have the checksum of the manifest"
                raise DemoError(message)
        console.print(
            f"  GET /releases/{permit}/studies/…/archive: {len(held.namelist())} images, "
            f"{len(archive) / 1e6:.1f} MB, every sha256 as in the manifest"
        )


def _wait(endpoints: Endpoints, permit: str, login: str, console: Console) -> None:
    console.rule("The stack is running", align="left")
    console.print(f"  access API docs   {endpoints.api_docs}")
    console.print(f"  Prefect UI        {endpoints.prefect}   (its login: {login})")
    console.print("  search            .venv/bin/mammo catalog search --view CC")
    console.print(f"  a token           .venv/bin/mammo token {RESEARCHER} --role researcher")
    console.print(f"  its permit        {permit}")
    console.print("  Ctrl-C stops it.")
    with _interrupt() as interrupted:
        interrupted.wait()


@contextmanager
def _interrupt() -> Iterator[Event]:
    """Give an event that Ctrl-C and SIGTERM set."""
    event = Event()
    before = {
        number: signal.signal(number, lambda *_: event.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
