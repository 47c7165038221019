"""Register the hub's flow with the hub's own Prefect server, and begin its first run.

python -m flows.startup.deploy_hub
"""

from prefect.deployments import run_deployment

from flows.arrivals.flow import publish_arrivals
from flows.arrivals.names import CRON, DEPLOYMENT, FLOW, POOL, RUN_SECONDS
from flows.startup.registering import register


def deploy() -> None:
    """Register the deployment in the hub's work pool; what is late by cron need not be waited for.

    The hub's server and its workers know no region's server, and no region knows theirs.
    """
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
