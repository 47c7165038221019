import csv
import json
import stat

import pytest

from catalog.outcome import Outcome
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from flows.offline import one_file
from flows.offline.folder import deidentify_folder, rehearse_folder
from flows.offline.lines import MEANINGS, Line, Watch
from flows.offline.report import Reporter, write_report
from tests import objects
from tests.flows.making import put
from tests.objects import mammogram, part10

SECRETS = ("Provstr", "19570312", "IM0000", objects.STUDY, objects.INSTANCE, "Remissman", "PROV23")


@pytest.fixture
def folder(export_folder):
    put(
        export_folder,
        part10(mammogram(StudyDescription="Mammografi Provström", text="ÅSA")),
        objects.truncated(),
        part10(objects.ultrasound()),
    )
    return export_folder


@pytest.fixture
def report(folder, tmp_path, deidentify_with):
    path = tmp_path / "report.csv"
    with Reporter(path) as reporter:
        watch = Watch(told=reporter.add)
        lines = deidentify_folder(folder, tmp_path / "clean", deidentify_with, watch=watch)
        reporter.finish(lines, deidentify_with, mode="deid", seconds=2, meanings=MEANINGS)
    return path


def test_the_list_is_private_and_maps_names(report):
    rows = list(csv.DictReader(report.read_text().splitlines()))
    assert [(row["number"], row["source"], row["outcome"]) for row in rows] == [
        ("1", "IM00001", "ADMITTED"),
        ("2", "IM00002", "UNREADABLE"),
        ("3", "IM00003", "REFUSED"),
    ]
    assert rows[0]["boxes_blanked"] == "1"


def test_an_older_report_becomes_private_too(folder, tmp_path, deidentify_with):
    path = tmp_path / "report.csv"
    path.write_text("old")
    path.chmod(0o644)
    with Reporter(path) as reporter:
        reporter.finish([], deidentify_with, mode="deid", seconds=1, meanings=MEANINGS)
    for one in (path, *reporter.others):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_a_run_that_does_not_end_leaves_an_older_report_as_it_was(report):
    before = {path: path.read_bytes() for path in report.parent.glob("report.*")}
    with pytest.raises(KeyboardInterrupt), Reporter(report):
        raise KeyboardInterrupt
    assert {path: path.read_bytes() for path in report.parent.glob("*report.*")} == before


def test_the_other_forms_name_no_file_and_nobody(report):
    for suffix in (".html", ".json", ".jsonl"):
        text = report.with_suffix(suffix).read_text()
        assert not [secret for secret in SECRETS if secret in text], suffix


def test_instances_and_run_agree(report, deidentify_with):
    told = [json.loads(line) for line in report.with_suffix(".jsonl").read_text().splitlines()]
    run = json.loads(report.with_suffix(".json").read_text())
    assert {one["number"]: one["outcome"] for one in told} == {
        1: "ADMITTED",
        2: "UNREADABLE",
        3: "REFUSED",
    }
    assert run["outcomes"] == {"ADMITTED": 1, "REFUSED": 1, "UNREADABLE": 1}
    (clean,) = [one for one in told if one["outcome"] == "ADMITTED"]
    assert clean["done"] == run["done"]
    assert clean["boxes_blanked"] == run["boxes_blanked"] == 1
    assert clean["words_removed"] == run["words_removed"] > 0
    assert "113101" in clean["codes"]
    assert clean["sop_uid"].startswith("2.25.")
    assert run["profile"]["digest"] == deidentify_with.profile.digest
    assert run["key_version"] == deidentify_with.keys.version


def test_the_page_lists_what_was_not_released_by_number(report):
    text = report.with_suffix(".html").read_text()
    assert '<td class="">2</td><td class="">UNREADABLE</td>' in text
    assert "report.csv, which is private, says which file has which number." in text


def test_what_the_second_eye_found_is_told_by_place_and_kind(
    folder, tmp_path, deidentify_with, monkeypatch
):
    def suspicious(*_arguments, **_options):
        raise SuspectError(Reason.IDENTIFIER_LEFT, (Finding("(0008,1030)", "name"),))

    monkeypatch.setattr(one_file, "admit", suspicious)
    with Reporter(tmp_path / "r.csv") as reporter:
        watch = Watch(told=reporter.add)
        lines = deidentify_folder(folder, tmp_path / "clean", deidentify_with, watch=watch)
        reporter.finish(lines, deidentify_with, mode="deid", seconds=2, meanings=MEANINGS)
    (found,) = json.loads((tmp_path / "r.json").read_text())["findings"]
    assert (found["where"], found["what"]) == ("(0008,1030)", "name")
    assert "What the second eye found" in (tmp_path / "r.html").read_text()


def test_without_a_path_nothing_is_written(folder, tmp_path, deidentify_with):
    before = sorted(tmp_path.rglob("*"))
    with Reporter(None) as reporter:
        lines = rehearse_folder(folder, deidentify_with, watch=Watch(told=reporter.add))
        reporter.finish(lines, deidentify_with, mode="dry-run", seconds=1, meanings=MEANINGS)
    assert sorted(tmp_path.rglob("*")) == before
    assert reporter.run.outcomes.total() == 3


def test_no_name_in_the_list_is_a_formula(tmp_path):
    names = ['=HYPERLINK("http://x";"y")', "@SUM(1)", "-2+3", "IM1"]
    lines = [Line(n, name, name, Outcome.ADMITTED, "") for n, name in enumerate(names, 1)]
    write_report(lines, tmp_path / "r.csv")
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    for column in ("source", "target"):
        assert [row[column] for row in rows] == [*(f"'{name}" for name in names[:3]), "IM1"]
