"""What we say, a test says too."""

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer
from pydantic_settings import BaseSettings

from access_api.console.settings import ConsoleSettings
from access_api.intake.settings import IntakeSettings
from access_api.settings import DoorSettings
from flows.cli import app
from flows.release.spe import DeliverySettings
from flows.settings import (
    ArrivalSettings,
    AuditSettings,
    EraseSettings,
    HubSettings,
    PrepareSettings,
    RegionSettings,
    ReleaseSettings,
)
from flows.sources.receiver.settings import ReceiverSettings

ROOT = Path(__file__).parents[1]
SETTINGS: tuple[type[BaseSettings], ...] = (
    RegionSettings,
    HubSettings,
    PrepareSettings,
    ReceiverSettings,
    ReleaseSettings,
    AuditSettings,
    EraseSettings,
    DoorSettings,
    ArrivalSettings,
    DeliverySettings,
    IntakeSettings,
    ConsoleSettings,
)
EXAMPLE = (ROOT / "infra" / "mammo.env.example").read_text()
LAUNCHER = {"MAMMO_STATE", "MAMMO_PORT_BASE", "MAMMO_PYTHON"}
DOCS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def variables(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config["env_prefix"]
    return {(prefix + name).upper() for name in settings.model_fields}


def test_the_example_names_every_setting_and_no_other():
    named = set(re.findall(r"^#?(MAMMO_[A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    assert named == LAUNCHER.union(*map(variables, SETTINGS))


def test_the_example_is_valid(monkeypatch):
    for line in EXAMPLE.splitlines():
        if line.startswith("MAMMO_"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value)
    for settings in SETTINGS:
        settings()


def commands() -> dict[str, typer.models.CommandInfo]:
    found = {}
    groups = [(one.typer_instance, f"mammo {one.name}") for one in app.registered_groups]
    for group, prefix in ((app, "mammo"), *groups):
        for info in group.registered_commands:
            name = info.name or info.callback.__name__.replace("_", "-")
            found[f"{prefix} {name}"] = info
    return found


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_in_the_docs_and_has_a_docstring(command):
    assert commands()[command].callback.__doc__
    assert any(command in path.read_text() for path in DOCS), command


def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in DOCS:
        for target in re.findall(r"`?make ([a-z-]+)", path.read_text()):
            if target not in {"a", "it"}:
                assert target in targets, (path.name, target)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_no_foreign_distribution_owns_a_room():
    owners = packages_distributions()
    for room in ("deid", "catalog", "flows", "access_api", "infra"):
        assert set(owners.get(room, ["mammo-dataspace"])) == {"mammo-dataspace"}


def test_no_tracked_file_is_a_dicom_object():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in tracked.stdout.decode().split("\0"):
        path = ROOT / name
        if path.is_file():
            assert path.read_bytes()[128:132] != b"DICM", name
