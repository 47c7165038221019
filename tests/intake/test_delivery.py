"""A study goes from a region to the hub by the intake alone, over TLS, and is published."""

from sqlalchemy import func, select

from catalog.sightings.tables import preview
from catalog.tables import instance, revision, study
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
