"""How a flow of this clone becomes a deployment that a work pool's workers run."""

from pathlib import Path
from typing import Any

from prefect import Flow

import flows
from flows.ingest.names import DEPLOYMENT, POOL


def register(
    one: Flow[..., Any],
    entrypoint: str,
    *,
    cron: str | None = None,
    name: str = DEPLOYMENT,
    pool: str = POOL,
    parameters: dict[str, int] | None = None,
) -> None:
    """Register a flow with the Prefect server of this side; safe to run again.

    `entrypoint` is `folder/module.py:function` below `flows/`; by `cron` (UTC) it runs by itself,
    and is given `parameters` then.
    """
    root = str(Path(flows.__file__).parents[1])
    remote = one.from_source(source=root, entrypoint=f"flows/{entrypoint}")
    remote.deploy(  # type: ignore[union-attr]  # not awaited: this is no coroutine here
        name=name,
        work_pool_name=pool,
        build=False,
        push=False,
        print_next_steps=False,
        cron=cron,
        parameters=parameters,
    )
