"""What was rejected is known again by keyed hashes alone, and held once for each note."""

from dataclasses import replace

from sqlalchemy import text

from catalog.database import reading
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending
from catalog.outcome import Outcome
from tests.catalog.test_ledger import EXPORT, ORIGINAL

UID = ORIGINAL.sop_uid
NOTE = "1.2.826.0.4711.90"


def published(ledger: Ledger) -> None:
    (item, *_) = ledger.items(EXPORT.id, 0)
    ledger.record(
        Ending(
            item.id,
            Outcome.ADMITTED,
            original=ORIGINAL,
            clean_study_uid="2.25.1",
            clean_sop_uid="2.25.2",
            revision=1,
        ),
        run="r",
    )


def test_what_is_rejected_is_known_to_its_holder(ledger: Ledger) -> None:
    assert ledger.rejections.code("vgr", UID) is None
    assert ledger.rejections.enter(EXPORT.id, NOTE, "113001", {UID, "1.2.3"}) == 2
    assert ledger.rejections.enter(EXPORT.id, NOTE, "113001", {UID, "1.2.3"}) == 0
    assert ledger.rejections.code("vgr", UID) == "113001"
    assert ledger.rejections.code("other", UID) is None
    assert ledger.rejections.enter(EXPORT.id, NOTE, "113001", ()) == 0


def test_what_is_published_of_it_is_due_until_it_is_held(ledger: Ledger) -> None:
    ledger.rejections.enter(EXPORT.id, NOTE, "113037", {UID})
    assert ledger.rejections.due("vgr") == ()
    published(ledger)
    (due,) = ledger.rejections.due("vgr")
    assert (due.clean_sop_uid, due.code, due.export_id) == ("2.25.2", "113037", EXPORT.id)
    assert ledger.rejections.due("vgr", [UID]) == (due,)
    assert ledger.rejections.due("vgr", ["1.2.3"]) == ledger.rejections.due("vgr", []) == ()
    assert ledger.rejections.due("other") == ()
    ledger.rejections.held([due])
    assert ledger.rejections.due("vgr") == ()


def test_a_note_of_another_holder_makes_nothing_due(ledger: Ledger) -> None:
    published(ledger)
    ledger.register_export(replace(EXPORT, id="export-2", holder_id="other"))
    ledger.rejections.enter("export-2", NOTE, "113001", {UID})
    assert ledger.rejections.due("other") == ledger.rejections.due("vgr") == ()


def test_a_note_may_name_thousands(ledger: Ledger) -> None:
    many = {f"{UID}.{number}" for number in range(5000)}
    assert ledger.rejections.enter(EXPORT.id, NOTE, "113039", {*many, UID}) == 5001
    published(ledger)
    assert len(ledger.rejections.due("vgr", many | {UID})) == 1


def test_its_database_knows_no_uid(ledger: Ledger) -> None:
    ledger.rejections.enter(EXPORT.id, NOTE, "113001", {UID})
    with reading(ledger._engine) as connection:
        rows = connection.execute(text("SELECT * FROM rejection")).all()
    assert len(rows) == 1
    assert "4711" not in repr(rows)
