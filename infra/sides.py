"""What either of two sides is made of: each has a store, a Prefect server and secrets of its own.

Of the hub, the region is told where its intake is and who vouches for it; of the region, the hub is
told the public key that it signs with. Neither knows more of the other.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra import environment
from infra.credentials import (
    ARRIVALS,
    CLEAN,
    HUB_GRANTS,
    REGION_GRANTS,
    Credentials,
)
from infra.environment import Environments, prefixed, store_told
from infra.ports import HOST, Ports
from infra.stack import Plan

REGION: Final = "norr"
HUB_POOL: Final = "hub"


def hub_plan(**changes: object) -> Plan:
    """Say what the hub's side is made of."""
    plan = Plan(
        told=_hub,
        grants=HUB_GRANTS,
        required=("s3", "prefect", "worker", "release-worker", "api", "intake"),
        prepare=("-m", "flows.startup.prepare", "hub"),
        deploy=("-m", "flows.startup.deploy_hub"),
    )
    return replace(plan, **changes)  # type: ignore[arg-type]  # fields of Plan


def region_plan(intake: str) -> Plan:
    """Say what the region's side is made of, which delivers to an intake (`https://host:port`)."""
    return Plan(
        told=_region(intake),
        grants=REGION_GRANTS,
        required=("s3", "prefect", "worker", "console", "errands"),
        prepare=("-m", "flows.startup.prepare", "region"),
    )


def hub_ca_in(state: Path) -> Path:
    """Say where a region keeps who vouches for its hub."""
    return state / "region" / "hub-ca.pem"


def public_key_in(state: Path) -> Path:
    """Say where a region writes the public half of what it signs with."""
    return state / "secrets" / "intake.pub"


def _region(intake: str) -> Callable[[Path, Ports, Credentials], Environments]:
    def told(state: Path, ports: Ports, credentials: Credentials) -> Environments:
        known = environment.shared(state, ports, credentials)
        delivery = {
            "INTAKE_URL": intake,
            "INTAKE_KEY_FILE": str(state / "secrets" / "intake.pem"),
            "INTAKE_CA": str(hub_ca_in(state)),
            "ORDERS_REGION": REGION,
            "ORDERS_KEY_FILE": str(state / "region" / "hub-orders.pub"),
        }
        policy = state / "region" / "orders.toml"
        if policy.exists():  # without one, every order waits for a person
            delivery["ORDERS_POLICY"] = str(policy)
        own = environment.region_told(state, ports, credentials)
        return replace(
            known,
            region={**own, **prefixed("MAMMO_REGION_", delivery)},
            receiver=environment.receiver_told(state, ports),
            console=environment.console_told(state),
        )

    return told


def _hub(state: Path, ports: Ports, credentials: Credentials) -> Environments:
    known = environment.shared(state, ports, credentials)
    catalogue = environment.catalogue_url(state)
    hub = environment.hub_told(state, ports, credentials)
    intake = {
        "AUTHORITY": f"{HOST}:{ports.intake}",
        "CATALOGUE_URL": catalogue,
        "ARRIVALS_BUCKET": ARRIVALS,
        **store_told("intake", ports, credentials),
    }
    arrivals = {
        "CATALOGUE_URL": catalogue,
        "ARRIVALS_BUCKET": ARRIVALS,
        "CLEAN_BUCKET": CLEAN,
        **store_told("arrivals", ports, credentials),
    }
    return replace(
        known,
        hub=hub,
        api=environment.door_told(state, ports, credentials),
        intake=prefixed("MAMMO_INTAKE_", intake),
        arrivals=prefixed("MAMMO_ARRIVALS_", arrivals),
        releases={**hub, "MAMMO_RELEASE_RUNS": str(state / "hub")},
        pool=HUB_POOL,
    )
