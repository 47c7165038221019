"""What every flow that brings images in begins and ends with; nothing in it is identified."""

import shutil
from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from catalog.errors import RetriableError as CatalogRetriableError
from catalog.ledgers.records import Export
from catalog.outcome import Tally
from catalog.records import ExportSummary
from flows import log
from flows.errors import RetriableError as FlowsRetriableError
from flows.errors import StudyError, TallyError
from flows.exports.report import markdown, table
from flows.wiring import RegionParts


def run_id() -> str:
    """Name this flow run for the ledger; retries of one run share the name."""
    return str(flow_run.id or "no-run")


def is_retriable(state: State) -> bool:
    """Tell whether another try may help: not if a rule or a contradiction stopped the study."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (FlowsRetriableError, CatalogRetriableError))


def close(parts: RegionParts, export: Export, *, failed: Sequence[State]) -> None:
    """Tell an operator what happened, and fail unless every file has its outcome.

    Raises:
        StudyError: Some studies could not be finished; the run can be repeated.
        TallyError: The sums do not agree.
    """
    tally = parts.ledger.tally(export.id)
    parts.publisher.record_tally(
        ExportSummary(export.id, export.holder_id, export.decision.reference, tally)
    )
    create_table_artifact(
        key=f"outcomes-{export.id}", table=table(tally), description="Outcomes of the export"
    )
    create_markdown_artifact(
        key=f"export-{export.id}",
        markdown=markdown(export.id, export.holder_id, tally, parts.ledger.reasons(export.id)),
    )
    if failed:
        why = sorted({str(state.result(raise_on_failure=False)) for state in failed})
        message = f"{len(failed)} of the studies could not be finished: {'; '.join(why)}"
        raise StudyError(message)
    require_match(tally)
    log.get().info("export settled", export=export.id, holder=export.holder_id, counts=tally.counts)
    shutil.rmtree(parts.landing / export.id, ignore_errors=True)


def require_match(tally: Tally) -> None:
    """Fail unless the outcomes sum to the claim.

    Raises:
        TallyError: With the sums.
    """
    if not tally.matches:
        message = (
            f"{tally.total} outcomes do not make {tally.claimed} claimed instances "
            f"and {tally.foreign} foreign files"
        )
        raise TallyError(message)
