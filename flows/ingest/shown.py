"""What a run shows of itself at its Prefect server: whose it is, and how far; nothing identified.

A server that does not answer holds nothing up: it shows less then.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import httpx
from prefect import get_client
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

EVERY = 5.0
"""Seconds between two looks at how far an export is."""
_AWAY = (httpx.HTTPError, PrefectException)


def tag(**names: str) -> None:
    """Tag this flow run, as `holder:osterskog` or `export:20261122-5f0c9a1e`."""
    if flow_run.id is None:
        return
    with suppress(*_AWAY), get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(flow_run.id))
        more = (f"{kind}:{name}" for kind, name in names.items())
        client.update_flow_run(run.id, tags=list(dict.fromkeys((*run.tags, *more))))


class Bar:
    """How far something is, in percent, as a progress artifact that is brought up to date.

    Args:
        name: What it is: an export's id, or a permit's.
        how_far: Tells how many of how many have ended.
        what: Of what kind it is.
    """

    def __init__(
        self, name: str, how_far: Callable[[], tuple[int, int]], *, what: str = "export"
    ) -> None:
        self._how_far = how_far
        self._artifact: UUID | None = None
        self._looked = time.monotonic()
        with suppress(*_AWAY):
            told = f"How far {what} {name} is"
            key = f"progress-{name}".lower()
            self._artifact = create_progress_artifact(  # type: ignore[assignment]  # not awaited
                self._percent(), key=key, description=told
            )

    def look(self, *, at_once: bool = False) -> None:
        """Show how far it is by now, if the last look was a while ago, or at once."""
        now = time.monotonic()
        if self._artifact is None or (now - self._looked < EVERY and not at_once):
            return
        self._looked = now
        with suppress(*_AWAY):
            update_progress_artifact(self._artifact, self._percent())

    def _percent(self) -> float:
        done, every = self._how_far()
        return 100 * done / every if every else 100.0
