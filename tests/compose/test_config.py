"""What docker compose itself makes of infra/compose.yaml; `make check-compose` runs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "infra" / "compose.yaml"
WRITTEN: dict[str, Any] = yaml.safe_load(FILE.read_text())
SIDES = ("region", "hub")


def config(*sides: str, **told: str) -> dict[str, Any]:
    """Let compose read the file, with its profiles and nothing else of this machine's."""
    profiles = [word for side in sides for word in ("--profile", side)]
    command = [*os.environ["MAMMO_COMPOSE"].split(), "-f", str(FILE), *profiles]
    ran = subprocess.run(
        [*command, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stderr == ""  # no warning either: an unset variable, a field it does not know
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def both() -> dict[str, Any]:
    return config(*SIDES)


def test_it_reads_every_service_network_volume_and_secret(both: dict[str, Any]) -> None:
    for kind in ("services", "networks", "volumes", "secrets"):
        assert set(both[kind]) == set(WRITTEN[kind]), kind


@pytest.mark.parametrize("side", SIDES)
def test_each_side_stands_alone(side: str) -> None:
    alone = config(side)["services"]
    mine = {name for name, one in WRITTEN["services"].items() if one["profiles"] == [side]}
    assert set(alone) == mine
    assert {wanted for one in alone.values() for wanted in one.get("depends_on", {})} <= mine


def test_what_is_merged_is_still_hardened(both: dict[str, Any]) -> None:
    for name, one in both["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert int(one["mem_limit"]) >= 64 << 20, name
        assert 0 < one["cpus"] <= 8, name
        assert one["pids_limit"] == 256, name
        assert [port["host_ip"] for port in one.get("ports", [])] in ([], ["127.0.0.1"]), name


def test_secrets_and_mounts_are_where_they_are_said_to_be(both: dict[str, Any]) -> None:
    for name, told in both["secrets"].items():
        assert Path(told["file"]) == FILE.parents[1] / "var" / "compose" / name
    for one in both["services"].values():
        for mount in one.get("volumes", []):
            if mount["type"] == "bind":
                assert mount["read_only"] is True
                assert Path(mount["source"]).exists()
        if "build" in one:
            context = Path(one["build"]["context"])
            assert (context / one["build"]["dockerfile"]).is_file()


def test_a_region_elsewhere_is_told_its_hub() -> None:
    told = config("region", MAMMO_INTAKE_URL="https://hub.example.org:8443", MAMMO_SECRETS="/s")
    worker = told["services"]["region-worker"]["environment"]
    assert worker["MAMMO_REGION_INTAKE_URL"] == "https://hub.example.org:8443"
    assert {str(Path(one["file"]).parent) for one in told["secrets"].values()} == {"/s"}
