"""Region and hub apart on one machine: two stacks that share a certificate and a public key."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.certificate import ensure_certificate
from infra.credentials import load_credentials
from infra.endpoints import Endpoints
from infra.errors import StateError
from infra.lock import locked
from infra.ports import BLOCK, Ports
from infra.private import private_directory, read_json, write_private
from infra.sides import REGION, hub_ca_in, hub_plan, public_key_in, region_plan
from infra.stack import PartStatus, Progress, Stack
from infra.startup import Startup, Step

HUB_SIDE, REGION_SIDE = "hub-side", "region-side"
INTRODUCE: Final = ("-m", "flows.startup.introduce")
ONE: Final = "a local stack on one side runs in {}: forget it (mammo reset), or set MAMMO_STATE"


class TwoSides:
    """Two stacks in one directory: the hub's on a block of ports, the region's on the next."""

    def __init__(self, state: Path, ports: Ports | None = None) -> None:
        self.state = state.absolute()
        remembered = read_json(self.state / HUB_SIDE / "stack.json").get("port_base")
        known = remembered if isinstance(remembered, int) else None
        first = ports or Ports.chosen(os.environ, known)
        self.hub = Stack(self.state / HUB_SIDE, first, plan=hub_plan())
        plan = region_plan(self.hub.endpoints.intake)
        self.region = Stack(self.state / REGION_SIDE, Ports(first.base + BLOCK), plan=plan)

    @property
    def endpoints(self) -> Endpoints:
        """Where the hub's parts are found, once they run."""
        return self.hub.endpoints

    def up(self, progress: Progress = lambda _line: None) -> Endpoints:
        """Bring both sides up, and let the hub know the region; what runs is left alone.

        Raises StackError with what to do next.
        """
        if (self.state / "stack.json").exists():
            raise StateError(ONE.format(self.state))
        private_directory(self.state)
        self._vouch(progress)
        both = {"hub": self.hub, "region": self.region}
        with ThreadPoolExecutor(max_workers=2) as pool:
            begun = [pool.submit(side.up, _said(name, progress)) for name, side in both.items()]
        for one in begun:
            one.result()
        self._introduce(_said("hub", progress))
        return self.endpoints

    def down(self, progress: Progress = lambda _line: None) -> None:
        """Stop every part of both sides."""
        self.region.down(_said("region", progress))
        self.hub.down(_said("hub", progress))

    def reset(self, progress: Progress = lambda _line: None) -> None:
        """Stop both sides and forget everything."""
        if not self.state.exists():
            return
        with self._alone(progress):
            self.region.reset(_said("region", progress))
            self.hub.reset(_said("hub", progress))
            (self.state / "lock").unlink(missing_ok=True)
        if not any(self.state.iterdir()):
            self.state.rmdir()

    def status(self) -> tuple[PartStatus, ...]:
        """Ask every part of both sides how it does."""
        return tuple(
            replace(one, name=f"{name} {one.name}")
            for name, side in (("hub", self.hub), ("region", self.region))
            for one in side.status()
        )

    def _alone(self, progress: Progress) -> AbstractContextManager[None]:
        return locked(self.state, self.hub.plan.lock_seconds, progress)

    def _vouch(self, progress: Progress) -> None:
        """Give the hub its certificate, and the region who vouches for it; one command at a time.

        Raises BusyError when another command is still at work.
        """
        with self._alone(progress):
            vouches = ensure_certificate(self.hub.state).ca.read_bytes()
            private_directory(hub_ca_in(self.region.state).parent)
            write_private(hub_ca_in(self.region.state), vouches)

    def _introduce(self, progress: Progress) -> None:
        hub = self.hub
        told = hub.environment("hub")
        credentials = load_credentials(hub.state, hub.plan.grants)
        startup = Startup(
            hub.state, hub.ports.base, credentials.stack, hub.plan.step_seconds, progress
        )
        public = public_key_in(self.region.state).read_text().strip()
        base = hub.plan.told(hub.state, hub.ports, credentials).base
        startup.do(Step("introduce", (*INTRODUCE, REGION, public), {**base, **told}))


def stack_in(state: Path, *, two_sides: bool = False) -> Stack | TwoSides:
    """Give the local stack of a directory: with two sides if it is asked for, or was begun so."""
    return TwoSides(state) if two_sides or (state / HUB_SIDE).exists() else Stack(state)


def side_of(state: Path, side: str) -> Path:
    """Say where one side's settings lie; on one machine that is the directory itself."""
    apart = state / (REGION_SIDE if side in {"region", "receiver", "console"} else HUB_SIDE)
    return apart if apart.exists() else state


def _said(name: str, progress: Progress) -> Callable[[str], None]:
    return lambda line: progress(f"{name}: {line}")
