"""What docs/identity.md has an environment run, by aria2 and by curl, while its tokens end."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog import audit
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.world import PERMIT_SPE, SPE, World, digests
from tests.servers import free_ports

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
SLOWLY = {
    "timeout 540 aria2c": "timeout 3 aria2c --max-overall-download-limit=3M -q",
    "timeout 540 curl": "timeout 3 curl -q -sS --limit-rate 3M",
    "sleep 5": ":",
}
"""As it stands there, but for the seconds, so that each needs several tokens."""


@pytest.fixture
def spe_door(world: World, issuer: Issuer) -> Iterator[Running]:
    (port,) = free_ports(1)
    at = f"http://127.0.0.1:{port}"
    with Running(settings_for(world, issuer, public_url=at, token_s=5), port=port) as running:
        yield running


def script(program: str, key: Path) -> str:
    """Give the page's commands, those of one program."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (block,) = (one for one in blocks if "renew()" in one)
    set_up, with_aria2, with_curl = block.split("\n\n")
    text = "\n".join([set_up, with_aria2 if program == "aria2c" else with_curl])
    for said, done in (SLOWLY | {"/srv/spe/mammo.pem": str(key), "spe-norr": SPE}).items():
        text = text.replace(said, done)
    return text


@pytest.mark.parametrize("program", ["aria2c", "curl"])
def test_it_downloads_everything_with_several_tokens(
    spe_door: Running, world: World, tmp_path: Path, program: str
) -> None:
    key, target = tmp_path / "mammo.pem", tmp_path / "data"
    target.mkdir()
    key.touch(0o600)
    key.write_bytes(world.spe_keys[SPE].as_pem(private=True))
    before = tokens(world)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "MAMMO_API": spe_door.url, "PERMIT": PERMIT_SPE}
    asked = ["sh", "-c", script(program, key)]
    subprocess.run(asked, cwd=target, env=env, check=False, timeout=300)
    assert digests(target) == {one.path: one.sha256 for one in world.members[PERMIT_SPE]}
    assert tokens(world) - before > 2


def tokens(world: World) -> int:
    return sum((one.action, one.actor) == ("token", SPE) for one in audit.entries(world.engine))
