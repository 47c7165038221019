"""What is sent is asked for again while it is sent, whatever it is, also over midnight."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import cast

import anyio
import pytest
from starlette.responses import Response
from starlette.types import Message

from access_api import instances, manifests, papers, previews, visits
from access_api.archives import routes
from access_api.delivery import Asked
from access_api.door import Door, open_door
from access_api.doorstep import open_log
from access_api.paper_kinds import Name
from access_api.streams import BlocksResponse
from access_api.tokens import Caller, Role
from access_api.visits import Visit
from catalog import permits
from catalog.database import writing
from catalog.errors import CatalogError, PermitError
from catalog.tables import permit
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.world import ANNA, PERMIT_A, World

ASKED: dict[str, Callable[[Visit, World], Response]] = {
    "instance": lambda visit, world: instances.download_instance(
        visit, world.of(PERMIT_A).sop, Asked(None, None, None)
    ),
    "archive": lambda visit, _: routes.download_release(visit, Asked(None, None, None)),
    "preview": lambda visit, world: previews.show_preview(visit, world.of(PERMIT_A).sop),
    "manifest": lambda visit, _: manifests.read_manifest(visit),
    "table": lambda visit, _: papers.read_one_paper(visit, Name.METADATA_CSV),
    "terms": lambda visit, _: papers.read_one_paper(visit, Name.TERMS),
    "selection": lambda visit, world: papers.read_selection(visit, world.of(PERMIT_A).study),
}


@pytest.fixture
def visit(world: World, issuer: Issuer) -> Iterator[Visit]:
    settings = settings_for(world, issuer, ask_again_s=0.05)
    with open_door(settings, open_log(io.StringIO())) as door:
        yield at(door)


def at(door: Door) -> Visit:
    return Visit(door, Caller(ANNA, frozenset({Role.RESEARCHER})), PERMIT_A)


async def read_by_nobody(answer: BlocksResponse, visit: Visit) -> None:
    """Send an answer to a caller who takes its head and nothing of its body."""

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await anyio.sleep_forever()

    try:
        with anyio.fail_after(20):
            await answer.stream_response(send)
    finally:
        visit.door.clean_bytes._source.close()  # whose connections are this loop's


def ended_by(answer: Response, visit: Visit) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        anyio.run(read_by_nobody, cast("BlocksResponse", answer), visit)
    return caught.value


@pytest.mark.parametrize("what", ASKED)
def test_a_revoked_permit_ends_it(world: World, visit: Visit, what: str) -> None:
    answer = ASKED[what](visit, world)
    permits.revoke(world.engine, PERMIT_A, who="operator", reason="Article 63")
    try:
        assert isinstance(ended_by(answer, visit), PermitError)
    finally:
        with writing(world.engine) as connection:
            mine = permit.c.id == PERMIT_A
            connection.execute(permit.update().where(mine).values(revoked_at=None))


@pytest.mark.parametrize("what", ASKED)
def test_so_does_the_midnight_after_its_last_day(
    world: World, visit: Visit, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = permits.get(world.engine, PERMIT_A).valid_until

    class Clock(datetime):
        days = 0

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return datetime.combine(last + timedelta(days=cls.days), time(23, 59), UTC)

    monkeypatch.setattr(visits, "datetime", Clock)
    answer = ASKED[what](visit, world)
    Clock.days = 1
    assert isinstance(ended_by(answer, visit), PermitError)
