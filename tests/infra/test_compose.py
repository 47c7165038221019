"""The compose file keeps its own promises; no container engine is needed to see that."""

import importlib.util
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from access_api.console.settings import ConsoleSettings
from access_api.settings import DoorSettings
from flows.settings import HubSettings, RegionSettings, ReleaseSettings
from flows.sources.receiver.settings import ReceiverSettings

INFRA = Path(__file__).parents[2] / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:(RELEASE\.[0-9TZ-]{20}|\d+\.\d+(\.\d+)?(-[a-z-]+)?))$")
READ = (
    RegionSettings,
    HubSettings,
    ReleaseSettings,
    ReceiverSettings,
    DoorSettings,
    ConsoleSettings,
)
#: Settings of the intake and its checker; they are asked where they are there.
LATER = ("MAMMO_INTAKE_", "MAMMO_ARRIVALS_", "MAMMO_REGION_INTAKE_")

every = pytest.mark.parametrize("name", sorted(SERVICES))


def sources(name: str) -> list[str]:
    given = SERVICES[name].get("secrets", [])
    return [one if isinstance(one, str) else one["source"] for one in given]


def froms() -> list[str]:
    files = sorted((INFRA / "images").glob("*.Containerfile"))
    lines = [line for path in files for line in path.read_text().splitlines()]
    stages = {line.split(" AS ")[1] for line in lines if line.startswith("FROM") and " AS " in line}
    named = [line.split()[1] for line in lines if line.startswith("FROM")]
    return [one for one in named if one not in stages]


def test_every_image_is_pinned() -> None:
    images = [one["image"] for one in SERVICES.values()] + froms()
    assert len(froms()) == 2
    for image in images:
        assert PINNED.search(image), image


@every
def test_a_service_can_do_little(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["mem_limit"]
    assert one["cpus"]
    assert one["pids_limit"]
    for forbidden in ("privileged", "cap_add", "devices", "network_mode", "pid", "ipc"):
        assert forbidden not in one
    assert (one["user"].split(":")[0] == "0") == (name == "demo-pacs")
    assert not [mount for mount in one.get("volumes", []) if "docker.sock" in mount]


@every
def test_a_service_says_whether_it_is_well(name: str) -> None:
    one = SERVICES[name]
    assert ("healthcheck" in one) != (one["restart"] == "no")


@every
def test_ports_are_loopbacks(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_the_two_sides_share_the_intakes_network_alone() -> None:
    of = {
        side: {
            network
            for one in SERVICES.values()
            if one["profiles"] == [side]
            for network in one["networks"]
        }
        for side in ("region", "hub")
    }
    assert of["region"] & of["hub"] == {"intake"}
    in_it = {name for name, one in SERVICES.items() if "intake" in one["networks"]}
    assert in_it == {"region-worker", "region-errands", "intake"}
    open_ones = {name for name, told in COMPOSE["networks"].items() if not told}
    assert open_ones == {"region-desk", "hub-desk"}
    with_ports = {name for name, one in SERVICES.items() if "ports" in one}
    assert with_ports == {
        name for name, one in SERVICES.items() if set(one["networks"]) & open_ones
    }


def test_the_two_sides_share_no_volume_and_no_secret() -> None:
    def of(side: str) -> set[str]:
        mine = [name for name, one in SERVICES.items() if one["profiles"] == [side]]
        volumes = {
            mount.split(":")[0]
            for name in mine
            for mount in SERVICES[name].get("volumes", [])
            if not mount.startswith(".")
        }
        return volumes | {source for name in mine for source in sources(name)}

    assert of("region") & of("hub") == set()


@every
def test_secrets_come_by_files(name: str) -> None:
    told: dict[str, str] = SERVICES[name].get("environment", {})
    for variable, value in told.items():
        if re.search(r"SECRET|PASSWORD|AUTH_STRING|CATALOGUE_URL|LEDGER_URL|CONNECTION", variable):
            assert variable.endswith(("_FROM", "_FILE"))
        if str(value).startswith("/run/secrets/"):
            assert Path(value).name in sources(name)
        if str(value).startswith("/run/mammo/"):
            targets = [one["target"] for one in SERVICES[name]["secrets"] if isinstance(one, dict)]
            assert Path(value).name in targets


def test_every_secret_is_a_file_outside_of_the_images() -> None:
    used = {source for name in SERVICES for source in sources(name)}
    assert used == set(COMPOSE["secrets"])
    for name, told in COMPOSE["secrets"].items():
        assert told == {"file": f"${{MAMMO_SECRETS:-../var/compose}}/{name}"}


@every
def test_variables_are_settings_that_there_are(name: str) -> None:
    known = {
        f"{settings.model_config.get('env_prefix')}{field}".upper()
        for settings in READ + arriving()
        for field in settings.model_fields
    }
    for variable in SERVICES[name].get("environment", {}):
        plain = variable.removesuffix("_FROM")
        if plain.startswith("MAMMO_") and not (plain.startswith(LATER) and not arriving()):
            assert plain in known


def arriving() -> tuple[type[BaseSettings], ...]:
    if importlib.util.find_spec("access_api.intake") is None:
        return ()
    settings = importlib.import_module("access_api.intake.settings").IntakeSettings
    return (settings, importlib.import_module("flows.settings").ArrivalSettings)


def test_the_doors_image_holds_neither_deid_nor_flows() -> None:
    text = (INFRA / "images" / "mammo.Containerfile").read_text()
    door = text.split("AS door\n")[1].split("FROM")[0]
    assert re.findall(r"^COPY (?!--from)(\S+)", door, re.MULTILINE) == ["catalog", "access_api"]
    assert "--only-group door" in text.split("AS door-packages")[1].split("FROM")[0]
    assert SERVICES["api"]["build"]["target"] == SERVICES["intake"]["build"]["target"] == "door"


def test_the_console_holds_its_own_login_and_no_key() -> None:
    console, known = SERVICES["region-console"], SERVICES["region-worker"]
    assert console["build"]["target"] == "door"
    assert sources("region-console") == ["console_ledger_url"]
    assert set(sources("region-console")) & set(sources("region-worker")) == set()
    assert console["volumes"] == ["region-console:/var/lib/mammo/console:ro"]
    assert not [mount for mount in known["volumes"] if "console" in mount]
    assert console["networks"] == ["region", "region-desk"]
    login, database = SERVICES["region-db"]["environment"]["GUESTS"].split(":")
    assert (login, database) == (known["environment"]["MAMMO_REGION_CONSOLE_ROLE"], "ledger")


def test_the_release_key_is_with_the_release_worker_alone() -> None:
    assert [name for name in SERVICES if "release_key" in sources(name)] == ["hub-release-worker"]
    assert [name for name in SERVICES if "store_arrivals" in sources(name)] == [
        "hub-store-setup",
        "hub-worker",
    ]
    told = {name: set(one.get("environment", {})) for name, one in SERVICES.items()}
    with_hub = {name for name, known in told.items() if "MAMMO_HUB_RELEASE_KEY_FILE" in known}
    assert with_hub == {"hub-release-worker"}
    assert not [one for one in told["hub-release-worker"] if one.startswith("MAMMO_ARRIVALS_")]


def test_a_region_knows_who_signs_its_hubs_orders() -> None:
    regions = [name for name in SERVICES if "MAMMO_REGION_INTAKE_URL" in told_to(name)]
    assert regions == ["region-prepare", "region-worker", "region-errands"]
    for name in regions:
        assert told_to(name)["MAMMO_REGION_ORDERS_REGION"]
        assert told_to(name)["MAMMO_REGION_ORDERS_KEY_FILE"] == "/run/secrets/hub_orders_key"
        assert "hub_orders_key" in sources(name)


def told_to(name: str) -> dict[str, str]:
    told: dict[str, str] = SERVICES[name].get("environment", {})
    return told


def test_every_user_of_a_store_has_a_policy_and_a_secret() -> None:
    for side in ("region", "hub"):
        setup = SERVICES[f"{side}-store-setup"]["environment"]
        made = {*setup["BUCKETS"].split(), setup["LOCKED"]}
        for pair in setup["USERS"].split():
            user, policy = pair.split(":")
            assert f"store_{user}" in sources(f"{side}-store-setup")
            rules = json.loads((INFRA / "minio" / "policies" / f"{policy}.json").read_text())
            for rule in rules["Statement"]:
                assert "*" not in "".join(rule["Action"])
                buckets = {one.split(":::")[1].split("/")[0] for one in rule["Resource"]}
                assert buckets <= made


def test_what_holds_originals_keeps_no_versions() -> None:
    for side in ("region", "hub"):
        setup = SERVICES[f"{side}-store-setup"]["environment"]
        versioned = set(setup["VERSIONED"].split())
        assert versioned <= set(setup["BUCKETS"].split())
        assert not versioned & {"mammo-quarantine", "mammo-arrivals"}


def test_secrets_are_drawn_once_and_those_that_are_missing_are_named(tmp_path: Path) -> None:
    def draw() -> str:
        told = {"MAMMO_SECRETS": str(tmp_path / "s"), "PATH": os.defpath}
        script = ["sh", str(INFRA / "images" / "secrets.sh")]
        ran = subprocess.run(script, env=told, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        return ran.stdout

    said = draw()
    held = {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()}
    missing = set(said.split(":")[1].split())
    assert missing | set(held) == set(COMPOSE["secrets"])
    assert len(set(held.values())) == len(held)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    draw()
    assert {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()} == held


def test_a_secret_reaches_its_program_and_not_its_command_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a = b'c\" $d\n")
    told = {"X_FROM": str(tmp_path / "secret"), "Y_FROM": "words", "PATH": os.defpath}
    entry = ["sh", str(INFRA / "images" / "entry.sh"), "env"]
    ran = subprocess.run(entry, env=told, capture_output=True, text=True, check=True)
    assert "X=a = b'c\" $d\n" in ran.stdout
    assert "X_FROM" not in ran.stdout
    assert "Y_FROM=words" in ran.stdout
