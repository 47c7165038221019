"""`mammo hold …`: a person sees what is held, and lifts it with a reason."""

import pytest

from catalog import audit, holds
from catalog.holds import HoldTarget
from catalog.vocabulary import HoldKind, HoldScope
from flows import wiring
from flows.cli import place
from flows.cli.who import who
from flows.settings import Environment, HubSettings

PSEUDONYM = "k7tq2vxn4ad6mw3sz5rf"


@pytest.fixture
def run(hub, monkeypatch, mammo):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)

    def say(*arguments: str) -> tuple[int, str]:
        code, out, error = mammo("hold", *arguments)
        assert PSEUDONYM not in out + error
        return code, out + error

    return say


@pytest.fixture
def held(hub) -> int:
    whom = HoldTarget(HoldScope.SUBJECT, PSEUDONYM)
    return holds.place(hub.catalogue, HoldKind.BLOCKED, whom, reason="blocked", who="side table")


def test_what_is_held_is_listed_with_the_pseudonym_shortened(run, held):
    code, said = run("list")
    assert code == 0
    header, line = said.splitlines()
    assert header.split()[:3] == ["hold", "kind", "scope"]
    assert line.split()[:4] == [str(held), "BLOCKED", "SUBJECT", f"{PSEUDONYM[:6]}…"]
    assert "side table: blocked" in said


def test_a_hold_on_a_revision_is_listed_by_its_number(run, hub):
    whom = HoldTarget(HoldScope.REVISION, "123456789")
    holds.place(hub.catalogue, HoldKind.RECALLED, whom, reason="a fault", who="anna.a")
    assert "REVISION" in run("list")[1]
    assert "123456789" in run("list")[1]


def test_a_hold_is_lifted_with_who_and_why(run, hub, held):
    reason = "the block was lifted at the clinic"
    assert run("lift", str(held), "--reason", reason) == (0, f"hold {held} is lifted\n")
    assert run("list") == (0, "nothing is held\n")
    said = run("list", "--all")[1]
    assert f"lifted by {who()}: {reason}" in said
    (line,) = audit.entries(hub.catalogue)
    assert (line.actor, line.action) == (who(), "lift")
    again = run("lift", str(held), "--reason", "once more")
    assert again == (0, f"hold {held} was lifted already\n")
    assert len(list(audit.entries(hub.catalogue))) == 1


def test_another_may_be_named_in_development_only(run, hub, held, monkeypatch, tmp_path):
    told = {"environment": Environment.PRODUCTION, "release_key_file": tmp_path / "release.key"}
    settings = HubSettings.model_construct(**told)
    monkeypatch.setattr(wiring, "read", lambda _kind: settings)
    asked = ("lift", str(held), "--reason", "as said", "--who", "anna.a")
    code, said = run(*asked)
    assert (code, "for development" in said) == (2, True)
    assert [one.id for one in holds.list_holds(hub.catalogue)] == [held]
    object.__setattr__(settings, "environment", Environment.DEVELOPMENT)
    assert run(*asked)[0] == 0
    assert [line.actor for line in audit.entries(hub.catalogue)] == ["anna.a"]


def test_no_variable_makes_somebody_another(run, hub, held, monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "eva")
    run("lift", str(held), "--reason", "as said")
    assert [line.actor for line in audit.entries(hub.catalogue)] == [who()]


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_without_a_reason_nothing_is_lifted(run, hub, held, reason):
    assert run("lift", str(held), *reason)[0] == 2
    assert [one.id for one in holds.list_holds(hub.catalogue)] == [held]


def test_a_hold_there_is_not_is_said_plainly(run):
    assert run("lift", "7", "--reason", "as said") == (1, "mammo: there is no hold 7\n")
