"""Start an ingest on the region's worker and watch it, by the ledger and by Prefect."""

import time
from collections.abc import Iterator

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from rich.console import Console

from catalog.ledgers.ledger import Ledger
from catalog.outcome import Tally
from flows import wiring
from flows.errors import StudyError
from flows.ingest.names import DEPLOYMENT, FLOW
from flows.progress import bar

PAUSE = 0.3
#: Errors after which going on would end the same way.
FINAL = frozenset({"ExportRefusedError", "SourceError", "TallyError", "NotFoundError"})


def run_and_watch(
    export_id: str, *, label: str = "ingest", console: Console | None = None
) -> Tally:
    """Run the ingest of a registered export on the region's worker, and wait with a progress bar.

    Raises:
        StudyError: If the flow run did not complete; what it did is kept, and can be resumed.
    """
    ledger = wiring.region().ledger
    try:
        with get_client(sync_client=True) as client:
            run = _start(client, export_id)
            state = _watch(client, run, ledger, export_id, label=label, console=console)
    except httpx.HTTPError:
        message = (
            "the region's Prefect server does not answer; run: mammo up, "
            f"and then: mammo resume {export_id}"
        )
        raise StudyError(message) from None
    if not state.is_completed():
        raise StudyError(_ending(state, export_id))
    return ledger.tally(export_id)


def _ending(state: State, export_id: str) -> str:
    """Say how a run failed, and what helps: going on, unless it would fail the same way again."""
    kind, _, told = (state.message or "").partition("exception: ")[2].partition(": ")
    if kind in FINAL:
        return told
    told = told or f"the flow run ended as {(state.name or 'unknown').lower()}"
    return f"{told}. What is done is kept; mend the cause and go on: mammo resume {export_id}"


def _start(client: SyncPrefectClient, export_id: str) -> FlowRun:
    try:
        deployment = client.read_deployment_by_name(f"{FLOW}/{DEPLOYMENT}")
        return client.create_flow_run_from_deployment(
            deployment.id, parameters={"export_id": export_id}
        )
    except ObjectNotFound:
        message = "the region's Prefect server does not know the ingest flow; run: mammo up"
        raise StudyError(message) from None


def _watch(
    client: SyncPrefectClient,
    run: FlowRun,
    ledger: Ledger,
    export_id: str,
    *,
    label: str,
    console: Console | None,
) -> State:
    with bar(console) as shown:
        row = shown.add_task(label, total=None, state="waiting for the worker")
        for state in _states(client, run):
            progress = ledger.progress(export_id)
            counts = "  ".join(f"{name} {n}" for name, n in sorted(progress.counts.items()))
            shown.update(
                row,
                total=progress.items or None,
                completed=progress.done,
                state=counts or (state.name or "").lower(),
            )
    return state


def _states(client: SyncPrefectClient, run: FlowRun) -> Iterator[State]:
    while True:
        state = client.read_flow_run(run.id).state
        if state is not None:
            yield state
            if state.is_final():
                return
        time.sleep(PAUSE)
