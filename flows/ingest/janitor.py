"""Runs that a dead worker left behind: they end as crashed, and are begun again.

Prefect waits for ever for a process that is gone. Every flow of ours may be run again without
doubling anything, so what died is begun anew, a few times.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

from flows import log
from flows.errors import StudyError
from flows.ingest.alive import forget, is_alive
from flows.ingest.names import POOL
from flows.wiring import RegionParts

_UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
#: From submission to the lock take seconds; after so long the worker died in the middle of it.
_BEGINS = timedelta(minutes=5)
_REMEMBERED = timedelta(days=2)  # what crashed before that is nobody's business any more
_MOST_AGAIN = 3
_AGAIN, _AFTER = "again-", "after-"
_GONE = "the process that ran it is gone"


def sweep(parts: RegionParts, moment: datetime) -> int:
    """End what nobody runs any more, begin anew what crashed, and count what was begun.

    Whose process is gone has no study any more, however its run ended.

    Raises:
        StudyError: The Prefect server does not answer.
    """
    release = parts.ledger.announced.release
    for who in parts.ledger.announced.holders():
        if not is_alive(parts.landing, who):
            release(who)
    return begin_anew(parts.landing, moment, pool=POOL, freed=release)


def begin_anew(
    folder: Path, moment: datetime, *, pool: str, freed: Callable[[str], object] = lambda _run: None
) -> int:
    """End the runs of a work pool that nobody runs any more, begin anew what crashed, count it.

    Args:
        folder: Where its runs say that they live (`alive`).
        moment: Now.
        pool: Its name.
        freed: Lets go of what a run that crashed held.

    Raises:
        StudyError: The Prefect server does not answer.
    """
    try:
        with get_client(sync_client=True) as client:
            for run in _in_states(client, pool, _UNDER_WAY):
                if _is_dead(run, folder, moment):
                    client.set_flow_run_state(run.id, Crashed(message=_GONE), force=True)
                    forget(folder, str(run.id))
            lately = FlowRunFilterExpectedStartTime(after_=moment - _REMEMBERED)
            crashed = _in_states(client, pool, [StateType.CRASHED], lately)
            return sum(_begin_again(client, run, freed) for run in crashed)
    except httpx.HTTPError:
        message = f"the Prefect server of the work pool {pool} does not answer"
        raise StudyError(message) from None


def _in_states(
    client: SyncPrefectClient,
    pool: str,
    states: list[StateType],
    lately: FlowRunFilterExpectedStartTime | None = None,
) -> Iterable[FlowRun]:
    wanted = FlowRunFilterState(type=FlowRunFilterStateType(any_=states))
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=wanted, expected_start_time=lately),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )


def _is_dead(run: FlowRun, folder: Path, moment: datetime) -> bool:
    """Tell whether nobody runs a run any more; one that only begins gets the time for that."""
    known = is_alive(folder, str(run.id))
    if known is not None:
        return not known
    begun = run.state.timestamp if run.state is not None else run.created
    return begun is not None and moment - begun > _BEGINS


def _begin_again(client: SyncPrefectClient, run: FlowRun, freed: Callable[[str], object]) -> bool:
    """Begin a crashed run anew, unless that was done, or was done too often."""
    after = f"{_AFTER}{run.id}"
    begun = FlowRunFilter(tags=FlowRunFilterTags(all_=[after]))
    again = sum(tag.startswith(_AGAIN) for tag in run.tags)
    if run.deployment_id is None or again >= _MOST_AGAIN:
        return False
    if client.read_flow_runs(flow_run_filter=begun, limit=1):
        return False
    freed(str(run.id))
    kept = [tag for tag in run.tags if not tag.startswith(_AFTER)]
    client.create_flow_run_from_deployment(
        run.deployment_id,
        parameters=run.parameters,
        tags=[*kept, after, f"{_AGAIN}{again + 1}"],
    )
    log.get().warning("a crashed run is begun again", part="janitor", run=str(run.id))
    return True
