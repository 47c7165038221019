"""Every command says in one short sentence what it does, and has an example."""

import inspect
from collections.abc import Iterator

import pytest
import typer

from flows.cli import app
from flows.cli.plural import counted

MOST = 60


def commands(group: typer.Typer, path: str = "") -> Iterator[tuple[str, str]]:
    for command in group.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        yield f"{path}{name}", inspect.getdoc(command.callback) or ""
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{path}{inner.name} ")


EVERY = dict(commands(app))


@pytest.mark.parametrize("name", EVERY)
def test_it_is_short_and_has_an_example(name: str) -> None:
    told = EVERY[name]
    assert len(told.splitlines()[0]) <= MOST
    assert f"mammo {name}" in told


def test_one_is_no_plural() -> None:
    assert counted(1, "study", "studies") == "1 study"
    assert counted(2, "study", "studies") == "2 studies"
    assert counted(0, "image") == "0 images"
