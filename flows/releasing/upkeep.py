"""The upkeep of releases, every ten minutes: what a killed worker left under way goes on."""

from datetime import UTC, datetime

from prefect import flow

from flows import log, wiring
from flows.ingest.alive import alive
from flows.ingest.closing import run_id
from flows.ingest.janitor import begin_anew
from flows.releasing.names import POOL, UPKEEP
from flows.settings import ReleaseSettings
from flows.silence import silenced


@flow(name=UPKEEP, persist_result=False)
def upkeep() -> int:
    """Begin anew the runs whose process is gone, and count them; it is safe to run again."""
    log.configure()
    with silenced(UPKEEP):
        runs = wiring.read(ReleaseSettings).runs
        with alive(runs, run_id()):
            return begin_anew(runs, datetime.now(UTC), pool=POOL)
