"""Register the ingest deployment with the region's own Prefect server. Safe to run again.

python -m flows.startup.deploy
"""

from pathlib import Path

import flows
from flows.ingest.flow import ingest
from flows.ingest.names import DEPLOYMENT, POOL


def deploy() -> None:
    """Register the deployment in the region's work pool; only the region's worker runs it."""
    root = Path(flows.__file__).parents[1]
    remote = ingest.from_source(source=str(root), entrypoint="flows/ingest/flow.py:ingest")
    remote.deploy(  # type: ignore[union-attr]  # not awaited: this is no coroutine here
        name=DEPLOYMENT, work_pool_name=POOL, build=False, push=False, print_next_steps=False
    )


if __name__ == "__main__":
    deploy()
