"""Ask the hub's own Prefect server for a release, and watch it; leaving it does not end it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from sqlalchemy import Engine

from catalog import releases
from catalog.errors import CatalogError
from catalog.errors import RetriableError as CatalogRetriableError
from catalog.releases import Release
from catalog.vocabulary import ReleaseState
from flows.errors import PermanentError, StudyError
from flows.releasing.names import DEPLOYMENT, FLOW

PAUSE = 0.5
_UNDER_WAY = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]
_AWAY = "the hub's Prefect server does not answer; run: mammo up"
_UNKNOWN = "the hub's Prefect server does not know the release flow; run: mammo up"


def ask_and_watch(
    catalogue: Engine,
    permit_id: str,
    words: dict[str, Any],
    progress: Callable[[int, int], None],
) -> Release:
    """Have a permit's release built by the hub's worker, wait, and give it once it is sealed.

    Asked for again while it is built, it is watched, not built twice.

    Raises:
        StudyError: It could not be built; the message says what the same command would do.
    """
    before = _newest(catalogue, permit_id, ReleaseState.SEALED)
    try:
        with get_client(sync_client=True) as client:
            run = _under_way(client, permit_id, words) or _ask(client, permit_id, words)
            state = _watch(client, run, lambda: _show(catalogue, permit_id, progress))
    except httpx.HTTPError:
        raise StudyError(_AWAY) from None
    made = _newest(catalogue, permit_id, ReleaseState.SEALED)
    if not state.is_completed() or made is None or made == before:
        raise StudyError(_ending(state))
    return made


def _under_way(client: SyncPrefectClient, permit_id: str, words: dict[str, Any]) -> FlowRun | None:
    """Find the run that builds the very same already."""
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[f"permit:{permit_id}"]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY)),
    )
    asked = {"permit_id": permit_id, **words}
    return next(
        (one for one in client.read_flow_runs(flow_run_filter=wanted) if one.parameters == asked),
        None,
    )


def _ask(client: SyncPrefectClient, permit_id: str, words: dict[str, Any]) -> FlowRun:
    try:
        deployment = client.read_deployment_by_name(f"{FLOW}/{DEPLOYMENT}")
    except ObjectNotFound:
        raise StudyError(_UNKNOWN) from None
    return client.create_flow_run_from_deployment(
        deployment.id,
        parameters={"permit_id": permit_id, **words},
        tags=[f"permit:{permit_id}"],
    )


def _newest(catalogue: Engine, permit_id: str, state: ReleaseState) -> Release | None:
    every = releases.releases_of(catalogue, permit_id)
    return next((one for one in every if one.state is state), None)


def _watch(client: SyncPrefectClient, run: FlowRun, show: Callable[[], None]) -> State:
    """Wait until a run has ended, showing how far it is; give how it ended."""
    while True:
        state = client.read_flow_run(run.id).state
        show()
        if state is not None and state.is_final():
            return state
        time.sleep(PAUSE)


def _show(catalogue: Engine, permit_id: str, progress: Callable[[int, int], None]) -> None:
    begun = _newest(catalogue, permit_id, ReleaseState.BUILDING)
    if begun is not None:
        progress(begun.instances - releases.left(catalogue, begun.id), begun.instances)


def _ending(state: State) -> str:
    """Say how a run failed, and what the same command would do; `flows.release.build` keeps so."""
    kind, _, told = (state.message or "").partition("exception: ")[2].partition(": ")
    told = told or f"the run ended as {(state.name or 'unknown').lower()}"
    if not kind or kind in set(_tree(CatalogRetriableError)):
        return f"{told}. What is done is kept: the same command goes on where it was"
    if kind in {*_tree(CatalogError), *_tree(PermanentError)}:
        return f"{told}. The same command ends the same way until that is mended"
    return f"{told}. The same command begins anew"


def _tree(root: type[Exception]) -> Iterator[str]:
    """Give the names of an error and of all that are kinds of it: Prefect tells no more."""
    yield root.__name__
    for kind in root.__subclasses__():
        yield from _tree(kind)
