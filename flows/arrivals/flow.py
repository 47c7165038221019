"""The hub's flow: what regions delivered is checked again, and published.

It runs on the hub's own Prefect server, or by `mammo arrivals publish`. Its parameters, names and
logs carry nothing of what is delivered.
"""

from prefect import flow

from flows import log, wiring
from flows.arrivals.parts import wire_arrivals
from flows.arrivals.settling import settle_waiting
from flows.settings import ArrivalSettings
from flows.silence import silenced


@flow(name="publish-arrivals", persist_result=False)
def publish_arrivals() -> int:
    """Settle what waits; give how many studies that were."""
    log.configure()
    with silenced("arrivals"):
        return settle_waiting(wire_arrivals(wiring.read(ArrivalSettings)))
