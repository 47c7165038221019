"""What a newer detector finds is held, once; what it has seen it does not ask for again."""

import pytest
from sqlalchemy import Engine, select

from catalog import audit, holds
from catalog.database import reading
from catalog.errors import NotFoundError, Reason
from catalog.sightings import scans
from catalog.sightings import tables as pixel_tables
from catalog.sightings.scans import Look
from catalog.vocabulary import HoldKind, HoldScope
from tests.catalog.making import draft, prepared
from tests.catalog.test_derived import image, mask, study

OLD, NEW = "detector-1", "text 3 (other net)"
FOUND = Look(NEW, 2, f"{NEW} found text")


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    publisher.publish(study(image(), derived=(mask(),)))
    publisher.publish(draft(8))
    return catalogue_engine


def waiting(engine: Engine, detector: str, **asked: object) -> list[int]:
    total, found = scans.unscanned(engine, detector, **{"since": detector, **asked})
    ids = [one.revision_id for one in found]
    assert len(ids) == total
    return ids


def test_what_an_older_detector_made_waits_but_not_what_was_derived(engine: Engine) -> None:
    _, found = scans.unscanned(engine, NEW, since=NEW)
    rows = list(found)
    assert len(rows) == 5
    assert {row.detector for row in rows} == {OLD}
    assert "clean" not in repr(rows[0])


def test_what_this_detector_made_does_not_wait_unless_asked(engine: Engine) -> None:
    assert waiting(engine, OLD) == []
    assert len(waiting(engine, OLD, again=True)) == 5


def test_what_was_looked_at_does_not_wait_again(engine: Engine) -> None:
    first, *rest = waiting(engine, NEW)
    assert scans.record(engine, first, Look(NEW, 0, ""), who="me") is None
    assert waiting(engine, NEW) == rest
    assert waiting(engine, NEW, again=True) == rest
    assert list(holds.list_holds(engine)) == []


def test_a_look_by_another_detector_that_is_new_enough_will_do(engine: Engine) -> None:
    first, second, *rest = waiting(engine, NEW)
    scans.record(engine, first, Look("text 2 (net)", 0, ""), who="me")
    scans.record(engine, second, Look("text 1 (net)", 0, ""), who="me")
    assert waiting(engine, NEW, since="text 2 (net)") == [second, *rest]
    assert waiting(engine, NEW) == [first, second, *rest]
    assert waiting(engine, NEW, since="text 1 (net)") == rest  # "detector-1" has no number


def test_only_the_number_of_a_detector_says_which_is_later(engine: Engine) -> None:
    first, second, third, *rest = waiting(engine, NEW)
    for which, name in ((first, "PP-OCRv6"), (second, "text 2 (PP-OCRv9)"), (third, "text 10")):
        scans.record(engine, which, Look(name, 0, ""), who="me")
    assert waiting(engine, NEW, since="text 2 (PP-OCRv9)") == [first, *rest]
    assert waiting(engine, NEW, since="text 10") == [first, second, *rest]
    assert waiting(engine, NEW, since="PP-OCRv6") == rest


@pytest.mark.parametrize("since", ["nonsense", "text 99", "text 3", ""])
def test_a_detector_there_is_no_record_of_is_refused(engine: Engine, since: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        scans.unscanned(engine, NEW, since=since)
    assert refused.value.reason is Reason.NO_DETECTOR


def test_what_is_found_is_held_and_audited_with_the_detector_s_name(engine: Engine) -> None:
    first, second, *_ = waiting(engine, NEW)
    number = scans.record(engine, first, FOUND, who="anna.a")
    unchecked = scans.record(engine, second, Look(NEW, None, "could not look"), who="anna.a")
    one, two = holds.list_holds(engine)
    assert (one.id, two.id) == (number, unchecked)
    assert (one.kind, one.target.scope, one.target.value) == (
        HoldKind.RECALLED,
        HoldScope.REVISION,
        str(first),
    )
    assert (one.reason, one.placed_by) == (f"{NEW} found text", "anna.a")
    lines = [(line.actor, line.action, line.object) for line in audit.entries(engine)]
    assert lines == [("anna.a", "hold", f"hold:{n}") for n in (number, unchecked)]
    with reading(engine) as connection:
        rows = connection.execute(select(pixel_tables.scan)).all()
    assert {(row.revision_id, row.findings) for row in rows} == {(first, 2), (second, None)}


def test_a_lifted_hold_is_not_placed_again_but_by_another_detector(engine: Engine) -> None:
    first = waiting(engine, NEW)[0]
    number = scans.record(engine, first, FOUND, who="me")
    assert scans.record(engine, first, FOUND, who="me") is None
    holds.lift(engine, number, who="officer", reason="a label of the device")
    assert scans.record(engine, first, FOUND, who="me") is None
    assert list(holds.list_holds(engine)) == []
    assert scans.record(engine, first, Look("text 4", 1, "r"), who="me") is not None
    assert scans.record(engine, first, Look("text 5", 1, "r"), who="me") is not None
    assert len(holds.list_holds(engine)) == 2
