"""What is written beside a release's headers, and what a seal asks once more."""

import hashlib
import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pydicom
import pytest

from catalog import holds, releases
from catalog.errors import ConflictError, NotFoundError, PermitError, Reason
from catalog.holds import HoldTarget
from catalog.releases.key_objects import only
from catalog.releases.papers import RECORD
from catalog.search import Query
from catalog.tiers.assessments import Assessment, assess
from catalog.vocabulary import Finding, HoldKind, HoldScope, Tier, View
from flows.release import build as building
from flows.release import permits
from flows.release.build import build
from tests import objects
from tests.flows.conftest import DECISION, TODAY, on_both
from tests.flows.making import four_views, put, registered, walked

WHO = "researcher-1"
DCIODVFY = Path(sys.executable).with_name("dciodvfy")


@pytest.fixture
def stocked(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    return region


@pytest.fixture
def permit(hub):
    return permits.issue(
        hub, persons=[WHO], title="Täthet", purpose="p", tier=Tier.ANON_DOWNLOAD,
        valid=(TODAY, TODAY),
    )  # fmt: skip


def read(hub, paper) -> bytes:
    data = b"".join(hub.releases.get(paper.key))
    assert (len(data), hashlib.sha256(data).hexdigest()) == (paper.size, paper.sha256)
    return data


def place(hub, value, scope=HoldScope.INSTANCE):
    target = HoldTarget(scope, value)
    holds.place(hub.catalogue, HoldKind.WITHDRAWN, target, reason="t", who="o")


@on_both
def test_a_release_has_its_papers(stocked, hub, permit):
    made = build(hub, permit, Query(), today=TODAY)
    found = {one.name: one for one in releases.papers(hub.catalogue, made.id)}
    (study,) = releases.list_studies(hub.catalogue, permit, who=WHO, today=TODAY)
    texts = {"terms.txt", "citation.txt", "CITATION.cff", RECORD}
    assert set(found) == texts | {f"selection/{study.study_uid}"}
    listed = [line.split() for line in read(hub, found[RECORD]).decode().splitlines()]
    manifest = list(releases.manifest(hub.catalogue, permit, who=WHO, today=TODAY))
    assert listed == [[one.sha256, str(one.size), one.file_name] for one in manifest]
    assert permit in read(hub, found["terms.txt"]).decode()
    assert (
        f"catalogue version {made.catalogue_version}" in read(hub, found["citation.txt"]).decode()
    )
    assert '"Mammography data space: Täthet"' in read(hub, found["CITATION.cff"]).decode()
    told = b"".join(read(hub, one) for one in found.values()).decode("latin-1")
    assert not [secret for secret in objects.secrets_of(objects.mammogram()) if secret in told]
    door = {"who": WHO, "today": TODAY}
    assert releases.paper(hub.catalogue, permit, "terms.txt", **door) == found["terms.txt"]
    for name in (RECORD, f"selection/{study.study_uid}"):  # these name what may be held some day
        with pytest.raises(NotFoundError):
            releases.paper(hub.catalogue, permit, name, **door)


def test_a_study_s_selection_lists_its_objects_by_their_released_uids(
    stocked, hub, permit, tmp_path
):
    made = build(hub, permit, Query(), today=TODAY)
    manifest = {
        o.sop_uid: o for o in releases.manifest(hub.catalogue, permit, who=WHO, today=TODAY)
    }
    (paper,) = (o for o in releases.papers(hub.catalogue, made.id) if "selection" in o.name)
    data = read(hub, paper)
    document = pydicom.dcmread(io.BytesIO(data))
    first = next(iter(manifest.values()))
    image = pydicom.dcmread(io.BytesIO(b"".join(hub.releases.get(first.header_key))))
    for keyword in ("StudyInstanceUID", "PatientID", "StudyDate", "AccessionNumber"):
        assert document[keyword].value == image[keyword].value
    assert evidence(document) == set(manifest)
    assert contents(document) == set(manifest)
    assert errors(data, tmp_path) == []
    left = frozenset(list(manifest)[1:])
    shorter = pydicom.dcmread(io.BytesIO(filtered := only(data, left)))
    assert evidence(shorter) == contents(shorter) == left
    assert shorter.SOPInstanceUID != document.SOPInstanceUID
    assert errors(filtered, tmp_path) == []
    assert next(uid for uid in manifest if uid not in left).encode() not in filtered
    assert only(data, frozenset(manifest)) == data


def evidence(document) -> set[str]:
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID == document.StudyInstanceUID
    return {
        item.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }


def contents(document) -> set[str]:
    items = [item for item in document.ContentSequence if "ReferencedSOPSequence" in item]
    return {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in items}


def errors(data: bytes, folder: Path) -> list[str]:
    file = folder / "object.dcm"
    file.write_bytes(data)
    run = subprocess.run([DCIODVFY, "-new", file], capture_output=True, text=True, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    assert any("KeyObjectSelection" in line for line in lines)
    return [line for line in lines if line.startswith("Error")]


def test_the_table_says_what_the_released_headers_say(stocked, hub, permit):
    build(hub, permit, Query(), today=TODAY)
    rows = {
        r["sop_uid"]: r for r in releases.metadata(hub.catalogue, permit, who=None, today=TODAY)
    }
    manifest = list(releases.manifest(hub.catalogue, permit, who=WHO, today=TODAY))
    assert set(rows) == {one.sop_uid for one in manifest}
    for one in manifest:
        header = pydicom.dcmread(io.BytesIO(b"".join(hub.releases.get(one.header_key))))
        row = rows[one.sop_uid]
        assert (row["size"], row["sha256"]) == (one.size, one.sha256)
        assert row["pseudonym"] == header.PatientID
        assert row["study_date"] == header.StudyDate
        assert row["derived_from"] == one.derived_from
        if one.modality == "MG":
            assert row["view"] == header.ViewPosition
            assert row["rows"] == header.Rows
            assert row["laterality"] == header.ImageLaterality
            assert row["breast_share"] == one.pixel_facts.breast_share


def test_what_is_held_between_freezing_and_sealing_is_in_no_release(
    stocked, hub, permit, monkeypatch
):
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    write = building.papers.write

    def late(*arguments):
        write(*arguments)
        place(hub, trace.clean_sop_uid)

    monkeypatch.setattr(building.papers, "write", late)
    made = build(hub, permit, Query(companions=False), today=TODAY)
    assert made.instances == 3
    (hold,) = holds.list_holds(hub.catalogue)
    holds.lift(hub.catalogue, hold.id, who="o")
    assert len(list(releases.manifest(hub.catalogue, permit, who=WHO, today=TODAY))) == 3


def found_otherwise(permit: str, finding: Finding) -> Assessment:
    return Assessment(permit, "Eva Ek", "a" * 64, finding, "no", "no", "no", TODAY)


def test_a_tier_that_nobody_answers_for_any_more_is_not_sealed(stocked, hub, permit, monkeypatch):
    write = building.papers.write

    def late(*arguments):
        write(*arguments)
        assess(hub.catalogue, found_otherwise(permit, Finding.NOT_ANONYMOUS))

    with monkeypatch.context() as patched:
        patched.setattr(building.papers, "write", late)
        with pytest.raises(ConflictError) as refused:
            build(hub, permit, Query(), today=TODAY)
    assert refused.value.reason is Reason.NOT_ASSESSED
    assert releases.releases_of(hub.catalogue, permit) == ()
    with pytest.raises(ConflictError):
        build(hub, permit, Query(), today=TODAY)
    assess(hub.catalogue, found_otherwise(permit, Finding.ANONYMOUS))
    assert build(hub, permit, Query(), today=TODAY).instances == 12


def test_what_changed_between_two_releases_is_told(stocked, hub, permit, monkeypatch):
    first = build(hub, permit, Query(companions=False), today=TODAY)
    second = build(hub, permit, Query(view=View.CC), today=TODAY)
    assert second.catalogue_version == first.catalogue_version > 0
    assert list(releases.changes(hub.catalogue, permit, 1, 2)) == []
    told = list(releases.changes(hub.catalogue, permit, 1, 2, all_of_it=True))
    assert [one.kind for one in told] == ["removed", "removed"]
    assert all(one.before and not one.after for one in told)
    told = list(releases.changes(hub.catalogue, permit, 2, 1))
    assert [one.kind for one in told] == ["added", "added"]
    assert all(one.after and not one.before for one in told)
    place(hub, stocked.ledger.by_instance(f"{objects.INSTANCE}.3")[0].clean_sop_uid)
    assert len(list(releases.changes(hub.catalogue, permit, 2, 1))) == 1
    every = list(releases.changes(hub.catalogue, permit, 1, 2, all_of_it=True))
    assert len(every) == 2
    monkeypatch.setattr(sys.modules["catalog.releases.changes"], "_PAGE", 1)
    assert list(releases.changes(hub.catalogue, permit, 1, 2, all_of_it=True)) == every


@pytest.mark.parametrize("kind", [HoldKind.OPTED_OUT, HoldKind.RECALLED])
def test_whoever_reads_what_changed_learns_of_no_hold(stocked, hub, permit, kind):
    build(hub, permit, Query(), today=TODAY)
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
    holds.place(hub.catalogue, kind, target, reason="t", who="o")
    assert build(hub, permit, Query(), today=TODAY).instances == 9
    assert list(releases.changes(hub.catalogue, permit, 1, 2)) == []


def test_what_opted_out_before_the_seal_is_in_no_paper(stocked, hub, permit, monkeypatch):
    write = building.papers.write
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]

    def meanwhile(*told):
        target = HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid)
        holds.place(hub.catalogue, HoldKind.OPTED_OUT, target, reason="t", who="o")
        write(*told)

    monkeypatch.setattr(building.papers, "write", meanwhile)
    made = build(hub, permit, Query(), today=TODAY)
    (record,) = releases.papers(hub.catalogue, made.id, RECORD)
    assert (made.instances, len(read(hub, record).splitlines())) == (9, 9)


def test_a_permit_that_ends_at_midnight_gets_no_release_after_it(stocked, hub):
    yesterday = TODAY - timedelta(days=1)
    ended = permits.issue(
        hub, persons=[WHO], title="t", purpose="p", tier=Tier.PSEUDO_SPE,
        valid=(yesterday, yesterday),
    )  # fmt: skip
    with pytest.raises(PermitError):
        build(hub, ended, Query(), today=yesterday)
    assert releases.releases_of(hub.catalogue, ended) == ()
