"""`mammo recall …`: counted before it is done, and whom it concerns in three forms."""

import csv
import json

import pytest

from catalog import holds
from flows import wiring
from flows.cli import place, stack
from tests.catalog.making import WHO, draft, permit, prepared
from tests.catalog.test_releases import built


@pytest.fixture
def recall(mammo, hub, monkeypatch):
    from catalog import permits

    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr("flows.cli.recall.person", lambda _who, _settings: "officer")
    prepared(hub.catalogue).publish(draft(1))
    permits.create(hub.catalogue, permit(title="=cmd|calc"))
    built(hub.catalogue)

    def run(*arguments: str) -> tuple[int, str]:
        code, out, err = mammo("recall", *arguments)
        return code, out + err

    return run


WHAT = ("place", "--detector", "detector-1", "--reason", "misses text")


def test_it_is_counted_first_and_done_when_told(recall, hub):
    code, said = recall(*WHAT)
    assert code == 0
    assert said == (
        "4 revisions of 4 objects and all that was derived of them, in 1 study, "
        "in 1 release of 1 permit; nothing is held yet: add --yes\n"
        "with it, what arrives later and fits is held, too, until it is lifted\n"
    )
    assert holds.list_holds(hub.catalogue) == ()
    code, said = recall(*WHAT, "--yes")
    assert code == 0
    assert "4 holds" in said
    assert "71 h left" in said
    assert len(holds.list_holds(hub.catalogue)) == 4
    assert recall("list")[1].endswith("by officer: 4 holds, stands: misses text\n")
    assert recall("lift", "1", "--reason", "looked at again") == (0, "4 holds lifted\n")
    said = recall("list")[1]
    assert "by officer: 4 holds, all lifted 20" in said
    assert said.endswith(" UTC by officer: misses text\n")


def test_a_version_that_nothing_has_is_told_with_those_that_there_are(recall):
    code, said = recall("place", "--detector", "detector 1", "--profile", "mammography", *WHAT[3:])
    assert code == 0
    assert "nothing has this detector; there are: detector-1\n" in said
    assert "nothing has this profile" not in said
    assert "nothing has" not in recall(*WHAT)[1]


def test_what_was_held_since_is_told_until_it_is_lifted(recall, hub):
    recall(*WHAT, "--yes")
    prepared(hub.catalogue).publish(draft(2))
    assert "by officer: 4 holds and 4 since, stands\n" in recall("report", "1")[1]
    told = json.loads(recall("report", "1", "--format", "json")[1])["recall"]
    assert (told["holds"], told["later"], told["stands"]) == (4, 4, True)
    assert recall("lift", "1", "--reason", "looked at again") == (0, "8 holds lifted\n")
    assert "by officer: 4 holds and 4 since, all lifted 20" in recall("list")[1]
    assert "stands" not in recall("list")[1]
    uid = ("place", "--instance", "2.25.1", "--reason", "r")
    assert "arrives later" not in recall(*uid)[1]
    assert "stands" not in recall(*uid, "--yes")[1]


def test_what_was_lifted_of_a_recall_is_counted(recall, hub):
    recall(*WHAT, "--yes")
    one = holds.list_holds(hub.catalogue)[0]
    holds.lift(hub.catalogue, one.id, who="eva", reason="r")
    assert "4 holds, 1 of them lifted 20" in recall("report", "1")[1]


def test_a_notice_of_what_was_lifted_says_so(recall, mammo, monkeypatch):
    recall(*WHAT, "--yes")
    assert "71 h left" in mammo("notices", "list")[1].splitlines()[1]
    recall("lift", "1", "--reason", "looked at again")
    authority, permit = mammo("notices", "list")[1].splitlines()
    assert "due, 4 objects, lifted since, 71 h left" in authority
    assert permit.endswith(
        "permit-1: due, 4 objects, lifted before it was sent: mammo notices done 2"
    )
    assert "need not be sent" in mammo("notices", "show", "2")[1]
    monkeypatch.setattr("flows.cli.notices.person", lambda _who, _settings: "officer")
    mammo("notices", "sent", "2")
    assert "lifted since: tell them so" in mammo("notices", "list")[1].splitlines()[1]
    assert "need not" not in mammo("notices", "show", "2")[1]
    recall(*WHAT, "--yes")
    assert "recall:1  permit-1: sent, 4 objects, lifted since" in mammo("notices", "list")[1]


def test_whom_it_concerns_is_told_in_three_forms(recall):
    recall(*WHAT, "--yes")
    text = recall("report", "1")[1]
    assert f"tell: {WHO}" in text
    assert "vgr (Vgr, vg): 1 study, 4 objects" in text
    told = json.loads(recall("report", "1", "--format", "json")[1])
    assert told["permits"][0]["persons"] == [WHO]
    assert told["recall"]["tell_by"] > told["recall"]["aware_at"]
    rows = list(csv.reader(recall("report", "1", "--format", "csv")[1].splitlines()))
    assert [row[:4] for row in rows[1:]] == [
        ["permit", "permit-1", "'=cmd|calc", WHO],
        ["holder", "vgr", "Vgr", ""],
    ]


@pytest.mark.parametrize(
    "wrong",
    [("place", "--reason", "r", "--holder", "vgr"), (*WHAT[:4], " ", "--yes"), ("report", "7")],
)
def test_what_is_wrong_is_said_and_nothing_is_held(recall, hub, wrong):
    code, said = recall(*wrong)
    assert code in {1, 2}
    assert said
    assert holds.list_holds(hub.catalogue) == ()


def test_who_is_told_is_listed_with_the_hours_left_until_it_is_done(recall, mammo, monkeypatch):
    recall(*WHAT, "--yes")
    monkeypatch.setattr("flows.cli.notices.person", lambda _who, _settings: "officer")
    monkeypatch.setattr(place, "is_here", lambda _side: True)
    lines = mammo("notices", "list")[1].splitlines()
    assert len(lines) == 2
    assert "the authority (IMY): due, 4 objects, 71 h left" in lines[0]
    assert "permit-1: due, 4 objects, 71 h left" in lines[1]
    assert list(stack._hub_lines()) == [f"notice      {line}" for line in lines]
    assert "Permit permit-1, notice 2 (recall:1)" in mammo("notices", "show", "2")[1]
    assert "permit-1: sent" in mammo("notices", "sent", "2")[1]
    assert mammo("notices", "done", "2", "--note", " ")[0] != 0
    assert "done: they know" in mammo("notices", "done", "2", "--note", "they know")[1]
    assert len(list(stack._hub_lines())) == 1
    assert len(mammo("notices", "list", "--all")[1].splitlines()) == 2
    assert mammo("deletions", "list")[1] == "nothing was ever to be deleted\n"


@pytest.mark.parametrize("aware", ["2026-01-31T10:00:00", "yesterday", "2999-01-01"])
def test_when_it_became_known_has_its_zone(recall, hub, aware):
    code, said = recall(*WHAT, "--yes", "--aware", aware)
    assert (code, "Traceback" in said) == (1, False)
    assert "moment" in said
    assert holds.list_holds(hub.catalogue) == ()
    assert recall(*WHAT, "--yes", "--aware", "2026-01-31T10:00:00+01:00")[0] == 0
    assert json.loads(recall("report", "1", "--format", "json")[1])["recall"]["aware_at"] == (
        "2026-01-31T09:00:00+00:00"
    )
