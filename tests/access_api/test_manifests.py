"""Manifests for programs that people have: they are run here, where they are there."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import ANNA, PERMIT_A, World
from tests.servers import free_ports

Bearer = Callable[..., dict[str, str]]
NEEDS_ARIA2 = pytest.mark.skipif(not shutil.which("aria2c"), reason="apt-get install aria2")


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


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*.dcm")
    }


def wanted(world: World) -> dict[str, str]:
    return {one.path: one.sha256 for one in world.members[PERMIT_A]}


def test_a_line_is_an_instance(client: TestClient, world: World, bearer: Bearer) -> None:
    base = f"/releases/{PERMIT_A}/manifest"
    lines = client.get(f"{base}?format=ndjson", headers=bearer(ANNA))
    assert lines.headers["content-type"] == "application/x-ndjson"
    whole = client.get(base, headers=bearer(ANNA)).json()["instances"]
    assert [json.loads(line) for line in lines.text.splitlines()] == whole


def test_curl_downloads_it_and_goes_on(
    door: Running, world: World, bearer: Bearer, tmp_path: Path
) -> None:
    headers = bearer(ANNA)
    text = manifest(door, "curl", headers | {"Host": "evil.example"})
    assert "evil" not in text
    assert headers["Authorization"].split()[1] not in text
    (tmp_path / "release.curl").write_text(text)
    (tmp_path / "token").write_text(f"Authorization: {headers['Authorization']}\n")
    large = world.of(PERMIT_A, small=False)
    begun = tmp_path / large.path
    begun.parent.mkdir(parents=True)
    begun.write_bytes(large.data[:5_000_000])
    command = ["curl", "-q", "-sS", "--config", "release.curl", "--header", "@token"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert digests(tmp_path) == wanted(world)
    # What is whole already is a range outside of it to curl; nothing is spoilt.
    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=60).returncode == 22
    assert digests(tmp_path) == wanted(world)


@NEEDS_ARIA2
def test_aria2_downloads_it_and_checks(
    door: Running, world: World, bearer: Bearer, tmp_path: Path
) -> None:
    headers = bearer(ANNA)
    text = manifest(door, "aria2", headers | {"Host": "evil.example"})
    assert "evil" not in text
    assert headers["Authorization"].split()[1] not in text
    (tmp_path / "release.aria2").write_text(text)
    (tmp_path / "aria2.conf").write_text(f"header=Authorization: {headers['Authorization']}\n")
    command = ["aria2c", "--conf-path=aria2.conf", "-i", "release.aria2", "-c", "-j4", "-q"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert digests(tmp_path) == wanted(world)
    spoilt = world.members[PERMIT_A][0]
    (tmp_path / "release.aria2").write_text(text.replace(spoilt.sha256, "0" * 64))
    (tmp_path / spoilt.path).unlink()
    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=60).returncode


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
