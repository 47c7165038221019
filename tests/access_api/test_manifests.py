"""Manifests for programs that people have; tests/full runs the programs."""

import json
from collections.abc import Callable, Iterator

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import ANNA, PERMIT_A, World
from tests.servers import free_ports

Bearer = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def door(world: World, issuer: Issuer) -> Iterator[Running]:
    """A door that knows its own address."""
    (port,) = free_ports(1)
    settings = settings_for(world, issuer, public_url=f"http://127.0.0.1:{port}/")
    with Running(settings, port=port) as running:
        yield running


def manifest(door: Running, written: str, headers: dict[str, str]) -> str:
    answer, body = door.get(f"/releases/{PERMIT_A}/manifest?format={written}", headers)
    assert answer.status == 200, body
    return body.decode()


def test_a_line_is_an_instance(client: TestClient, world: World, bearer: Bearer) -> None:
    base = f"/releases/{PERMIT_A}/manifest"
    lines = client.get(f"{base}?format=ndjson", headers=bearer(ANNA))
    assert lines.headers["content-type"] == "application/x-ndjson"
    whole = client.get(base, headers=bearer(ANNA)).json()["instances"]
    assert [json.loads(line) for line in lines.text.splitlines()] == whole


@pytest.mark.parametrize("written", ["aria2", "curl"])
def test_every_file_has_its_link(door: Running, world: World, bearer: Bearer, written: str) -> None:
    text = manifest(door, written, bearer(ANNA))
    for one in world.members[PERMIT_A]:
        assert f"{door.url}/releases/{PERMIT_A}/instances/{one.sop}" in text
        assert one.path in text
        assert (one.sha256 in text) is (written == "aria2")


@pytest.mark.parametrize("written", ["aria2", "curl"])
def test_a_door_that_does_not_know_its_address_writes_no_links(
    client: TestClient, bearer: Bearer, written: str
) -> None:
    answer = client.get(f"/releases/{PERMIT_A}/manifest?format={written}", headers=bearer(ANNA))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:mammo:problem:no-public-address"


@pytest.mark.parametrize(
    "url",
    [
        'https://x/"\nheader = "a: b',
        "https://user:secret@x",
        "ftp://x",
        "https://x/?a=b",
        "https://x y",
        "x",
        "https://x\n",
    ],
)
def test_an_address_that_could_say_more_is_refused(world: World, issuer: Issuer, url: str) -> None:
    with pytest.raises(ValidationError):
        settings_for(world, issuer, public_url=url)
