"""The hub's flow: what regions delivered is checked again, and published.

It runs on the hub's own Prefect server, or by `mammo arrivals publish`. Its parameters, names and
logs carry nothing of what is delivered.
"""

import time

from prefect import flow

from flows import log, wiring
from flows.arrivals.names import FLOW, PAUSE_SECONDS
from flows.arrivals.parts import wire_arrivals
from flows.arrivals.settling import settle_waiting
from flows.settings import ArrivalSettings
from flows.silence import silenced


@flow(name=FLOW, persist_result=False)
def publish_arrivals(seconds: int = 0) -> int:
    """Settle what waits, looking again every second; give how many studies that were.

    Two at once do no harm: each study is settled by one of them.

    Args:
        seconds: For how long; at least once.
    """
    log.configure()
    until, settled = time.monotonic() + seconds, 0
    with silenced("arrivals"):
        parts = wire_arrivals(wiring.read(ArrivalSettings))
        while True:
            found = settle_waiting(parts)
            settled += found
            if time.monotonic() >= until:
                return settled
            if not found:
                time.sleep(PAUSE_SECONDS)
