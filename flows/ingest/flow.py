"""The ingest flow: one Export in, every file to an outcome, every clean study published.

Its only parameter is the Export's id; parameters, names, logs, results and artifacts of Prefect
carry nothing else of what is ingested.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.runtime import flow_run

from catalog.errors import RetriableError as CatalogRetriableError
from catalog.ledgers.records import Export
from catalog.outcome import Tally
from catalog.records import ExportSummary
from flows import deidentifier, log, wiring
from flows.errors import RetriableError as FlowsRetriableError
from flows.errors import StudyError, TallyError
from flows.exports.disclosure import require_decision
from flows.exports.index import NO_STUDY, enroll
from flows.exports.report import markdown, table
from flows.ingest.names import FLOW
from flows.people import protection
from flows.review import expiry
from flows.silence import silenced
from flows.walk.study import StudyRun, settle
from flows.wiring import RegionParts


@flow(name=FLOW, persist_result=False)
def ingest(export_id: str) -> None:
    """Ingest one registered Export."""
    log.configure()
    with silenced("ingest", export=export_id):
        parts = wiring.region()
        parts.ledger.forget_expired(datetime.now(UTC))
        expiry.expire(parts, datetime.now(UTC), but=export_id)
        export = parts.ledger.export(export_id)
        require_decision(export.decision, today=datetime.now(UTC).date())
        _enroll(parts, export)
        # The files of no study come along though all may be settled: their outcomes are published.
        numbers = sorted({NO_STUDY, *parts.ledger.studies(export_id)})
    futures = study.map([export_id] * len(numbers), numbers)
    wait(futures)
    failed = [future.state for future in futures if not future.state.is_completed()]
    with silenced("tally", export=export_id):
        _close(parts, export, failed=failed)


@task(
    task_run_name="study-{ordinal}",
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_jitter_factor=0.3,
    retry_condition_fn=lambda _task, _run, state: is_retriable(state),
    persist_result=False,
    cache_policy=NO_CACHE,
)
def study(export_id: str, ordinal: int) -> None:
    """Bring one study of an export to its outcomes: the unit of retry is the unit of commit."""
    with silenced("study", export=export_id, study=ordinal):
        parts = wiring.region()
        export = parts.ledger.export(export_id)
        region = parts.publisher.holder(export.holder_id).region
        known = protection.of_region()
        loaded = deidentifier.of_region()
        this = StudyRun(parts, loaded, export, ordinal, region, run_id(), protection=known)
        settle(this)


def run_id() -> str:
    """Name this flow run for the ledger; retries of one run share the name."""
    return str(flow_run.id or "no-run")


def is_retriable(state: State) -> bool:
    """Tell whether another try may help: not if a rule or a contradiction stopped the study."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (FlowsRetriableError, CatalogRetriableError))


def _enroll(parts: RegionParts, export: Export) -> None:
    """List an export's files, and ask for all its pseudonyms at once: one by one costs quota."""
    landing = parts.landing / export.id
    parts.keys.subkeys()  # without keys, nothing of the export is read
    people = enroll(parts.ledger, export, landing, limit=parts.expansion_limit, run=run_id())
    parts.keys.pseudonyms.people(sorted(people))


def _close(parts: RegionParts, export: Export, *, failed: Sequence[State]) -> None:
    """Tell an operator what happened, and fail unless every file has its outcome."""
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
