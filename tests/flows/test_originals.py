"""Originals that vanish, change or cannot be read while an export is worked on."""

import os
import shutil
from pathlib import Path

import pytest

from catalog.vocabulary import ProtectionSource
from flows.errors import SourceError
from flows.walk import verdict
from flows.walk.study import StudyRun, settle
from tests import archives
from tests.flows.conftest import DECISION, decision
from tests.flows.making import counts, enrolled, four_views, put, registered, walked
from tests.objects import mammogram, part10


def test_a_vanished_file_is_unavailable(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    (export_folder / "IM00003").unlink()
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "UNAVAILABLE": 1}


def test_a_file_nobody_may_read_is_unavailable(ingest, export_folder, monkeypatch):
    put(export_folder, *four_views())
    genuine = os.open

    def denied(path, *arguments, **options):
        if Path(path).name == "IM00002":
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path, *arguments, **options)

    monkeypatch.setattr(os, "open", denied)
    assert counts(ingest()) == {"ADMITTED": 3, "UNAVAILABLE": 1}


@pytest.mark.parametrize("become", ["link", "pipe", "folder"])
def test_a_file_that_became_something_else_is_not_followed(
    region, deidentify_with, export_folder, tmp_path, become
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    path = export_folder / "IM00003"
    path.rename(tmp_path / "elsewhere")
    if become == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif become == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "UNAVAILABLE": 1}


def test_a_file_swapped_for_another_woman_s_is_refused(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    genuine = verdict.look

    def look(paths, gate):
        people = genuine(paths, gate)
        if paths:
            put(export_folder, part10(mammogram(PatientID="19490805-9829")), start=3)
        return people

    monkeypatch.setattr(verdict, "look", look)
    for ordinal in ordinals:
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert counts(region.ledger.tally(export.id)) == {"ADMITTED": 3, "REFUSED": 1}


def test_names_that_no_encoding_has_are_names(ingest, export_folder):
    odd = os.fsdecode(b"Provstr\xf6m.dcm")
    (export_folder / odd).write_bytes(part10(mammogram()))
    assert counts(ingest()) == {"ADMITTED": 1}


def test_a_zip_in_a_folder_is_ingested_and_the_landing_emptied(region, ingest, export_folder):
    members = {f"Provström/IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    assert counts(ingest()) == {"ADMITTED": 4}
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


def test_an_archive_is_expanded_again_for_what_is_not_settled(
    region, deidentify_with, export_folder
):
    members = {f"IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    export = registered(region, export_folder, DECISION)
    enrolled(region, export)
    shutil.rmtree(region.landing / export.id)
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}


def test_what_is_expanded_of_a_refused_archive_is_not_kept(region, deidentify_with, export_folder):
    members = {f"IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    export = registered(region, export_folder, decision(protection_source=ProtectionSource.UNKNOWN))
    assert counts(walked(region, deidentify_with, export)) == {"REFUSED": 4}
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []
    enrolled(region, export)
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


def test_an_export_that_is_gone_says_so(region, export_folder):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    shutil.rmtree(export_folder)
    with pytest.raises(SourceError, match="the source is not there"):
        enrolled(region, export)
