"""`mammo releases …` and `mammo tier …`, as an operator and an assessor give them."""

import csv

import pytest

from catalog import releases
from catalog.search import Query
from catalog.vocabulary import View
from flows import wiring
from flows.cli import place
from flows.release.build import build
from tests import objects
from tests.flows.conftest import DECISION, TODAY
from tests.flows.making import four_views, put, registered, walked


@pytest.fixture
def run(region, hub, monkeypatch, mammo, deidentify_with, export_folder):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    return mammo


@pytest.fixture
def permit(run):
    code, out, _ = run("permit", "researcher-1", "--tier", "ANON_DOWNLOAD")
    assert code == 0
    return out.splitlines()[-1]


def test_releases_are_listed_and_compared(run, permit, hub, tmp_path):
    assert run("release", permit)[0] == 0
    assert "no two sealed releases" in run("releases", "diff", permit)[2]
    build(hub, permit, Query(view=View.CC), today=TODAY)
    code, said, _ = run("releases", "list", permit)
    assert code == 0
    newest, oldest = said.splitlines()
    assert newest.split()[:2] == ["2", "SEALED"]
    assert "2 objects frozen, 2 may be served" in newest
    assert "view=CC" in newest
    assert "12 objects frozen" in oldest
    code, said, _ = run("releases", "diff", permit, "--into", tmp_path / "changes.csv")
    assert said == f"{permit}, release 1 to 2: 0 added, 10 removed, 0 replaced\n"
    with (tmp_path / "changes.csv").open() as told:
        assert {row["kind"] for row in csv.DictReader(told)} == {"removed"}
    assert run("releases", "diff", permit, "1", "7")[0] == 1
    assert "no permit permit-0" in run("releases", "list", "permit-0")[2]


def test_a_person_records_a_finding_and_it_counts_at_once(run, permit, hub, tmp_path):
    document = tmp_path / "assessment.pdf"
    document.write_bytes(b"%PDF")
    answers = ["--singling-out", "no", "--linkage", "no", "--inference", "no"]
    said = run("tier", "show", permit)[1]
    assert "served as ANON_DOWNLOAD" in said
    assert "development: not assessed" in said
    found = ["tier", "assess", permit, "--document", document, *answers]
    code, said, _ = run(*found, "--not-anonymous")
    assert (code, "NOT_ANONYMOUS" in said) == (0, True)
    assert "served as PSEUDO_SPE" in run("tier", "show", permit)[1]
    code, _, error = run("release", permit)
    assert (code, "mammo tier assess" in error) == (1, True)
    assert run(*found)[0] == 0
    assert run("release", permit)[0] == 0
    code, _, error = run(*found[:-1], " ")
    assert (code, "unanswered" in error) == (1, True)


def test_cells_are_counted_before_and_after_a_release(run, permit, hub, tmp_path):
    code, said, _ = run("tier", "k", "--view", "CC", "--into", tmp_path / "k")
    assert code == 0
    assert said.startswith("1 women, 1 examinations, by age band, exam year, holder, vendor\n")
    assert "no permit" in run("tier", "k", permit, "--into", tmp_path / "k")[2]
    run("release", permit)
    assert run("tier", "k", permit, "--into", tmp_path / "k")[0] == 0
    with (tmp_path / "k" / "cells.csv").open() as told:
        (row,) = csv.DictReader(told)
    assert (row["women"], row["studies"], row["holder"], row["sex"]) == ("1", "1", "prov", "F")
    page = (tmp_path / "k" / "cells.html").read_text()
    assert permit in page
    assert not [one for one in objects.secrets_of(objects.mammogram()) if one in page]
    assert releases.releases_of(hub.catalogue, permit)
