"""The metadata table: copies are marked, values are of their type, and nothing is a formula."""

import csv
import io
import random
from dataclasses import replace
from typing import Any

import pyarrow.parquet
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from sqlalchemy import Engine

from catalog import holds, permits, releases
from catalog.holds import HoldTarget
from catalog.records import NewRevision
from catalog.releases.as_text import dictionary_csv, metadata_csv
from catalog.releases.columns import COLUMNS, Values
from catalog.releases.facts import facts_of
from catalog.releases.parquet import ROWS, parquet
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, Kind
from tests.catalog.making import TODAY, WHO, digest, draft, instance, new_revision, permit, prepared
from tests.catalog.test_releases import rekeyed


def with_pixels(study: int, number: int, pixels: str, **changes: Any) -> NewRevision:
    made = new_revision(instance(study, number, **changes))
    return replace(made, stored=replace(made.stored, pixel_sha256=digest(pixels)))


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    """Two providers' studies: one exposure is in both, and so is an empty mask."""
    publisher = prepared(catalogue_engine)
    for study, holder in ((1, "vgr"), (2, "skane")):
        mask = {"kind": Kind.SEG, "modality": "SEG"}
        made = (
            with_pixels(study, 1, "the same"),
            with_pixels(study, 2, f"of {study}"),
            with_pixels(study, 3, "empty", **mask),
        )
        region = "vg" if holder == "vgr" else "sk"
        export = {"holder_id": holder, "region": region, "export_id": f"export-{study}"}
        publisher.publish(draft(study, *made, **export))
    permits.create(catalogue_engine, permit())
    release = releases.freeze(catalogue_engine, "permit-1", Query(), today=TODAY)
    for ref in releases.pending(catalogue_engine, release.id):
        releases.add_instance(catalogue_engine, release.id, rekeyed(ref))
    releases.seal(catalogue_engine, release.id, today=TODAY)
    return catalogue_engine


def copied(engine: Engine) -> dict[str, str]:
    rows = releases.metadata(engine, "permit-1", who=WHO, today=TODAY)
    return {row["sop_uid"]: row["copy_of"] for row in rows if row["copy_of"]}


def counted(engine: Engine) -> int:
    (release,) = releases.releases_of(engine, "permit-1")
    return releases.copies(engine, release.id)


def test_of_one_image_from_two_providers_one_is_a_copy(engine: Engine) -> None:
    assert copied(engine) == {"2.25.92.1.1": "2.25.91.1.1"}
    assert counted(engine) == 1


def test_what_is_held_is_nobodys_original(engine: Engine) -> None:
    target = HoldTarget(HoldScope.INSTANCE, "2.25.1.1.1")
    holds.place(engine, HoldKind.WITHDRAWN, target, reason="r", who="o")
    assert copied(engine) == {}
    assert counted(engine) == 0


def header(**said: object) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    ds.StudyInstanceUID = ds.SeriesInstanceUID = ds.SOPInstanceUID = "2.25.1"
    for keyword, value in said.items():
        setattr(ds, keyword, value)
    return ds


def test_facts_are_of_their_column_s_type() -> None:
    view, spot = Dataset(), Dataset()
    spot.CodeValue = "399055006"
    view.CodeValue, view.ViewModifierCodeSequence = "399162004", Sequence([spot])
    said = header(
        KVP="28",
        ImagerPixelSpacing=[0.07, 0.07],
        BreastImplantPresent="YES",
        PatientSex="F",
        ViewCodeSequence=Sequence([view]),
        Rows=4096,
        ManufacturerModelName="m" * 64,
    )
    found = facts_of(said)
    assert (found["kvp"], found["spacing"], found["rows"]) == (28.0, 0.07, 4096)
    assert (found["implant"], found["special_view"], found["view"]) == ("YES", "399055006", "CC")
    assert found["model"] == "m" * 64
    assert found["force"] is found["organ_dose"] is found["laterality"] is None
    names = {column.name for column in COLUMNS if column.source == "header"}
    assert set(found) == names


def test_a_formula_is_text_in_csv_and_itself_in_parquet() -> None:
    row: dict[str, Any] = dict.fromkeys((column.name for column in COLUMNS), None)
    row |= {"model": '=HYPERLINK("x")', "angle": -45.0, "derived": False, "view": 'a,"b"\n'}
    (told,) = csv.DictReader(io.StringIO(b"".join(metadata_csv([row])).decode(), newline=""))
    assert (told["model"], told["angle"]) == ('\'=HYPERLINK("x")', "-45.0")
    assert (told["derived"], told["view"], told["kvp"]) == ("false", 'a,"b"\n', "")
    data = b"".join(parquet(COLUMNS, [row]))
    assert pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist() == [row]
    assert b"".join(dictionary_csv()).decode().count("\r\n") == len(COLUMNS) + 1


@pytest.mark.parametrize("many", [0, 1, 8, ROWS, 2 * ROWS + 3])
def test_another_reader_reads_what_was_written(many: int) -> None:
    chance = random.Random(many)
    kinds: dict[Values, list[Any]] = {
        Values.TEXT: [None, "", "å", "x" * 300],
        Values.WHOLE: [None, 0, -1, 2**63 - 1, -(2**63)],
        Values.NUMBER: [None, 0.0, -0.1, 1e300],
        Values.TRUTH: [None, True, False],
    }
    rows = [
        {column.name: chance.choice(kinds[column.values]) for column in COLUMNS}
        for _ in range(many)
    ]
    data = b"".join(parquet(COLUMNS, rows))
    table = pyarrow.parquet.read_table(io.BytesIO(data))
    assert table.to_pylist() == rows
    assert table.column_names == [column.name for column in COLUMNS]
