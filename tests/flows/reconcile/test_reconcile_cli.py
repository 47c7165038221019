"""`mammo reconcile`: what it says, what it changes, and how it ends."""

import csv
import io

import pytest

from catalog import holds
from catalog.objects import ObjectStore
from flows import wiring
from flows.cli import place
from flows.cli.exits import NOT_ALL
from flows.cli.who import who
from tests.flows.reconcile.conftest import NOW
from tests.flows.reconcile.test_clean import ALL, flipped, only


@pytest.fixture
def run(hub, region, monkeypatch, mammo):
    """One machine that is both sides."""
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(place, "is_here", lambda _side: True)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr(wiring, "region", lambda: region)

    def say(*arguments: object) -> tuple[int, str]:
        code, out, error = mammo("reconcile", *arguments)
        assert not any(word in out + error for word in ("2.25.", "Prov", "570312", "PROV"))
        return code, out

    return say


def test_all_is_well(stocked, run):
    code, said = run("--verify-checksums")
    assert code == 0
    assert "hub: everything is as the records say" in said
    assert f"{ALL}  objects read" in said


def test_without_mend_nothing_is_changed(stocked, run, hub):
    hub.clean.remove(only(hub, ".dcm"))
    code, said = run("--side", "hub")
    assert code == NOT_ALL
    assert "1  record without its object: would be held\n" in said
    assert "nothing was changed; --mend" in said
    assert "region:" not in said
    assert holds.list_holds(hub.catalogue) == ()


def test_a_flipped_byte_is_held_by_whoever_asked(stocked, run, hub, own, tmp_path):
    flipped(own, only(hub, ".dcm"))
    found = tmp_path / "found.csv"
    code, said = run("--mend", "--verify-checksums", "--report", found)
    assert code == NOT_ALL
    (hold,) = holds.list_holds(hub.catalogue)
    assert hold.placed_by == who()
    assert "1  object with other bytes than recorded: held\n" in said
    assert f"revision {hold.target.value}\n" in said
    assert "then lift its Hold" in said
    assert "1  Holds placed" in said
    assert list(csv.reader(io.StringIO(found.read_text()))) == [
        ["side", "kind", "name"],
        ["hub", "DAMAGED", f"revision {hold.target.value}"],
    ]
    assert found.stat().st_mode & 0o777 == 0o600
    assert run("--report", found)[0] == 2


def test_days_keep_what_a_run_may_have_put(crash, run, hub):
    crash()
    code, said = run("--mend")
    assert code == 0
    assert f"{ALL}  objects that no record names yet: left alone\n" in said
    assert len(list(hub.clean.keys())) == ALL


@pytest.mark.parametrize("alone", [True, False])
def test_clean_orphans_need_somebody_who_may_remove_them(
    crash, run, hub, region, monkeypatch, alone
):
    crash()
    monkeypatch.setattr("flows.cli.reconcile.timedelta", lambda days: NOW * days)
    said = run("--mend", *(("--side", "hub") if alone else ()))[1]
    orphans = f"{ALL}  clean objects that no record names: "
    assert (f"{orphans}0 removed\n" if alone else f"{orphans}removed\n") in said
    assert ("whoever may remove in that bucket runs this" in said) is alone
    assert len(list(_keys(hub.clean))) == (ALL if alone else 0)


def _keys(store: ObjectStore) -> list[str]:
    return list(store.keys())


@pytest.mark.parametrize("part", ["0/3", "4/3", "3", "a/b", "-1/2"])
def test_a_part_is_one_of_so_many(run, part):
    assert run("--part", part)[0] == 2
