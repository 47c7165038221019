"""`mammo releases …` and `mammo tier …`, as an operator and an assessor give them."""

import csv
import json
import secrets
from datetime import timedelta

import pytest

from catalog import releases
from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.holds import HoldTarget
from catalog.minio_store import ensure_buckets
from catalog.search import Query
from catalog.vocabulary import HoldScope, View
from flows import wiring
from flows.cli import place
from flows.release import permits
from flows.release.build import build
from tests import objects
from tests.flows.conftest import DECISION, TODAY
from tests.flows.making import environment, four_views, put, registered, walked


@pytest.fixture
def run(region, hub, monkeypatch, mammo, deidentify_with, export_folder, capsys):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    capsys.readouterr()  # what was said until now
    return mammo


@pytest.fixture
def permit(run, hub):
    valid = (TODAY, TODAY + timedelta(days=30))
    return permits.issue(
        hub,
        persons=["researcher-1", "spe-7"],
        title="t",
        purpose="p",
        tier="ANON_DOWNLOAD",
        valid=valid,
    )


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
    build(hub, permit, Query(), today=TODAY)
    for numbers, span in (((), "2 to 3: 10 added"), (("1",), "1 to 3: 0 added")):
        assert span in run("releases", "diff", permit, *numbers)[1]
    assert "there is no permit-0" in run("releases", "list", "permit-0")[2]


def test_what_a_release_lost_by_erasure_is_counted(run, permit, hub, region):
    assert run("release", permit)[0] == 0
    assert "erased" not in run("releases", "list", permit)[1]
    (study,) = {one.clean_study_uid for one in region.ledger.by_instance(f"{objects.INSTANCE}.1")}
    target = HoldTarget(HoldScope.STUDY, study)
    asked = Asked(target, case="7", reason="r", who="o")
    gone = {one.key: None for one in erasing.papers_naming(hub.catalogue, target)}
    erasing.begin(hub.catalogue, asked, gone)
    assert "0 may be served, 12 erased since" in run("releases", "list", permit)[1]


@pytest.fixture
def bucket(s3, monkeypatch):
    name = f"spe-{secrets.token_hex(4)}"
    ensure_buckets(s3.endpoint, s3.credentials["admin"], [name], secure=False)
    admin = s3.credentials["admin"]
    for setting, value in {
        "ENDPOINT": s3.endpoint,
        "SECURE": "false",
        "ACCESS_KEY": admin.access_key,
        "SECRET_KEY": admin.secret_key,
    }.items():
        monkeypatch.setenv(f"MAMMO_DELIVERY_S3_{setting}", value)
    return name


def test_a_release_is_delivered_and_its_deletion_proven(run, hub, permit, bucket, tmp_path):
    run("release", permit, "--view", "CC")
    to = ["--bucket", bucket]
    assert "no account's" in run("releases", "deliver", permit, *to)[2]
    environment(hub, "spe-7", bucket, TODAY)
    code, said, _ = run("releases", "deliver", permit, *to)
    assert (code, "2 objects sent, 0 there already" in said) == (0, True)
    assert "0 objects sent, 2 there already" in run("releases", "deliver", permit, *to)[1]
    run("regions", "make-key", tmp_path / "key.pem")
    proof = ["--key", tmp_path / "key.pem", "--into", tmp_path / "proof.json"]
    code, _, error = run("releases", "delete-proof", permit, *to, *proof)
    assert (code, "revoke it first" in error) == (1, True)
    run("permit", "revoke", permit, "--reason", "over")
    nowhere = ["--key", tmp_path / "key.pem", "--into", tmp_path / "none" / "proof.json"]
    assert run("releases", "delete-proof", permit, *to, *nowhere)[0] == 1
    code, said, _ = run("releases", "delete-proof", permit, *to, *proof)
    told = json.loads((tmp_path / "proof.json").read_text())
    assert (code, told["sha256"] in said) == (0, True)
    assert len(json.loads(told["statement"])["deleted"]) > 2
    assert run("releases", "delete-proof", permit, *to, *proof)[0] == 1
    assert json.loads((tmp_path / "proof.json").read_text()) == told
    assert "there is no permit-0" in run("releases", "deliver", "permit-0", *to)[2]


def test_without_settings_of_a_store_nothing_is_delivered(run, permit):
    code, _, error = run("releases", "deliver", permit, "--bucket", "spe-7")
    assert (code, "MAMMO_DELIVERY_S3_ENDPOINT" in error) == (1, True)


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
    (tmp_path / "k").mkdir()
    code, said, _ = run("tier", "k", "--view", "CC", "--into", tmp_path / "k")
    assert code == 0
    assert said.startswith("1 women, 1 examinations, by age band, exam year, holder, vendor\n")
    assert "no permit" in run("tier", "k", permit, "--into", tmp_path / "k")[2]
    run("release", permit)
    assert run("tier", "k", permit, "--into", tmp_path / "k")[0] == 0
    for name in ("cells.csv", "cells.html"):
        assert (tmp_path / "k" / name).stat().st_mode & 0o777 == 0o600
    with (tmp_path / "k" / "cells.csv").open() as told:
        (row,) = csv.DictReader(told)
    assert (row["women"], row["studies"], row["holder"], row["sex"]) == ("1", "1", "prov", "F")
    page = (tmp_path / "k" / "cells.html").read_text()
    assert permit in page
    assert not [one for one in objects.secrets_of(objects.mammogram()) if one in page]
    assert releases.releases_of(hub.catalogue, permit)


def test_where_a_worker_builds_an_unassessed_permit_is_not_even_asked_for(
    run, permit, tmp_path, monkeypatch
):
    document = tmp_path / "dpia.pdf"
    document.write_bytes(b"%PDF")
    answers = ("--singling-out", "no", "--linkage", "no", "--inference", "no", "--not-anonymous")
    assert run("tier", "assess", permit, "--document", str(document), *answers)[0] == 0
    monkeypatch.setattr("flows.cli.release._has_worker", lambda: True)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    code, _, error = run("release", permit)
    assert (code, f"first mammo tier assess {permit}" in error) == (1, True)
    assert "the same command" not in error
