"""A study goes from a region to the hub by the intake alone, over TLS, and is published."""

import pytest
from sqlalchemy import func, select

from catalog.recalls import recalling
from catalog.recalls.records import Criteria
from catalog.search import Query, search
from catalog.sightings.tables import preview
from catalog.tables import instance, revision, study
from deid.pixels.detection.looking import DETECTOR
from tests.flows.conftest import DECISION
from tests.flows.making import counts, four_views, put, registered, walked
from tests.intake.conftest import checking


def test_a_study_is_delivered_checked_and_published(
    hub, delivering, deidentify_with, export_folder
):
    put(export_folder, *four_views())
    with checking(hub):
        tally = walked(delivering, deidentify_with, registered(delivering, export_folder, DECISION))
    assert counts(tally) == {"ADMITTED": 4}
    with hub.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(study)) == 1
        images = connection.scalar(
            select(func.count()).select_from(instance).where(instance.c.derived_from.is_(None))
        )
        assert images == 4
        written = connection.execute(select(instance.c.transfer_syntax)).scalars()
        assert all(syntax.startswith("1.2.840.10008.1.2") for syntax in written)
        stored = connection.execute(select(revision.c.key, revision.c.sha256)).all()
        stored += connection.execute(select(preview.c.key, preview.c.sha256)).all()
    assert len(stored) > 4
    for key, sha256 in stored:
        assert hub.parts.clean.stat(key).sha256 == sha256
    assert list(hub.parts.arrivals.keys()) == []


@pytest.mark.parametrize("criteria", [Criteria(vendor="HOLOGIC"), Criteria(detector=DETECTOR)])
def test_what_was_recalled_before_it_is_delivered_is_published_held(
    hub, delivering, deidentify_with, export_folder, criteria
):
    put(export_folder, *four_views())
    made = recalling.place(hub.engine, criteria, reason="keeps too much", who="officer")
    with checking(hub):
        tally = walked(delivering, deidentify_with, registered(delivering, export_folder, DECISION))
    assert counts(tally) == {"ADMITTED": 4}
    assert search(hub.engine, Query()).studies == ()
    assert recalling.get(hub.engine, made.id).later >= 4
    recalling.lift(hub.engine, made.id, who="officer", reason="looked at again")
    assert [one.images for one in search(hub.engine, Query()).studies] == [4]
