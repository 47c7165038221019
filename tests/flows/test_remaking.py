"""The same original under a newer detector or profile is a revision; another one is a conflict."""

import dataclasses

import numpy as np
import pytest
from sqlalchemy import select

import flows.walk.admit
from catalog import tables
from catalog.database import reading, writing
from catalog.ledgers.tables import item
from catalog.outcome import Outcome
from catalog.records import Versions
from deid.deidentify import deidentify
from deid.ruling import Box, Ruling
from flows.deidentifier import Deidentifier
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, put, registered, walked
from tests.objects import mammogram, part10

BOX = Box(1, ((10, 10), (40, 10), (40, 30), (10, 30)))


class Newer(Deidentifier):
    """The same with a detector of another name."""

    @property
    def versions(self) -> Versions:
        return dataclasses.replace(super().versions, detector="text 99 (test)")


@pytest.fixture
def newer(deidentify_with) -> Deidentifier:
    return Newer(deidentify_with.profile, deidentify_with.keys, deidentify_with.named)


def find_more(monkeypatch):
    """From now on, the walk blanks one more box: as a detector would that sees more."""

    def more(*arguments, **options):
        return deidentify(*arguments, **{**options, "ruling": Ruling(blank=(BOX,))})

    monkeypatch.setattr(flows.walk.admit, "deidentify", more)


@pytest.fixture
def finds_more(monkeypatch):
    find_more(monkeypatch)


@pytest.fixture
def again(region, export_folder):
    def run(deidentifier: Deidentifier) -> dict[str, int]:
        return counts(walked(region, deidentifier, registered(region, export_folder, DECISION)))

    return run


@pytest.fixture
def one(ingest, export_folder):
    put(export_folder, part10(mammogram()))
    assert counts(ingest()) == {"ADMITTED": 1}


def revisions(region) -> list:
    with reading(region.publisher._engine) as connection:
        wanted = select(tables.revision).where(tables.revision.c.derived_from.is_(None))
        return list(connection.execute(wanted.order_by(tables.revision.c.id)))


def test_what_a_newer_detector_blanks_is_a_revision(region, one, again, newer, finds_more):
    assert again(newer) == {"REVISED": 1}
    before, after = revisions(region)
    assert (before.number, after.number) == (1, 2)
    assert before.pixel_sha256 != after.pixel_sha256
    assert (after.boxes_blanked, after.detector) == (1, "text 99 (test)")
    assert again(newer) == {"KNOWN": 1}
    assert len(revisions(region)) == 2


def test_back_to_the_older_detector_is_a_revision_too(
    region, one, again, newer, deidentify_with, finds_more, monkeypatch
):
    assert again(newer) == {"REVISED": 1}
    monkeypatch.undo()
    assert again(deidentify_with) == {"REVISED": 1}
    assert [row.number for row in revisions(region)] == [1, 2, 3]


def test_the_same_detector_must_not_make_other_pixels(one, again, deidentify_with, finds_more):
    assert again(deidentify_with) == {"CONFLICT": 1}


def test_other_original_pixels_are_a_conflict_whatever_looks(
    region, ingest, again, newer, export_folder
):
    first, second = objects.same_uid_other_pixels()
    put(export_folder, part10(first))
    assert counts(ingest()) == {"ADMITTED": 1}
    put(export_folder, part10(second))
    assert again(newer) == {"CONFLICT": 1}
    assert len(revisions(region)) == 1


def test_a_conflict_s_own_pixels_are_not_taken_for_known_ones(
    region, ingest, again, newer, export_folder
):
    first, second = objects.same_uid_other_pixels()
    for made, expected in ((first, "ADMITTED"), (second, "CONFLICT"), (second, "CONFLICT")):
        put(export_folder, part10(made))
        assert counts(ingest()) == {expected: 1}
    assert again(newer) == {"CONFLICT": 1}


def test_of_what_the_ledger_has_forgotten_other_pixels_are_a_conflict(
    region, one, again, newer, finds_more
):
    with writing(region.ledger._engine) as connection:
        connection.execute(item.update().values(pixels_index=None))
    assert again(newer) == {"CONFLICT": 1}


def test_the_ledger_keeps_no_plain_digest_of_an_original(region, one):
    with reading(region.ledger._engine) as connection:
        (row,) = connection.execute(select(item)).all()
    (revision,) = revisions(region)
    assert row.clean_pixels == revision.pixel_sha256
    assert row.pixels_index != revision.pixel_sha256  # which is the original's: nothing was blanked
    assert row.outcome == Outcome.ADMITTED


def test_what_was_made_of_it_is_made_anew(region, one, again, newer, finds_more):
    assert again(newer) == {"REVISED": 1}
    with reading(region.publisher._engine) as connection:
        made = connection.scalars(select(tables.revision.c.derived_from)).all()
    (_, after) = revisions(region)
    assert made.count(after.id) == 2


def test_bits_beyond_bits_stored_are_no_other_original(
    region, ingest, again, newer, export_folder, monkeypatch
):
    made = mammogram(BitsStored=12)
    values = np.frombuffer(made.PixelData, np.uint16) & 0xFFF
    made.PixelData = (values | np.uint16(1 << 13)).tobytes()
    put(export_folder, part10(made))
    assert counts(ingest()) == {"ADMITTED": 1}  # frames are changed, and there are no boxes
    find_more(monkeypatch)
    assert again(newer) == {"REVISED": 1}
    assert [row.boxes_blanked for row in revisions(region)] == [0, 1]
