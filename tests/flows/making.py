"""Put an export through its whole ingest, without Prefect."""

from datetime import date
from pathlib import Path

from catalog.accounts import accounts, keys
from catalog.accounts.records import Account
from catalog.ledgers.records import Export
from catalog.outcome import Tally
from catalog.records import DisclosureDecision
from flows.deidentifier import Deidentifier
from flows.errors import StudyError
from flows.exports import registry
from flows.exports.index import NO_STUDY, enroll
from flows.people.protection import Protection
from flows.walk.study import StudyRun, settle
from flows.wiring import HubParts, RegionParts
from tests.objects import INSTANCE, mammogram, part10


def environment(hub: HubParts, name: str, bucket: str, until: date) -> None:
    """Register an environment's account, and the bucket that is its own."""
    account = Account(name, "An SPE", until, bucket=bucket)
    accounts.add(hub.catalogue, account, keys.public_text(keys.draw()), who="operator")


def registered(
    region: RegionParts, folder: Path, decision: DisclosureDecision, claimed: int | None = None
) -> Export:
    export_id = registry.register_decided(region, "prov", folder, decision, claimed=claimed)
    return region.ledger.export(export_id)


def enrolled(region: RegionParts, export: Export) -> list[int]:
    landing = region.landing / export.id
    enroll(region.ledger, export, landing, limit=region.expansion_limit, run="run")
    return sorted({NO_STUDY, *region.ledger.studies(export.id)})


def walked(
    region: RegionParts,
    deidentifier: Deidentifier,
    export: Export,
    protection: Protection | None = None,
) -> Tally:
    for ordinal in enrolled(region, export):
        this = StudyRun(region, deidentifier, export, ordinal, "norr", "run", protection)
        try:
            settle(this)
        except StudyError:  # as Prefect would: once more
            settle(this)
    return region.ledger.tally(export.id)


def counts(tally: Tally) -> dict[str, int]:
    assert tally.matches
    return {outcome.value: number for outcome, number in tally.counts.items() if number}


def put(folder: Path, *files: bytes, start: int = 1) -> None:
    for number, content in enumerate(files, start):
        (folder / f"IM{number:05}").write_bytes(content)


def four_views(**overrides: object) -> list[bytes]:
    return [
        part10(mammogram(view=view, SOPInstanceUID=f"{INSTANCE}.{n}", **overrides))
        for n, view in enumerate(("lcc", "rcc", "lmlo", "rmlo"), 1)
    ]
