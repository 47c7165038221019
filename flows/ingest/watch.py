"""Start an ingest on the region's worker and watch it, by the ledger and by Prefect."""

import time
from collections import Counter
from collections.abc import Iterator

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from rich.console import Console

from catalog.ledgers.ledger import Ledger
from catalog.outcome import Tally
from catalog.plans.records import AnnouncedState, PlanState
from flows import wiring
from flows.errors import StudyError
from flows.exports.stopping import is_stopped
from flows.ingest.names import DEPLOYMENT, FLOW, PLANNED
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
            run = _start(client, FLOW, {"export_id": export_id})
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


def run_plan(plan_id: str, *, console: Console | None = None) -> str:
    """Go on with a plan on the region's worker, outside of its nights too; say how it ended.

    Raises:
        StudyError: The flow run did not complete; what it did is kept.
    """
    ledger = wiring.region().ledger
    try:
        with get_client(sync_client=True) as client:
            run = _start(client, PLANNED, {"plan_id": plan_id, "at_once": True})
            state = _watch_plan(client, run, ledger, plan_id, console=console)
    except httpx.HTTPError:
        message = "the region's Prefect server does not answer; run: mammo up"
        raise StudyError(message) from None
    if not state.is_completed():
        raise StudyError(_plan_ending(state, plan_id))
    return _rest(ledger, plan_id)


def _rest(ledger: Ledger, plan_id: str) -> str:
    """Say why a run of a plan came to its end, and what helps."""
    state = ledger.plans.get(plan_id).state
    if is_stopped(wiring.region().landing):
        return f"{plan_id} waits: every export is stopped; take it back with: mammo exports go"
    if state is PlanState.PAUSED:
        return f"{plan_id} is paused; it goes on with: mammo exports resume {plan_id}"
    if state is PlanState.CANCELLED:
        return f"{plan_id} is cancelled"
    if _announced(ledger, plan_id)[AnnouncedState.WAITING]:
        return f"{plan_id} rests, and studies still wait: mammo exports show {plan_id}"
    return f"{plan_id} has brought in what there was: mammo exports show {plan_id}"


def _announced(ledger: Ledger, plan_id: str) -> Counter[AnnouncedState]:
    counts: Counter[AnnouncedState] = Counter()
    exports = {one.export_id for one in ledger.plans.windows(plan_id)}
    for export_id in {*filter(None, exports), *ledger.rescans.exports(plan_id)}:
        counts.update(ledger.announced.counts(export_id))
    return counts


def _plan_ending(state: State, plan_id: str) -> str:
    told = (state.message or "").partition("exception: ")[2].partition(": ")[2]
    told = told or f"the flow run ended as {(state.name or 'unknown').lower()}"
    return f"{told}. What is done is kept; mend the cause and go on: mammo exports run {plan_id}"


def _watch_plan(
    client: SyncPrefectClient,
    run: FlowRun,
    ledger: Ledger,
    plan_id: str,
    *,
    console: Console | None,
) -> State:
    with bar(console) as shown:
        row = shown.add_task("studies", total=None, state="waiting for the worker")
        for state in _states(client, run):
            counts = _announced(ledger, plan_id)
            shown.update(
                row,
                total=sum(counts.values()) or None,
                completed=sum(counts.values()) - counts[AnnouncedState.WAITING],
                state=(state.name or "").lower(),
            )
    return state


def begin_plan(plan_id: str, *, key: str) -> str:
    """Go on with a plan on the region's worker, outside of its nights too; give the run's name.

    Args:
        plan_id: Which plan.
        key: Asked for again with the same one, it is the same run.

    Raises:
        StudyError: The Prefect server does not answer.
    """
    try:
        with get_client(sync_client=True) as client:
            return _start(client, PLANNED, {"plan_id": plan_id, "at_once": True}, key=key).name
    except httpx.HTTPError:
        message = "the region's Prefect server does not answer; run: mammo up"
        raise StudyError(message) from None


def _start(
    client: SyncPrefectClient, flow: str, parameters: dict[str, object], *, key: str | None = None
) -> FlowRun:
    try:
        deployment = client.read_deployment_by_name(f"{flow}/{DEPLOYMENT}")
        return client.create_flow_run_from_deployment(
            deployment.id, parameters=parameters, idempotency_key=key
        )
    except ObjectNotFound:
        message = f"the region's Prefect server does not know the {flow} flow; run: mammo up"
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
