"""Register the region's flows with its own Prefect server, its plans' schedules, its alarms.

Safe to run again.

python -m flows.startup.deploy
"""

from pathlib import Path
from typing import Any

from prefect import Flow

import flows
from flows import wiring
from flows.ingest import schedules
from flows.ingest.flow import ingest
from flows.ingest.names import DEPLOYMENT, POOL, UPKEEP_CRON
from flows.ingest.planned import export
from flows.ingest.upkeep import upkeep
from flows.settings import RegionSettings
from flows.startup import automations


def deploy() -> None:
    """Register the deployments in the region's work pool; only the region's workers run them."""
    root = Path(flows.__file__).parents[1]
    _deploy(ingest, str(root), "flow.py:ingest")
    _deploy(export, str(root), "planned.py:export")
    _deploy(upkeep, str(root), "upkeep.py:upkeep", cron=UPKEEP_CRON)
    schedules.set_up(wiring.region().ledger.plans)
    automations.set_up(wiring.read(RegionSettings).webhook_url)


def _deploy(one: Flow[..., Any], root: str, entrypoint: str, *, cron: str | None = None) -> None:
    remote = one.from_source(source=root, entrypoint=f"flows/ingest/{entrypoint}")
    remote.deploy(  # type: ignore[union-attr]  # not awaited: this is no coroutine here
        name=DEPLOYMENT,
        work_pool_name=POOL,
        build=False,
        push=False,
        print_next_steps=False,
        cron=cron,
    )


if __name__ == "__main__":
    deploy()
