"""Register the region's flows with its own Prefect server, its plans' schedules, its alarms.

Safe to run again.

python -m flows.startup.deploy
"""

from flows import wiring
from flows.ingest import schedules
from flows.ingest.flow import ingest
from flows.ingest.names import UPKEEP_CRON
from flows.ingest.planned import export
from flows.ingest.upkeep import upkeep
from flows.settings import RegionSettings
from flows.startup import automations
from flows.startup.registering import register


def deploy() -> None:
    """Register the deployments in the region's work pool; only the region's workers run them."""
    register(ingest, "ingest/flow.py:ingest")
    register(export, "ingest/planned.py:export")
    register(upkeep, "ingest/upkeep.py:upkeep", cron=UPKEEP_CRON)
    schedules.set_up(wiring.region().ledger.plans)
    automations.set_up(wiring.read(RegionSettings).webhook_url)


if __name__ == "__main__":
    deploy()
