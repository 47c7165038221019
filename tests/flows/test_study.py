"""A study that passes: stored, catalogued, accounted for, and naming nobody."""

import io

import pydicom
from pydicom.uid import JPEGLSLossless, RLELossless
from sqlalchemy import select

from catalog import tables
from catalog.database import reading
from catalog.outcome import Outcome
from catalog.publishing.study_rows import clean_key
from catalog.records import ExportSummary
from catalog.search import Query, search
from tests import objects
from tests.flows.conftest import on_both
from tests.flows.making import counts, four_views, put
from tests.objects import mammogram, part10


@on_both
def test_a_study_is_stored_catalogued_and_accounted_for(region, ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest()) == {"ADMITTED": 4}
    (found,) = search(region.publisher._engine, Query()).studies
    assert (found.images, found.views, found.exam_year) == (4, ("CC", "MLO"), 2023)
    assert not list(region.landing.rglob("*.dcm"))


def test_what_is_stored_names_nobody(region, ingest, export_folder):
    original = mammogram(syntax=JPEGLSLossless)
    put(export_folder, part10(original))
    ingest()
    (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    stored = b"".join(region.clean.get(key))
    clean = pydicom.dcmread(io.BytesIO(stored))
    assert clean.PixelData == original.PixelData
    for secret in objects.secrets_of(original):
        assert secret not in key
        assert secret.encode("latin-1") not in stored.replace(clean.PixelData, b"")


@on_both
def test_running_twice_stores_nothing_twice(region, ingest, export_folder):
    put(export_folder, *four_views())
    assert counts(ingest()) == {"ADMITTED": 4}
    keys = sorted(region.clean.keys())
    assert counts(ingest()) == {"KNOWN": 4}
    assert sorted(region.clean.keys()) == keys


@on_both
def test_another_header_is_a_revision(ingest, export_folder):
    put(export_folder, *four_views())
    ingest()
    put(export_folder, *four_views(KVP="31"))
    assert counts(ingest()) == {"REVISED": 4}
    assert counts(ingest()) == {"KNOWN": 4}


def test_text_in_the_pixels_is_blanked(region, ingest, export_folder):
    frame = objects.phantom(1200, 900)
    plain = mammogram(pixels=frame)
    texts = mammogram(pixels=frame, text="ÖHRSTRÖM ÅSA 570312-9808", syntax=RLELossless)
    put(export_folder, part10(texts))
    assert counts(ingest()) == {"ADMITTED": 1}
    (trace,) = region.ledger.by_instance(plain.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    clean = pydicom.dcmread(io.BytesIO(b"".join(region.clean.get(key)))).pixel_array
    drawn = texts.pixel_array != frame
    assert drawn.sum() > 1000
    assert (clean[drawn] == clean[drawn][0]).all()
    assert (clean[~drawn] == frame[~drawn]).mean() > 0.95


def test_an_examination_is_found_by_its_accession_number(region, ingest, export_folder):
    put(export_folder, *four_views())
    ingest()
    found = region.ledger.by_accession(objects.IDENTITY["AccessionNumber"])
    assert [trace.outcome for trace in found] == [Outcome.ADMITTED] * 4
    assert [trace.revision for trace in found] == [1] * 4


@on_both
def test_the_hub_s_tally_agrees_with_the_ledger_s(region, ingest, export_folder):
    put(export_folder, *four_views(), objects.not_dicom(), objects.truncated())
    tally = ingest(claimed=6)
    (export,) = region.ledger.exports()
    region.publisher.record_tally(ExportSummary(export.id, "prov", "D-1", tally))
    outcome = tables.outcome
    with reading(region.publisher._engine) as connection:
        there = connection.execute(select(outcome.c.outcome, outcome.c.instances)).all()
        claimed = connection.scalar(select(tables.export.c.claimed))
    assert (sum(number for _, number in there), claimed) == (tally.total, 6)
    assert {word for word, _ in there} == set(counts(tally))
    assert counts(tally) == {"ADMITTED": 4, "UNREADABLE": 2, "UNAVAILABLE": 1}
