"""The ingest flow: one Export in, every file to an outcome, every clean study published.

Its only parameter is the Export's id; parameters, names, logs, results and artifacts of Prefect
carry nothing else of what is ingested.
"""

from datetime import UTC, datetime

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait

from catalog.ledgers.records import Export
from flows import deidentifier, log, wiring
from flows.exports.disclosure import require_decision
from flows.exports.index import NO_STUDY, enroll
from flows.ingest import alarms
from flows.ingest.alive import alive
from flows.ingest.closing import close, is_retriable, run_id
from flows.ingest.names import FLOW
from flows.ingest.shown import EVERY, Bar, tag
from flows.people import protection
from flows.review import expiry
from flows.silence import silenced
from flows.walk.rejected import hold_rejected
from flows.walk.study import StudyRun, settle
from flows.wiring import RegionParts


@flow(name=FLOW, flow_run_name="export-{export_id}", persist_result=False)
def ingest(export_id: str) -> None:
    """Ingest one registered Export."""
    log.configure()
    with silenced("ingest", export=export_id):
        parts = wiring.region()
        with alive(parts.landing, run_id()):
            _ingest(parts, export_id)


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


def _ingest(parts: RegionParts, export_id: str) -> None:
    moment = datetime.now(UTC)
    parts.ledger.forget_expired(moment)
    expiry.expire(parts, moment, but=export_id)
    export = parts.ledger.export(export_id)
    require_decision(export.decision, today=moment.date())
    tag(holder=export.holder_id, export=export.id)
    hold_rejected(parts, export.holder_id)
    _enroll(parts, export)
    # The files of no study come along though all may be settled: their outcomes are published.
    numbers = sorted({NO_STUDY, *parts.ledger.studies(export_id)})
    futures = study.map([export_id] * len(numbers), numbers)
    bar = Bar(export_id, lambda: _how_far(parts, export_id))
    while wait(futures, timeout=EVERY).not_done:
        bar.look()
    bar.look(at_once=True)
    failed = [future.state for future in futures if not future.state.is_completed()]
    alarms.tell_failed(export.id, export.holder_id, failed=len(failed), tried=len(futures))
    close(parts, export, failed=failed)


def _how_far(parts: RegionParts, export_id: str) -> tuple[int, int]:
    files = parts.ledger.progress(export_id)
    return files.done, files.items


def _enroll(parts: RegionParts, export: Export) -> None:
    """List an export's files, and ask for all its pseudonyms at once: one by one costs quota."""
    landing = parts.landing / export.id
    parts.keys.subkeys()  # without keys, nothing of the export is read
    people = enroll(parts.ledger, export, landing, limit=parts.expansion_limit, run=run_id())
    parts.keys.pseudonyms.people(sorted(people))
