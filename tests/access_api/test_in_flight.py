"""A permit that ends and a Hold that is placed end what is being downloaded, read or not."""

import http.client
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Table

from catalog import holds, permits
from catalog.accounts import accounts
from catalog.accounts.tables import service_account, service_key
from catalog.database import writing
from catalog.holds import HoldTarget
from catalog.tables import permit as permit_table
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import ANNA, PERMIT_LARGE, PERMIT_SPE, SPE, World, log_lines

Bearer = Callable[..., dict[str, str]]
LARGE = "2.25.94.1.1"


@pytest.fixture
def door(world: World, issuer: Issuer) -> Iterator[Running]:
    with Running(settings_for(world, issuer, ask_again_s=0.1)) as running:
        yield running


def paths(world: World, permit: str = PERMIT_LARGE) -> dict[str, str]:
    one = world.of(permit, small=permit == PERMIT_LARGE)
    base = f"/releases/{permit}"
    return {
        "instance": f"{base}/instances/{one.sop}",
        "zip": f"{base}/studies/{one.study}/archive",
        "tar": f"{base}/archive?format=tar",
    }


class Slow:
    """A caller who takes a little of an answer, waits, and then takes what comes."""

    def __init__(self, door: Running, path: str, headers: dict[str, str]) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", door.port))
        asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
        self.socket.sendall(f"{asked}\r\n".encode())
        self.answer = http.client.HTTPResponse(self.socket)
        self.answer.begin()
        assert self.answer.status == 200
        self.answer.read(1000)

    def rest(self) -> None:
        self.answer.read()

    def close(self) -> None:
        self.answer.close()
        self.socket.close()


def ended(door: Running) -> list[Any]:
    return [
        line["error"] for line in log_lines(door.log.getvalue()) if line["event"] == "unexpected"
    ]


def wait_for(door: Running, error: str) -> None:
    deadline = time.monotonic() + 10
    while error not in ended(door) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert error in ended(door)


@pytest.mark.parametrize("what", ["instance", "zip", "tar"])
def test_a_hold_ends_it_though_nobody_reads(
    door: Running, world: World, bearer: Bearer, what: str
) -> None:
    slow = Slow(door, paths(world)[what], bearer(ANNA))
    everything = HoldTarget(HoldScope.STUDY, "2.25.94")
    number = holds.place(world.engine, HoldKind.RECALLED, everything, reason="x", who="operator")
    try:
        wait_for(door, "HeldError")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            slow.rest()
    finally:
        holds.lift(world.engine, number, who="operator")
        slow.close()


@pytest.mark.parametrize("what", ["instance", "zip", "tar"])
def test_a_revoked_permit_ends_it(door: Running, world: World, bearer: Bearer, what: str) -> None:
    slow = Slow(door, paths(world)[what], bearer(ANNA))
    permits.revoke(world.engine, PERMIT_LARGE, who="officer", reason="r")
    try:
        wait_for(door, "PermitError")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            slow.rest()
    finally:
        _reinstate(world)
        slow.close()


def _reinstate(world: World) -> None:
    """Undo a revocation, which nothing but a test may do."""
    with writing(world.engine) as connection:
        mine = permit_table.c.id == PERMIT_LARGE
        connection.execute(permit_table.update().where(mine).values(revoked_at=None))


@pytest.mark.parametrize("what", ["instance", "zip", "tar"])
@pytest.mark.parametrize("table", [service_account, service_key], ids=["account", "key"])
def test_a_revoked_environment_s_download_ends(
    door: Running, world: World, service: Bearer, what: str, table: Table
) -> None:
    slow = Slow(door, paths(world, PERMIT_SPE)[what], service(SPE))
    if table is service_account:
        accounts.revoke(world.engine, SPE, who="eva")
    else:
        accounts.revoke_key(world.engine, SPE, world.spe_keys[SPE].thumbprint(), who="eva")
    try:
        wait_for(door, "AuthenticationError")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            slow.rest()
    finally:
        with writing(world.engine) as connection:  # which nothing but a test may do
            connection.execute(table.update().values(revoked_at=None, revoked_by=None))
        slow.close()


def test_what_may_be_had_comes_whole_however_slowly(
    door: Running, world: World, bearer: Bearer
) -> None:
    member = world.of(PERMIT_LARGE)
    slow = Slow(door, paths(world)["instance"], bearer(ANNA))
    time.sleep(0.5)
    assert len(slow.answer.read()) == len(member.data) - 1000
    assert ended(door) == []
    slow.close()


def test_a_catalogue_that_does_not_answer_ends_it(
    world: World, issuer: Issuer, bearer: Bearer, tmp_path: Any
) -> None:
    """Whether she may still have it cannot be known then."""
    name = tmp_path / "catalogue.db"
    with (
        closing(sqlite3.connect(world.url.removeprefix("sqlite:///"))) as there,
        closing(sqlite3.connect(name)) as copy,
    ):
        there.backup(copy)
    settings = settings_for(world, issuer, ask_again_s=0.1, catalogue_url=f"sqlite:///{name}")
    with Running(settings) as door:
        slow = Slow(door, paths(world)["instance"], bearer(ANNA))
        with closing(sqlite3.connect(name)) as database:
            database.execute("DROP TABLE hold")
        wait_for(door, "CatalogError")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            slow.rest()
        slow.close()


def test_nobody_can_be_asked_less_often(world: World, issuer: Issuer) -> None:
    assert settings_for(world, issuer).ask_again_s == 20
    with pytest.raises(ValidationError):
        settings_for(world, issuer, ask_again_s=21)
