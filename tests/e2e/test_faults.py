"""Each process of a stack is killed once while an export goes on; `make test-faults` does more."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.faults.rig import Rig
from tests.faults.settled import nobody_is_named, settled
from tests.faults.strikes import Strike, strike

DAY = date(2023, 3, 1)
STUDIES = 8
STRIKES = (
    Strike("pacs", "listed"),
    Strike("postgres", "entered"),
    Strike("s3", "stored"),
    Strike("worker", "recorded"),
    Strike("prefect", "published"),
)


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("rig"))
    try:
        made.up()
        yield made
    finally:
        made.close()


def test_every_process_is_killed_once_and_nothing_is_lost_or_doubled(rig: Rig) -> None:
    rig.fill(DAY, STUDIES)
    plan = rig.plan(DAY)
    strike(rig, plan, STRIKES)
    rig.recover(plan)
    assert settled(rig, plan, DAY) == {"ADMITTED": 2 * STUDIES}
    nobody_is_named(rig)
