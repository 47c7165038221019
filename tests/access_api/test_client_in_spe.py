"""The client in a secure processing environment, where tokens end within seconds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_api.client import mammo_download
from access_api.client.mammo_download import AgainError, StopError, Token, token_of
from access_api.settings import DoorSettings
from catalog import audit
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.running import Running
from tests.access_api.test_client import Wire, command
from tests.access_api.world import PERMIT_SPE, SPE, World, digests, log_lines

MAMMO = Path(sys.executable).with_name("mammo")


@pytest.fixture
def door(world: World, issuer: Issuer) -> Iterator[Running]:
    with Running(settings_for(world, issuer, token_s=3)) as running:
        yield running


@pytest.fixture
def signer(world: World, door: Running, tmp_path: Path) -> str:
    """Give the command that an environment gets its tokens by."""
    key = tmp_path / "mammo.pem"
    key.touch(0o600)
    key.write_bytes(world.spe_keys[SPE].as_pem(private=True))
    return f"{MAMMO} account token {SPE} --key-file {key} --api {door.url}"


def issued(world: World) -> int:
    lines = audit.entries(world.engine)
    return sum(
        (line.action, line.actor, line.outcome) == ("token", SPE, "ALLOWED") for line in lines
    )


def refused(door: Running) -> int:
    lines = log_lines(door.log.getvalue())
    return sum(line.get("error") == "AuthenticationError" for line in lines)


@pytest.mark.parametrize("ahead", [True, False], ids=["told when it ends", "told by a refusal"])
def test_tokens_end_and_the_download_does_not(
    door: Running, world: World, signer: str, tmp_path: Path, *, ahead: bool
) -> None:
    """The wire breaks until three tokens were issued, so that each is followed by requests."""
    wire, before, target = Wire(door), issued(world), tmp_path / "data"
    wire.breaks_after, wire.pause_s = 400_000, 0.1
    asked = command(wire.url, PERMIT_SPE, target, "--parallel", "2", "--token-command")
    running = subprocess.Popen(
        [*asked, f"{signer} --json" if ahead else signer],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    while issued(world) < before + 3 and running.poll() is None:
        time.sleep(0.05)
    assert running.poll() is None
    wire.breaks_after, wire.pause_s = None, 0.0
    said, _ = running.communicate(timeout=120)
    wire.close()
    assert running.returncode == 0, said
    assert digests(target) == {one.path: one.sha256 for one in world.members[PERMIT_SPE]}
    assert ahead or refused(door)


def test_a_file_that_is_written_anew_is_enough(
    world: World, settings: DoorSettings, tmp_path: Path
) -> None:
    """A timer writes the answer of `POST /token` into a file; it is read with every request."""
    file, target = tmp_path / "token.json", tmp_path / "data"
    file.write_text(json.dumps({"access_token": f"mammo_spe_{'a' * 43}"}))
    with Running(settings) as door:
        asked = command(door.url, PERMIT_SPE, target, "--token-file", str(file))
        running = subprocess.Popen(asked, env={"PATH": os.environ["PATH"]})
        while not refused(door):
            assert running.poll() is None
            time.sleep(0.02)
        file.write_text(json.dumps({"access_token": world.token(SPE), "expires_in": 600}))
        assert running.wait(120) == 0
    assert digests(target) == {one.path: one.sha256 for one in world.members[PERMIT_SPE]}


def prints(text: str) -> str:
    return f"{sys.executable} -c 'import sys; sys.stdout.write(\"{text}\")'"


@pytest.mark.parametrize(
    ("printed", "token", "seconds"),
    [
        (b"abc\n", "abc", float("inf")),
        (json.dumps({"access_token": "abc", "expires_in": 600}).encode(), "abc", 600),
        (b'{"access_token": "abc"}', "abc", float("inf")),
        (b'{"access_token": "abc", "expires_in": "soon"}', "abc", float("inf")),
        (b'{"access_token": "abc", "expires_in": -5}', "abc", 1),
    ],
)
def test_what_a_token_is_read_from(printed: bytes, token: str, seconds: float) -> None:
    assert token_of(printed) == (token, seconds)


@pytest.mark.parametrize(
    "printed",
    [b"", b"two words", b"\xff", b"{", b"{}", b'{"error": "invalid_client"}', b"a\r\nX: y"],
)
def test_what_is_no_token(printed: bytes) -> None:
    with pytest.raises(ValueError, match=r"no token|codec|Expecting"):
        token_of(printed)


def failing(tmp_path: Path) -> Token:
    """Give a token whose command worked once, and does not any more."""
    script = tmp_path / "signer"
    script.write_text("#!/bin/sh\necho first\n")
    script.chmod(0o700)
    token = Token(None, str(script))
    assert token.get() == "first"
    token.accepted()
    script.write_text("#!/bin/sh\nexit 1\n")
    return token


def test_a_command_that_fails_for_a_while_ends_nothing(tmp_path: Path) -> None:
    token = failing(tmp_path)
    token._renew_at = 0
    assert token.get() == "first"
    token.refused("first")
    with pytest.raises(AgainError):
        token.get()


def test_a_command_that_fails_for_long_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = failing(tmp_path)
    monkeypatch.setattr(mammo_download, "PATIENCE_S", 0.0)
    token.refused("first")
    with pytest.raises(StopError) as caught:
        token.refused("first")
    assert caught.value.code == mammo_download.REFUSED


@pytest.mark.parametrize("wrong", ["/no/such/command", "false", prints(""), "sh -c 'unbalanced"])
def test_a_command_that_never_worked_is_told_at_once(wrong: str) -> None:
    with pytest.raises(StopError) as caught:
        Token(None, wrong).get()
    assert caught.value.code == mammo_download.REFUSED


def test_a_file_that_is_empty_for_a_moment_ends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    token = Token(file, None)
    assert token.get() == "first"
    token.accepted()
    file.write_text("")
    assert token.get() == "first"
    file.write_text("second")
    assert token.get() == "second"
