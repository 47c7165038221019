"""Faults as data: who is killed at which step of an export, and how that is done."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.faults.rig import Rig
from tests.faults.settled import no_half_study


@dataclass(frozen=True)
class Strike:
    """One process that is killed while a worker stands at one step."""

    victim: str
    step: str

    def __str__(self) -> str:
        return f"{self.victim} killed, {self.step}"


@dataclass(frozen=True)
class Recovered:
    """How long it took until a study ended again, the restart of the victim included."""

    strike: Strike
    seconds: float


def strike(rig: Rig, plan: str, strikes: Iterable[Strike]) -> list[Recovered]:
    """Kill one process after the other while a plan runs; each must be got over."""
    return [_one(rig, plan, one) for one in strikes]


def _one(rig: Rig, plan: str, one: Strike) -> Recovered:
    with rig.halted(one.step, plan):
        began = time.monotonic()
        rig.kill(one.victim)
    rig.revive(one.victim)
    before = rig.settled_studies(plan)
    no_half_study(rig)

    def goes_on() -> bool:
        return rig.tend(plan) or rig.settled_studies(plan) > before

    rig.wait(goes_on, 240, f"nothing went on after: {one}", pause=0.5)
    no_half_study(rig)
    return Recovered(one, time.monotonic() - began)
