"""`mammo audit …`: the ledger is proven, written out, asked; and who looked is in it."""

import json
import os
from datetime import timedelta

import pytest

from catalog import audit
from catalog.audit import AccessEvent, chain
from catalog.columns import now
from catalog.holders import add_holder, add_region
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Holder, Region
from flows import wiring
from flows.cli import place
from flows.cli.who import who
from flows.settings import HubSettings
from tests.catalog.making import draft
from tests.catalog.tampering import tamper


@pytest.fixture
def run(hub, monkeypatch, mammo):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    for number in range(1, 4):
        download = AccessEvent("=anna", "permit-1", "download", f"2.25.{number}", "ALLOWED")
        audit.append(hub.catalogue, download)

    def say(*arguments: str) -> tuple[int, str, str]:
        return mammo("audit", *arguments)

    return say


def last(hub) -> tuple[str, str, str]:
    line = list(audit.entries(hub.catalogue))[-1]
    return line.actor, line.action, line.object


def test_a_ledger_holds_until_a_line_is_changed(run, hub, tmp_path):
    kept = tmp_path / "anchors.txt"
    code, said, _ = run("anchor")
    assert (code, said.split()[0]) == (0, "3")
    kept.write_text(said)
    code, said, warned = run("verify")
    assert (code, said) == (0, "3 lines, 1 to 3: each holds on to the one before\n")
    assert "without an anchor" in warned
    assert run("verify", "--anchors", str(kept))[::2] == (0, "")
    tamper(hub.catalogue, "UPDATE access_log SET actor = 'x' WHERE id = 2")
    assert run("verify")[:2] == (3, "line 2: it is not what was written; 1 lines hold\n")


def test_a_cut_off_end_is_found_with_the_anchor(run, hub, tmp_path):
    kept = tmp_path / "anchors.txt"
    kept.write_text(run("anchor")[1])
    tamper(hub.catalogue, "DELETE FROM access_log WHERE id = 3")
    assert run("verify")[0] == 0
    code, said, _ = run("verify", "--anchors", str(kept))
    assert (code, said.split(";")[0]) == (
        3,
        "line 3: an anchor was taken of it, and it is not there",
    )


@pytest.mark.parametrize("told", ["nonsense", "٣ x", "\x00"])
def test_a_file_that_holds_no_anchor_is_refused(run, tmp_path, told):
    kept = tmp_path / "anchors.txt"
    kept.write_text(told)
    assert run("verify", "--anchors", str(kept))[0] == 1
    assert run("verify", "--file", str(kept))[0] == 1
    assert run("verify", "--anchors", str(tmp_path / "none"))[0] == 1


def test_what_is_written_out_can_be_verified_elsewhere(run, hub, tmp_path):
    out = tmp_path / "ledger.jsonl"
    assert run("export", "--to", str(out))[0] == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert last(hub) == (who(), "audit-export", "ledger")
    lines = out.read_text().splitlines()
    assert [json.loads(line)["object"] for line in lines][:3] == ["2.25.1", "2.25.2", "2.25.3"]
    assert run("verify", "--file", str(out))[0] == 0
    out.write_text("\n".join([lines[0], lines[1].replace("=anna", "olle"), *lines[2:]]))
    assert run("verify", "--file", str(out))[0] == 3
    assert run("export", "--to", str(out))[0] == 1


def test_a_table_holds_no_formula_and_only_the_days_asked_for(run):
    code, said, _ = run("export", "--format", "csv")
    assert code == 0
    assert said.splitlines()[0].startswith("id,at,actor,permit_id,")
    assert said.splitlines()[1].split(",")[2] == "'=anna"
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"
    assert run("export", "--since", tomorrow)[:2] == (0, "")
    assert run("export", "--before", f"{now():%Y-%m-%d}")[:2] == (0, "")


def test_who_saw_a_study_and_what_somebody_saw(run, hub):
    add_region(hub.catalogue, Region("vg", "Väst"))
    add_holder(hub.catalogue, Holder("vgr", "vg", "Väst"))
    CataloguePublisher(hub.catalogue).publish(draft(7))
    assert run("who-saw", "2.25.404")[0] == 1
    assert run("who-saw", "2.25.7")[:2] == (0, "nothing\n")
    actor, action, what = last(hub)
    assert (actor, action, what.startswith("study:")) == (who(), "who-saw", True)
    assert "2.25.7" not in what
    code, said, _ = run("seen-by", "=anna")
    assert (code, len(said.splitlines())) == (0, 4)
    assert last(hub) == (who(), "seen-by", "person:=anna")


def test_only_old_lines_are_removed_and_only_if_asked(run, hub, monkeypatch):
    for name, value in {
        "CATALOGUE_URL": "sqlite://",
        "RELEASE_KEY_FILE": os.devnull,
        "S3_ENDPOINT": "x",
        "S3_ACCESS_KEY": "x",
        "S3_SECRET_KEY": "x",
    }.items():
        monkeypatch.setenv(f"MAMMO_HUB_{name}", value)
    assert HubSettings().audit_years == 10
    assert run("remove")[1].startswith("0 lines older than ")
    tamper(hub.catalogue, "DELETE FROM access_log")
    with monkeypatch.context() as patch:
        patch.setattr(chain, "now", lambda: now() - timedelta(days=366 * 11))
        audit.append(hub.catalogue, AccessEvent("anna", "p", "download", "2.25.1", "ALLOWED"))
    audit.append(hub.catalogue, AccessEvent("anna", "p", "download", "2.25.2", "ALLOWED"))
    assert run("remove")[1].startswith("1 line older than ")
    assert [line.id for line in audit.entries(hub.catalogue)] == [1, 2]
    assert run("remove", "--yes")[1].endswith(" removed\n")
    assert [line.id for line in audit.entries(hub.catalogue)] == [2, 3]
    assert last(hub)[:2] == (who(), "audit-remove")
    assert run("verify")[0] == 0
