import os
import subprocess
import sys
import time
from pathlib import Path

import pydicom
import pytest

from catalog.outcome import Outcome
from deid.identity.identifiers import Identifiers
from deid.identity.spelling import Edge, Needle, Reach
from flows.errors import SourceError
from flows.offline.folder import deidentify_folder
from flows.offline.known import Known, Look
from flows.offline.lines import tally
from flows.people.protection import CONFIDENTIAL
from tests import archives, objects
from tests.deid import documents
from tests.deid.headers import written
from tests.flows.making import four_views, put
from tests.objects import mammogram, part10


@pytest.fixture
def run(deidentify_with, tmp_path):
    def go(source: Path):
        return deidentify_folder(source, tmp_path / "clean", deidentify_with)

    return go


def released(tmp_path: Path) -> set[str]:
    clean = tmp_path / "clean"
    return {path.relative_to(clean).as_posix() for path in clean.rglob("*") if path.is_file()}


def test_harmless_names_stay_and_names_that_identify_become_tokens(run, tmp_path, export_folder):
    inner = export_folder / "mammografi" / "Provström Åsa 570312-9808"
    inner.mkdir(parents=True)
    put(inner, *four_views())
    (inner / f"{objects.INSTANCE}.1.dcm").write_bytes(four_views()[0])
    lines = run(export_folder)
    assert tally(lines) == {Outcome.ADMITTED: 5}
    names = released(tmp_path)
    assert len(names) == 5
    folders = {name.split("/")[0] for name in names}
    tokens = {name.split("/")[1] for name in names}
    assert folders == {"mammografi"}
    (token,) = tokens
    assert len(token) == 26
    assert {"IM00001", "IM00004"} <= {Path(name).name for name in names}
    assert not [name for name in names if "Provstr" in name or objects.INSTANCE in name]


def test_a_folder_named_after_one_woman_is_hidden_for_the_other_too(run, tmp_path, export_folder):
    inner = export_folder / "Provström"
    inner.mkdir()
    other = mammogram(
        PatientName="Annanström^Ebba",
        PatientID="19490805-9829",
        StudyInstanceUID=f"{objects.STUDY}.2",
        SOPInstanceUID=f"{objects.INSTANCE}.2",
    )
    put(inner, part10(mammogram()), part10(other))
    assert tally(run(export_folder)) == {Outcome.ADMITTED: 2}
    assert len({name.split("/")[0] for name in released(tmp_path)}) == 1
    assert not [name for name in released(tmp_path) if "Prov" in name]


def test_what_is_not_released_is_absent_and_named(run, tmp_path, export_folder):
    put(export_folder, part10(mammogram()), objects.not_dicom(), part10(objects.ultrasound()))
    lines = run(export_folder)
    assert released(tmp_path) == {"IM00001"}
    assert {line.source: (line.outcome, line.target) for line in lines} == {
        "IM00001": (Outcome.ADMITTED, "IM00001"),
        "IM00002": (Outcome.UNREADABLE, ""),
        "IM00003": (Outcome.REFUSED, ""),
    }


def test_two_patients_in_one_study_are_refused(run, tmp_path, export_folder):
    put(export_folder, *map(part10, objects.two_patients_study()))
    assert tally(run(export_folder)) == {Outcome.REFUSED: 2}
    assert released(tmp_path) == set()


def test_an_archive_is_opened_and_leaves_nothing_behind(run, tmp_path, export_folder):
    (export_folder / "cd.zip").write_bytes(archives.zip_of({"a/IM1.dcm": part10(mammogram())}))
    assert tally(run(export_folder)) == {Outcome.ADMITTED: 1}
    assert released(tmp_path) == {"cd.zip/a/IM1.dcm"}
    ds = pydicom.dcmread(tmp_path / "clean" / "cd.zip" / "a" / "IM1.dcm")
    assert ds.PatientIdentityRemoved == "YES"


def test_the_target_must_be_empty_and_outside_the_source(deidentify_with, tmp_path, export_folder):
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").touch()
    for target in (full, export_folder / "clean", full / "x"):
        with pytest.raises(SourceError):
            deidentify_folder(export_folder, target, deidentify_with)


def test_the_same_keys_give_the_same_bytes(deidentify_with, tmp_path, export_folder):
    put(export_folder, *four_views())
    for name in ("one", "two"):
        deidentify_folder(export_folder, tmp_path / name, deidentify_with)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_folder_of_which_nothing_is_released_is_not_named(run, tmp_path, export_folder):
    inner = export_folder / "Andersson Karin"
    inner.mkdir()
    put(inner, objects.truncated())
    assert tally(run(export_folder)) == {Outcome.UNREADABLE: 1}
    assert list((tmp_path / "clean").iterdir()) == []


@pytest.mark.parametrize("name", ["!/abs/x.dcm", "..!/up.dcm", "a/../../up.dcm"])
def test_no_member_leaves_the_target(run, tmp_path, name):
    source = tmp_path / "source.zip"
    source.write_bytes(archives.zip_of({name: part10(mammogram())}))
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    run(source)
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.is_relative_to(tmp_path / "clean") for path in after - before)


def test_odd_sources_stop_nothing_and_nothing_is_lost(run, tmp_path, export_folder):
    os.mkfifo(export_folder / "pipe")
    (export_folder / ".landing").mkdir()
    (export_folder / ".landing" / "IM1").write_bytes(part10(mammogram()))
    whole = part10(mammogram())
    with pytest.warns(UserWarning, match="Duplicate"):
        content = archives.zip_with([("a", whole), ("a", whole), ("a.1", whole), ("a/b", whole)])
    (export_folder / "cd.zip").write_bytes(content)
    (export_folder / ("x" * 255)).write_bytes(whole)
    lines = run(export_folder)
    assert tally(lines) == {Outcome.ADMITTED: 6, Outcome.UNREADABLE: 1}
    targets = [line.target for line in lines if line.target]
    assert len(set(targets)) == 6
    assert released(tmp_path) == set(targets)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".mammo-deid-")]


def test_objects_that_are_no_images_are_de_identified_with_their_study(
    run, tmp_path, export_folder
):
    iods = ("mg", "cad_sr", "sr", "ko", "pr", "seg")
    made = [documents.ALL[iod]() for iod in iods]
    for ds in made:
        ds.IssuerOfPatientID = made[0].IssuerOfPatientID
    put(export_folder, *map(written, made))
    lines = run(export_folder)
    assert [line.reason for line in lines] == [""] * len(iods)
    clean = [pydicom.dcmread(tmp_path / "clean" / line.target) for line in lines]
    assert len({ds.StudyInstanceUID for ds in clean}) == 1
    assert {ds.PatientIdentityRemoved for ds in clean} == {"YES"}
    for path in (tmp_path / "clean").iterdir():
        assert "Sjöström".encode("latin-1") not in path.read_bytes()


def test_a_study_of_which_one_object_is_confidential_is_refused(run, export_folder):
    secret = mammogram(SOPInstanceUID=f"{objects.INSTANCE}.9")
    secret.ConfidentialityConstraintOnPatientDataDescription = "SEKRETESS"
    put(export_folder, *four_views(), part10(secret))
    lines = run(export_folder)
    assert tally(lines) == {Outcome.REFUSED: 5}
    assert {line.reason for line in lines} == {CONFIDENTIAL}


def test_a_name_of_a_large_export_is_looked_up_quickly():
    known = Known()
    for number in range(2000):
        needle = Needle(f"namn{number:05}", "name", Edge.LETTER, Reach.TEXT)
        found = Identifiers((needle,), frozenset({f"1.2.752.99.{number}"}), {})
        known.add(f"file{number}", Look(f"study{number}", f"person{number}", found))
    begun = time.process_time()
    judged = [known.identifies(f"IM{number:05} mammografi höger") for number in range(2000)]
    assert not any(judged)
    assert time.process_time() - begun < 2
    assert known.identifies("NAMN01234, höger")
    assert not known.identifies("namn01234x")
    assert known.identifies("a1.2.752.99.17.dcm")


def test_names_of_no_encoding_are_hidden(run, tmp_path, export_folder):
    (export_folder / os.fsdecode(b"Provstr\xf6m_bild.dcm")).write_bytes(part10(mammogram()))
    run(export_folder)
    (name,) = released(tmp_path)
    assert "Provstr" not in name


def test_what_is_not_used_is_not_loaded():
    heavy = {"highdicom", "SimpleITK"}
    program = f"import sys, flows.offline.folder; print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
