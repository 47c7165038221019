"""The hub's upkeep, every ten minutes: what a killed worker left under way goes on.

And what holders were asked to deliver for permits that ran out is taken back.
"""

from datetime import UTC, datetime

from prefect import flow

from catalog.deliveries import orders
from flows import log, wiring
from flows.ingest.alive import alive
from flows.ingest.closing import run_id
from flows.ingest.janitor import begin_anew
from flows.releasing.names import POOL, UPKEEP
from flows.settings import ReleaseSettings
from flows.silence import silenced

WHO = "the hub's calendar"


@flow(name=UPKEEP, persist_result=False)
def upkeep() -> int:
    """Begin anew the runs whose process is gone, and count them; it is safe to run again."""
    log.configure()
    with silenced(UPKEEP):
        runs = wiring.read(ReleaseSettings).runs
        with alive(runs, run_id()):
            moment = datetime.now(UTC)
            begun = begin_anew(runs, moment, pool=POOL)
            orders.end_over(wiring.hub().catalogue, today=moment.date(), who=WHO)
            return begun
