"""curl and aria2 download by the manifests that the door writes for them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.access_api.running import Running
from tests.access_api.test_manifests import manifest
from tests.access_api.world import ANNA, PERMIT_A, World, digests

Bearer = Callable[..., dict[str, str]]


def wanted(world: World) -> dict[str, str]:
    return {one.path: one.sha256 for one in world.members[PERMIT_A]}


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
