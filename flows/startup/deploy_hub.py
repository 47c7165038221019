"""Register the hub's flows with the hub's own Prefect server, and begin the check of arrivals.

python -m flows.startup.deploy_hub
"""

from prefect.deployments import run_deployment

from flows.arrivals.flow import publish_arrivals
from flows.arrivals.names import CRON, DEPLOYMENT, FLOW, POOL, RUN_SECONDS
from flows.releasing import names as of_releases
from flows.releasing.flow import release
from flows.releasing.nightly import nightly
from flows.releasing.upkeep import upkeep
from flows.startup.registering import register


def deploy() -> None:
    """Register the deployments in the hub's two work pools; what is late need not be waited for.

    What checks arrivals and what builds releases have a pool each: the release key is with the
    workers of the one alone. The hub's server and its workers know no region's server, and no
    region knows theirs.
    """
    for one, place, cron in (
        (release, "releasing/flow.py:release", None),
        (upkeep, "releasing/upkeep.py:upkeep", of_releases.UPKEEP_CRON),
        (nightly, "releasing/nightly.py:nightly", of_releases.NIGHTLY_CRON),
    ):
        name, pool = of_releases.DEPLOYMENT, of_releases.POOL
        register(one, place, cron=cron, name=name, pool=pool)
    register(
        publish_arrivals,
        "arrivals/flow.py:publish_arrivals",
        cron=CRON,
        name=DEPLOYMENT,
        pool=POOL,
        parameters={"seconds": RUN_SECONDS},
    )
    run_deployment(f"{FLOW}/{DEPLOYMENT}", timeout=0)


if __name__ == "__main__":
    deploy()
