"""An image that waits for people, and what tests of reviews ask of it."""

import io

import numpy as np
import pydicom
import pytest
from sqlalchemy import select

from catalog import tables
from catalog.database import reading
from catalog.errors import ConflictError
from catalog.outcome import Outcome
from catalog.publishing.study_rows import clean_key
from flows.demo.burn import Text
from flows.review import reviews
from tests.flows.making import counts
from tests.objects import mammogram, phantom

FRAME = phantom(1200, 900)
NAME = Text("PROVSTRÖM ÅSA 570312-9808", 0.02, 0.9, height=22)
WRONG = Text("R MLO", 0.7, 0.1, height=40)
NAMED, MARKED = np.s_[1070:1130, 10:380], np.s_[110:170, 620:770]


def contradicting(*texts, **overrides):
    """An image of the left breast with a marker of the right one, and a name beside it."""
    return mammogram(pixels=FRAME, text=(NAME, WRONG, *texts), **overrides)


def approved(region, made):
    reviews.approve(region, made.id, who="anna", reason="the marker is right")
    return reviews.approve(region, made.id, who="bo", reason="so it is")


def refused(expected, call, /, *arguments, **named):
    with pytest.raises(ConflictError) as caught:
        call(*arguments, **named)
    assert caught.value.reason is expected


def stored(region, ds):
    (trace,) = region.ledger.by_instance(ds.SOPInstanceUID)
    assert trace.outcome is Outcome.ADMITTED
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    return pydicom.dcmread(io.BytesIO(b"".join(region.clean.get(key)))).pixel_array


def kept_of(region, made):
    return list(region.quarantine.keys(f"{made.export_id}/{made.item_id}/"))


def tallies_agree(region, made):
    """The catalogue has counted as the ledger has."""
    outcome = tables.outcome
    wanted = select(outcome.c.outcome, outcome.c.instances).where(
        outcome.c.export_id == made.export_id
    )
    with reading(region.publisher._engine) as connection:
        there = {row[0]: row[1] for row in connection.execute(wanted)}
    return there == counts(region.ledger.tally(made.export_id))
