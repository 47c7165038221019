"""Sealed cells are bound to their rows, UIDs are one to one, and keys are remembered."""

from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import Engine, text

from catalog.database import _configuration, connect, migrate, writing
from catalog.errors import CatalogError, ConflictError, LedgerKeyError, Reason
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.key_marks import KeyMarks, is_begun
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, NewItem, Original
from catalog.ledgers.rows import original_cell
from catalog.outcome import Outcome
from tests.catalog.test_ledger import EXPORT, ITEMS, KEY


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.register_export(EXPORT)
    made.enroll(EXPORT.id, ITEMS)
    return made


def ending(item_id: int, sop: str = "1.2.3", clean: str = "2.25.3", **changes: object) -> Ending:
    original = Original(f"{sop}.9", sop, "ACC")
    made = Ending(
        item_id,
        Outcome.ADMITTED,
        original=original,
        clean_study_uid=f"{clean}.9",
        clean_sop_uid=clean,
    )
    return replace(made, **changes)


def swap(engine: Engine, table: str, column: str, *ids: object) -> None:
    """Put one row's cell in another row's place, and the other way round."""
    with engine.begin() as connection:
        read = text(f"SELECT {column} FROM {table} WHERE id = :id")
        cells = [connection.execute(read, {"id": one}).scalar() for one in ids]
        write = text(f"UPDATE {table} SET {column} = :cell WHERE id = :id")
        for one, cell in zip(reversed(ids), cells, strict=True):
            connection.execute(write, {"id": one, "cell": cell})


def test_paths_of_two_files_cannot_be_swapped(ledger: Ledger, ledger_engine: Engine) -> None:
    one, other = ledger.items(EXPORT.id, 0)
    swap(ledger_engine, "item", "path_enc", one.id, other.id)
    for read in (ledger.items, lambda *_: ledger.pending_paths(EXPORT.id)):
        with pytest.raises(LedgerKeyError):
            read(EXPORT.id, 0)


def test_paths_of_two_exports_cannot_be_swapped(ledger: Ledger, ledger_engine: Engine) -> None:
    ledger.register_export(replace(EXPORT, id="export-2"))
    swap(ledger_engine, "export", "path_enc", EXPORT.id, "export-2")
    for name in (EXPORT.id, "export-2"):
        with pytest.raises(LedgerKeyError):
            ledger.export(name)


@pytest.mark.parametrize("column", ["sop_uid", "study_uid", "accession"])
def test_what_a_file_was_called_is_bound_to_its_row(
    ledger: Ledger, ledger_engine: Engine, column: str
) -> None:
    one, other = ledger.items(EXPORT.id, 0)
    ledger.record(ending(one.id), ending(other.id, "1.2.4", "2.25.4"), run="run")
    key = LedgerKey(KEY)

    def opened(item_id: int) -> str:
        with ledger_engine.connect() as connection:
            read = text(f"SELECT {column}_enc, path_index FROM item WHERE id = :id")
            cell, index = connection.execute(read, {"id": item_id}).one()
        return key.decrypt(original_cell(column, item_id, index), bytes(cell))

    assert opened(one.id)
    swap(ledger_engine, "item", f"{column}_enc", one.id, other.id)
    with pytest.raises(LedgerKeyError):
        opened(one.id)
    swap(ledger_engine, "item", f"{column}_enc", one.id, other.id)
    swap(ledger_engine, "item", "size", one.id, other.id)
    assert opened(one.id)


@pytest.mark.parametrize(
    "second",
    [
        {"sop": "1.2.4"},  # two originals, one clean UID
        {"clean": "2.25.4"},  # one original, two clean UIDs
    ],
)
def test_original_and_clean_uids_are_one_to_one(ledger: Ledger, second: dict[str, str]) -> None:
    one, other = ledger.items(EXPORT.id, 0)
    with pytest.raises(ConflictError) as caught:
        ledger.record(ending(one.id), ending(other.id, **second), run="run")
    assert caught.value.reason is Reason.COLLISION
    assert ledger.progress(EXPORT.id).done == 0
    ledger.record(ending(one.id), run="run")
    for collide in (
        lambda: ledger.require_one_to_one(ending(other.id, **second)),
        lambda: ledger.record(ending(other.id, **second), run="run"),
    ):
        with pytest.raises(ConflictError) as caught:
            collide()
        assert caught.value.reason is Reason.COLLISION
    assert ledger.progress(EXPORT.id).done == 1


def test_studies_are_one_to_one_too(ledger: Ledger) -> None:
    one, other = ledger.items(EXPORT.id, 0)
    ledger.record(ending(one.id), run="run")
    moved = replace(ending(other.id, "1.2.4", "2.25.4"), clean_study_uid="2.25.3.9")
    with pytest.raises(ConflictError):
        ledger.record(moved, run="run")


def test_the_same_image_again_is_no_collision(ledger: Ledger) -> None:
    ledger.enroll(EXPORT.id, [NewItem("again.dcm", 0, 1)])
    first, second, again = ledger.items(EXPORT.id, 0)
    ledger.record(ending(first.id), run="run")
    known = ending(again.id, outcome=Outcome.KNOWN)
    bare = Ending(second.id, Outcome.SUSPECT, original=Original("", "", ""))
    assert ledger.record(known, bare, run="other") == 2
    assert ledger.record(ending(first.id), run="run") == 1


def test_a_key_that_was_replaced_is_noticed(ledger_engine: Engine) -> None:
    marks = KeyMarks(ledger_engine)
    assert marks.same("the region's key", "A")
    assert marks.same("the region's key", "A")
    assert not marks.same("the region's key", "B")
    assert marks.same("the edge's key", "B")


def test_a_ledger_is_begun_with_its_first_export(ledger_engine: Engine) -> None:
    assert not is_begun(ledger_engine)
    Ledger(ledger_engine, LedgerKey(KEY)).register_export(EXPORT)
    assert is_begun(ledger_engine)


def at_first_schema(url: str) -> Engine:
    engine = connect(url)
    with writing(engine) as connection:
        command.upgrade(_configuration(connection, "ledger"), "l0001")
    return engine


def test_a_ledger_of_before_says_that_it_cannot_be_read(database_url: str) -> None:
    engine = at_first_schema(database_url)
    Ledger(engine, LedgerKey(KEY)).register_export(EXPORT)
    with pytest.raises(CatalogError) as caught:
        migrate(database_url, "ledger")
    assert caught.value.reason is Reason.OLD_LEDGER
    with engine.connect() as connection:  # nothing was changed
        assert connection.execute(text("SELECT count(*) FROM export")).scalar() == 1
    with pytest.raises(CatalogError) as caught:
        KeyMarks(engine).same("the region's key", "A")
    assert caught.value.reason is Reason.SCHEMA
    engine.dispose()


def test_an_empty_ledger_of_before_is_migrated(database_url: str) -> None:
    engine = at_first_schema(database_url)
    migrate(database_url, "ledger")
    assert KeyMarks(engine).same("the region's key", "A")
    engine.dispose()
