import json

import pydicom
import pytest

from catalog.outcome import Outcome
from deid.values import where
from flows.offline.folder import deidentify_folder, rehearse_folder
from flows.offline.lines import Watch, tally
from tests import archives, objects
from tests.deid import documents
from tests.deid.headers import written
from tests.flows.making import four_views, put
from tests.objects import mammogram, part10


@pytest.fixture
def rehearse(deidentify_with, export_folder):
    def go(**options):
        told = []
        lines = rehearse_folder(
            export_folder, deidentify_with, watch=Watch(told=told.append), **options
        )
        return lines, sorted(told, key=lambda one: one.number)

    return go


def test_nothing_is_written(rehearse, export_folder, tmp_path):
    put(export_folder, *four_views())
    (export_folder / "cd.zip").write_bytes(archives.zip_of({"1.dcm": part10(mammogram())}))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    lines, _ = rehearse(listed=True)
    assert tally(lines) == {Outcome.ADMITTED: 5}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert {line.target for line in lines} == {""}


def test_every_attribute_is_told_and_no_value(rehearse, export_folder):
    original = objects.with_private(mammogram(StudyDescription="Mammografi Provström"))
    put(export_folder, part10(original))
    _, (report,) = rehearse(listed=True)
    listed = {one["path"]: one for one in report.attributes}
    top = {where((int(element.tag),)) for element in original if element.tag.group < 0x7FE0}
    assert top <= set(listed)
    assert listed["(0010,0010)"]["action"] == "P"
    assert listed["(0010,0010)"]["done"] == "REPLACED"
    assert listed["(0008,1030)"]["done"] == "CLEANED"
    assert listed["(0008,1030)"]["words"] >= 1
    assert listed["(0009,1001)"]["done"] == "REMOVED"
    assert all(one["clause"] and one["reason"] for one in report.attributes)
    text = json.dumps(report.as_json(), ensure_ascii=False)
    assert not [secret for secret in objects.secrets_of(original) if secret in text]


def test_unless_asked_attributes_are_only_counted(rehearse, export_folder):
    put(export_folder, part10(mammogram()))
    _, (report,) = rehearse()
    assert report.attributes == ()
    assert sum(met.attributes for met in report.rules.values()) > 50


def test_what_is_said_is_what_happens(rehearse, export_folder, tmp_path, deidentify_with):
    put(export_folder, part10(mammogram()), objects.truncated(), part10(objects.ultrasound()))
    put(export_folder, *map(part10, objects.two_patients_study()), start=9)
    said, _ = rehearse()
    done = deidentify_folder(export_folder, tmp_path / "clean", deidentify_with)
    assert [(one.number, one.source, one.outcome, one.reason) for one in said] == [
        (one.number, one.source, one.outcome, one.reason) for one in done
    ]


def test_a_rehearsal_does_not_claim_what_was_not_done(rehearse, export_folder):
    put(export_folder, part10(mammogram()))
    _, (report,) = rehearse()
    assert "113100" in report.codes
    assert "113101" not in report.codes


@pytest.mark.parametrize("iod", ["cad_sr", "sr", "ko", "pr", "seg"])
def test_objects_that_are_no_images_are_rehearsed(rehearse, export_folder, iod):
    put(export_folder, written(documents.ALL[iod]()))
    lines, (report,) = rehearse(listed=True)
    assert tally(lines) == {Outcome.ADMITTED: 1}
    assert any("(0010,0010)" in one["path"] for one in report.attributes)


def test_the_original_is_not_changed(rehearse, export_folder):
    put(export_folder, part10(mammogram()))
    before = (export_folder / "IM00001").read_bytes()
    rehearse(listed=True)
    assert (export_folder / "IM00001").read_bytes() == before
    assert pydicom.dcmread(export_folder / "IM00001").PatientName == "Provström^Åsa Märta"
