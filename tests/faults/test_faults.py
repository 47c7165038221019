"""A hundred studies and every stage, one fault after the other; see docs/operator.md."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count

import pytest

from tests.faults import bad_pacs
from tests.faults.conftest import Seen
from tests.faults.machines import Wires
from tests.faults.rig import Rig
from tests.faults.settled import nobody_is_named, settled
from tests.faults.strikes import Strike, strike
from tests.faults.women import held, images
from tests.flows.sources.scripted import CALLED

STUDIES = 100
FEW = 4
NIGHT = date(2023, 3, 1)
STRIKES = [
    Strike(victim, step)
    for victim, steps in {
        "worker": (
            *("announced", "listed", "landed", "fetched", "handed", "entered"),
            *("spooled", "stored", "published", "recorded", "settled"),
        ),
        "pacs": ("listed", "landed", "fetched"),
        "postgres": ("listed", "entered", "stored", "published", "recorded"),
        "s3": ("spooled", "stored", "published"),
        "prefect": ("fetched", "published"),
    }.items()
    for step in steps
]
_days = (NIGHT + timedelta(days=number) for number in count(1))


@pytest.fixture
def day() -> date:
    """A day that no other test has."""
    return next(_days)


def ended(rig: Rig, seen: Seen, fault: str, plan: str, day: date, began: float) -> Counter[str]:
    """Wait until a plan is done, check everything, and note it."""
    rig.recover(plan)
    seconds = time.monotonic() - began
    counts = settled(rig, plan, day)
    seen.add(fault, seconds, "  ".join(f"{kind} {number}" for kind, number in counts.items()))
    return counts


def test_every_process_dies_at_every_stage(rig: Rig, seen: Seen) -> None:
    rig.fill(NIGHT, STUDIES)
    plan, began = rig.plan(NIGHT), time.monotonic()
    for one in strike(rig, plan, STRIKES):
        seen.add(str(one.strike), one.seconds)
    counts = ended(rig, seen, f"all of these, {STUDIES} studies", plan, NIGHT, began)
    assert counts == {"ADMITTED": 2 * STUDIES}


def test_two_workers_have_the_same_export_at_once(rig: Rig, seen: Seen, day: date) -> None:
    rig.fill(day, 2 * FEW)
    plan, began = rig.plan(day), time.monotonic()
    for _ in range(2):
        rig.begin(plan)
    counts = ended(rig, seen, "the same run begun twice, two workers", plan, day, began)
    assert counts == {"ADMITTED": 4 * FEW}


@pytest.mark.parametrize("minutes", [14, -14])
def test_the_clocks_of_two_workers_differ(rig: Rig, seen: Seen, day: date, minutes: int) -> None:
    """Leases of ten minutes look over to the one, and without end to the other."""
    rig.fill(day, 2 * FEW)
    plan, began = rig.plan(day), time.monotonic()
    rig.set_clock("worker1", 60 * minutes)
    try:
        for _ in range(2):
            rig.begin(plan)
        rig.recover(plan)
    finally:
        rig.set_clock("worker1", 0)
    counts = ended(rig, seen, f"one of two clocks {minutes:+} minutes", plan, day, began)
    assert counts == {"ADMITTED": 4 * FEW}


@pytest.mark.parametrize("hours", [3, -3])
def test_the_clock_is_set_in_the_middle(rig: Rig, seen: Seen, day: date, hours: int) -> None:
    """The store refuses what is signed at another hour; nothing else may come of it.

    A worker that was hours ahead has begun runs of hours ahead, and waits: it is started again.
    """
    rig.fill(day, FEW)
    plan, began = rig.plan(day), time.monotonic()
    with rig.halted("fetched", plan):
        for worker in rig.workers:
            rig.set_clock(worker, 3600 * hours)
    time.sleep(10)
    for worker in rig.workers:
        rig.set_clock(worker, 0)
        rig.kill(worker)
        rig.revive(worker)
    counts = ended(rig, seen, f"clock {hours:+} hours, and back", plan, day, began)
    assert counts == {"ADMITTED": 2 * FEW}


def cut(wires: Wires, name: str) -> None:
    getattr(wires, name).cut()


def stalled(wires: Wires, name: str) -> None:
    getattr(wires, name).stalled = True


def slow(wires: Wires, name: str) -> None:
    getattr(wires, name).pace = 20_000.0


@pytest.mark.parametrize("how", [cut, stalled, slow])
@pytest.mark.parametrize(
    ("wire", "step"), [("pacs", "listed"), ("s3", "spooled"), ("postgres", "stored")]
)
def test_the_network_fails(
    rig: Rig, seen: Seen, day: date, wire: str, step: str, how: Callable[[Wires, str], None]
) -> None:
    rig.fill(day, FEW)
    plan, began = rig.plan(day), time.monotonic()
    with rig.halted(step, plan):
        how(rig.wires, wire)
    time.sleep(8)
    getattr(rig.wires, wire).mend()
    counts = ended(rig, seen, f"network to {wire} {how.__name__}, {step}", plan, day, began)
    assert counts == {"ADMITTED": 2 * FEW}


@pytest.mark.parametrize(
    "how",
    [bad_pacs.aborts, bad_pacs.sends_others, bad_pacs.never_ends],
    ids=lambda how: how.__name__,
)
def test_a_pacs_misbehaves(rig: Rig, seen: Seen, day: date, how: bad_pacs.Get) -> None:
    studies = [images(day, number) for number in range(1, FEW + 1)]
    rig.held[day] = tuple(map(held, studies))
    with bad_pacs.misbehaving(studies, how) as pacs:
        rig.source(how.__name__, pacs.port, CALLED)
        plan, began = rig.plan(day, how.__name__), time.monotonic()
        name = how.__name__.replace("_", " ")
        counts = ended(rig, seen, f"a PACS that {name}", plan, day, began)
    assert counts == {"ADMITTED": 2 * FEW}


@pytest.mark.parametrize("step", ["listed", "handed"])
def test_the_landings_disk_is_full(rig: Rig, seen: Seen, day: date, step: str) -> None:
    if not rig.room:
        pytest.fail("only root can mount a small disk: run it as root")
    rig.fill(day, FEW)
    plan, began = rig.plan(day), time.monotonic()
    with rig.halted(step, plan):
        rig.fill_disk()
    time.sleep(8)
    rig.empty_disk()
    counts = ended(rig, seen, f"disk full, {step}", plan, day, began)
    assert counts == {"ADMITTED": 2 * FEW}


def test_nobody_is_named_anywhere(rig: Rig) -> None:
    nobody_is_named(rig)
