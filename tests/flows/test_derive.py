"""What is made of an image is stored beside it, checked as it was, and never alone."""

import dataclasses
import hashlib
import io

import cv2
import numpy as np
import pydicom
import pytest
from sqlalchemy import select

import flows.walk.derive
from catalog import audit, holds, tables
from catalog.database import reading
from catalog.holds import HoldTarget
from catalog.search import Query, search
from catalog.sightings import tables as pixel_tables
from catalog.vocabulary import HoldKind, HoldScope, Kind
from deid.derived.derive import derive
from flows import wiring
from flows.cli import place
from flows.cli.who import who
from flows.walk.derive import NOT_DERIVED
from flows.walk.study import StudyRun, settle
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, enrolled, four_views, put, registered, walked
from tests.objects import mammogram, part10


def rows(region, table) -> list:
    with reading(region.publisher._engine) as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def stored(region, key: str) -> bytes:
    return b"".join(region.clean.get(key))


@pytest.fixture
def one(region, ingest, export_folder):
    put(export_folder, part10(mammogram()))
    assert counts(ingest(claimed=1)) == {"ADMITTED": 1}
    return region


def test_a_mask_a_report_and_previews_lie_beside_the_image(one):
    image, *derived = rows(one, tables.instance)
    assert {row.kind for row in derived} == {Kind.SEG, Kind.SR}
    assert {row.derived_from for row in derived} == {image.id}
    assert (image.derived_from, len(derived)) == (None, 2)
    revisions = rows(one, tables.revision)
    assert [row.derived_from for row in revisions] == [None, revisions[0].id, revisions[0].id]
    folder = revisions[0].key.rsplit("/", 1)[0]
    for row in revisions:
        data = stored(one, row.key)
        assert row.key.endswith(f"/{hashlib.sha256(data).hexdigest()}.dcm")
        assert hashlib.sha256(data[: row.pixel_offset]).hexdigest() == row.header_sha256
    for row in rows(one, pixel_tables.preview):
        data = stored(one, row.key)
        assert row.key == f"{folder}/{row.sha256}.{row.size}.png"
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (row.sha256, row.bytes)
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (row.height, row.width)
        assert max(row.height, row.width) <= row.size
    assert [row.size for row in rows(one, pixel_tables.preview)] == [256, 512, 1024]


def test_what_the_pixels_tell_is_found(one):
    (facts,) = rows(one, pixel_tables.pixel_facts)
    assert 0 < facts.breast_share < 1
    flags = {row.flag for row in rows(one, pixel_tables.quality_flag)}
    for flag in flags:
        (found,) = search(one.publisher._engine, Query(flag=flag)).studies
        assert (found.images, found.instances) == (1, 1)
    assert search(one.publisher._engine, Query(flag="no such thing")).studies == ()


def test_nothing_of_it_names_her(one):
    secrets = objects.secrets_of(mammogram())
    keys = [
        row.key for table in (tables.revision, pixel_tables.preview) for row in rows(one, table)
    ]
    assert len(keys) == 6
    for key in keys:
        data = stored(one, key)
        if key.endswith(".dcm"):
            shown = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
            data = data.replace(shown.get("PixelData", b"\0never"), b"")
        for secret in secrets:
            assert secret not in key
            assert secret.encode("latin-1") not in data


def test_the_tally_counts_what_the_export_brought(one):
    (line,) = rows(one, tables.outcome)
    assert (line.outcome, line.instances) == ("ADMITTED", 1)


def test_running_twice_makes_nothing_new(one, ingest):
    keys, before = sorted(one.clean.keys()), rows(one, tables.revision)
    assert counts(ingest(claimed=1)) == {"KNOWN": 1}
    assert sorted(one.clean.keys()) == keys
    assert rows(one, tables.revision) == before


def test_another_header_brings_another_revision_of_all(one, ingest, export_folder):
    put(export_folder, part10(mammogram(KVP="31")))
    assert counts(ingest(claimed=1)) == {"REVISED": 1}
    revisions = rows(one, tables.revision)
    assert [row.number for row in revisions] == [1, 1, 1, 2, 2, 2]
    assert [row.derived_from for row in revisions[3:]] == [None, *[revisions[3].id] * 2]
    assert len(rows(one, pixel_tables.pixel_facts)) == 2
    assert len(rows(one, tables.instance)) == 3


def test_a_crash_between_bytes_and_record_leaves_only_bytes_that_the_next_try_takes(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)

    def crash(*_draft):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(region.publisher, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            settle(StudyRun(region, deidentify_with, export, ordinals[1], "norr", "run"))
    left = sorted(region.clean.keys())
    assert rows(region, tables.instance) == []
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}
    assert sorted(region.clean.keys()) == left
    keys = {
        row.key for table in (tables.revision, pixel_tables.preview) for row in rows(region, table)
    }
    assert len(keys) == 4 * 6
    assert keys <= set(left)


def test_an_image_is_suspect_if_what_is_made_of_it_names_her(
    region, ingest, export_folder, monkeypatch
):
    def careless(finished, *, subkeys):
        made = derive(finished, subkeys=subkeys)
        mask, *others = made.objects
        ds = pydicom.dcmread(io.BytesIO(mask.data))
        ds.ContentDescription = "Provström Åsa"
        named = dataclasses.replace(mask, data=part10(ds))
        return dataclasses.replace(made, objects=(named, *others))

    monkeypatch.setattr(flows.walk.derive, "derive", careless)
    original = part10(mammogram(SOPInstanceUID=f"{objects.INSTANCE}.77"))
    put(export_folder, original, original)
    before = sorted(region.clean.keys())
    # The second file is not taken for known: nothing of the first is stored.
    assert counts(ingest(claimed=2)) == {"SUSPECT": 2}
    assert sorted(region.clean.keys()) == before
    assert rows(region, tables.instance) == []


@pytest.mark.parametrize("trouble", [ValueError, "bytes"])
def test_an_image_that_nothing_can_be_made_of_is_stored_and_says_so(
    region, ingest, export_folder, monkeypatch, trouble
):
    def broken(finished, *, subkeys):
        made = derive(finished, subkeys=subkeys)
        if trouble is ValueError:
            raise trouble
        mask, *_others = made.objects
        return dataclasses.replace(made, objects=(dataclasses.replace(mask, data=b"no DICOM"),))

    monkeypatch.setattr(flows.walk.derive, "derive", broken)
    put(export_folder, part10(mammogram()))
    assert counts(ingest(claimed=1)) == {"ADMITTED": 1}
    (revision,) = rows(region, tables.revision)
    assert NOT_DERIVED in revision.flags
    assert rows(region, pixel_tables.preview) == rows(region, pixel_tables.pixel_facts) == []


@pytest.fixture
def run(hub, monkeypatch, mammo):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)

    def say(*arguments: str) -> tuple[int, str]:
        code, out, error = mammo("catalog", *arguments)
        return code, out + error

    return say


def test_an_operator_saves_previews_and_that_is_recorded(one, hub, run, tmp_path):
    (study,) = search(hub.catalogue, Query()).studies
    into = tmp_path / "pictures"
    asked = ("preview", study.study_key[:12], "--size", "256", "--into", str(into))
    code, said = run(*asked)
    (picture,) = into.iterdir()
    assert (code, said) == (0, f"{picture}\n")
    assert picture.stat().st_mode & 0o777 == 0o600
    assert cv2.imread(str(picture), cv2.IMREAD_UNCHANGED) is not None
    (line,) = audit.entries(hub.catalogue)
    assert (line.actor, line.action, line.object) == (who(), "preview", "study:1")
    code, said = run(*asked)
    assert code == 1
    assert "cannot be written" in said


def test_an_operator_sees_nothing_that_is_held(one, hub, run, tmp_path):
    (study,) = search(hub.catalogue, Query()).studies
    uid = rows(one, tables.instance)[0].sop_uid
    target = HoldTarget(HoldScope.INSTANCE, uid)
    holds.place(hub.catalogue, HoldKind.RECALLED, target, reason="text", who="officer")
    code, said = run("preview", study.study_key, "--into", str(tmp_path / "p"))
    assert (code, said) == (0, "there is no preview that may be shown\n")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("preview", "f" * 32), "no such study"),
        (("preview", "", "--size", "300"), "256, 512 or 1024"),
        (("search", "--flag", "pretty"), "there is no flag 'pretty'; there is: saturated"),
    ],
)
def test_what_there_is_not_is_said(one, run, asked, said):
    code, told = run(*asked)
    assert code
    assert said in told


def test_the_command_line_searches_by_what_the_pixels_tell(one, run):
    agreeing, differing = (run("search", f"--side-{word}") for word in ("agrees", "differs"))
    (facts,) = rows(one, pixel_tables.pixel_facts)
    assert ("no study matches" not in agreeing[1]) is (facts.laterality_agrees is True)
    assert ("no study matches" not in differing[1]) is (facts.laterality_agrees is False)
