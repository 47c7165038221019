"""A plan whose source is a folder: each complete export is ingested as `mammo ingest` does it."""

from prefect.artifacts import create_table_artifact

from catalog.errors import CatalogError
from catalog.plans.records import KnownSource, Plan
from flows.errors import FlowsError, StudyError
from flows.exports.shelf import Shelf
from flows.ingest.alive import alive, is_alive
from flows.ingest.flow import ingest
from flows.sources.opening import open_folder
from flows.sources.source import Stop
from flows.wiring import RegionParts

TAKEN_ELSEWHERE = "another run takes exports from the folder now"


def from_folder(parts: RegionParts, plan: Plan, known: KnownSource, stop: Stop) -> str:
    """Ingest every complete export of a folder that is new, one after another; say what came.

    It stops between exports: a folder is no PACS, and bears to be read by day.

    Raises:
        SourceError: The folder may not be read.
        StudyError: Some exports could not be finished; the others were.
        RetriableError: The folder, a database or the disk did not answer.
    """
    name = f"folder-{plan.id}"
    if is_alive(parts.landing, name):
        return TAKEN_ELSEWHERE
    failed = 0
    shelf = Shelf(parts, plan, open_folder(known), stop)
    with alive(parts.landing, name):
        for export_id in shelf.take():
            try:
                ingest(export_id)
            except (FlowsError, CatalogError):  # it is logged where it arose
                failed += 1
    _tell(plan, shelf)
    if failed:
        message = f"{failed} exports could not be finished (mammo exports list); {shelf.told}"
        raise StudyError(message)
    return stop.reason() or shelf.told


def _tell(plan: Plan, shelf: Shelf) -> None:
    """Show in Prefect what lies in the folder; no name is told."""
    table = [{"exports": number, "state": word} for word, number in shelf.counts.items() if number]
    create_table_artifact(
        key=f"folder-{plan.id}", table=table, description="What lies in the folder of the plan"
    )
