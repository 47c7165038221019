"""The ledger knows how every file ended, and its database knows no identity."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect

from catalog.database import connect
from catalog.errors import ConflictError, LedgerKeyError, NotFoundError
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, Export, NewItem, Original
from catalog.outcome import Outcome
from catalog.records import DisclosureDecision
from catalog.vocabulary import ProtectionSource
from tests.conftest import Databases

KEY = bytes(range(32))
DECISION = DisclosureDecision(
    reference="D-2026-17",
    legal_basis="EHDS Art. 60",
    purpose="The national data space",
    controller="Region Test",
    valid_until=date(2027, 1, 1),
    protection_source=ProtectionSource.SIDE_TABLE,
)
EXPORT = Export("export-1", "vgr", "/landing/CANARY^ANNA", 5, DECISION)
ITEMS = [NewItem(f"CANARY/{n}.dcm", n // 2, 1000 + n) for n in range(5)]
ORIGINAL = Original("1.2.826.0.4711", "1.2.826.0.4711.1", "CANARY-ACC", "RIS")
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.register_export(EXPORT)
    made.enroll("export-1", ITEMS)
    return made


def test_an_export_comes_back_as_registered(ledger: Ledger) -> None:
    ledger.register_export(EXPORT)
    assert ledger.export("export-1") == EXPORT
    assert ledger.exports() == (EXPORT,)
    for other in (replace(EXPORT, path="/other"), replace(EXPORT, claimed=6)):
        with pytest.raises(ConflictError):
            ledger.register_export(other)
    with pytest.raises(NotFoundError):
        ledger.export("unknown")


def test_enrolling_twice_changes_nothing(ledger: Ledger) -> None:
    before = [ledger.items("export-1", ordinal) for ordinal in range(3)]
    assert ledger.enroll("export-1", ITEMS) == 0
    assert ledger.enroll("export-1", [*ITEMS, NewItem("new", 3, 1)]) == 1
    assert [ledger.items("export-1", ordinal) for ordinal in range(3)] == before
    assert [item.path for item in before[1]] == ["CANARY/2.dcm", "CANARY/3.dcm"]
    assert [item.size for item in before[2]] == [1004]
    with pytest.raises(NotFoundError):
        ledger.enroll("unknown", ITEMS)


def test_a_large_export_is_enrolled_in_batches(ledger: Ledger) -> None:
    assert ledger.enroll("export-1", (NewItem(f"n/{n}", 9, n) for n in range(1203))) == 1203
    assert len(ledger.items("export-1", 9)) == 1203


def test_studies_are_pending_until_each_file_has_an_outcome(ledger: Ledger) -> None:
    assert ledger.studies("export-1") == (0, 1, 2)
    first, second = ledger.items("export-1", 0)
    ledger.record(Ending(first.id, Outcome.ADMITTED), run="run-1")
    assert ledger.studies("export-1") == (0, 1, 2)
    ledger.record(Ending(second.id, Outcome.REFUSED, "the SOP class"), run="run-1")
    assert ledger.studies("export-1") == (1, 2)
    assert [item.outcome for item in ledger.items("export-1", 0)] == [
        Outcome.ADMITTED,
        Outcome.REFUSED,
    ]
    progress = ledger.progress("export-1")
    assert (progress.items, progress.done) == (5, 2)
    assert progress.counts == {Outcome.ADMITTED: 1, Outcome.REFUSED: 1}
    assert ledger.reasons("export-1") == {
        (Outcome.ADMITTED, ""): 1,
        (Outcome.REFUSED, "the SOP class"): 1,
    }


def test_only_its_own_run_corrects_an_outcome(ledger: Ledger) -> None:
    (item,) = ledger.items("export-1", 2)
    assert ledger.record(Ending(item.id, Outcome.SUSPECT), run="run-1") == 1
    assert ledger.record(Ending(item.id, Outcome.ADMITTED), run="run-1") == 1
    assert ledger.record(Ending(item.id, Outcome.KNOWN), run="run-2") == 0
    assert ledger.items("export-1", 2)[0].outcome is Outcome.ADMITTED


def test_the_tally_agrees_when_every_file_has_ended(ledger: Ledger) -> None:
    items = [item for ordinal in range(3) for item in ledger.items("export-1", ordinal)]
    assert not ledger.tally("export-1").matches
    ledger.record(*(Ending(item.id, Outcome.ADMITTED) for item in items), run="run-1")
    assert ledger.tally("export-1").matches
    ledger.enroll("export-1", [NewItem("Thumbs.db", 0, 3)])
    assert ledger.tally("export-1").matches
    foreign = ledger.items("export-1", 0)[-1]
    ledger.record(Ending(foreign.id, Outcome.UNREADABLE, "not DICOM", foreign=True), run="run-1")
    tally = ledger.tally("export-1")
    assert (tally.claimed, tally.foreign, tally.total, tally.matches) == (5, 1, 6, True)
    with pytest.raises(ConflictError):
        ledger.record(Ending(foreign.id, Outcome.REFUSED, foreign=True), run="run-1")
    with pytest.raises(NotFoundError):
        ledger.tally("unknown")


def recorded(ledger: Ledger, expires: datetime | None = None) -> None:
    items = ledger.items("export-1", 0)
    endings = [
        Ending(
            item.id,
            Outcome.ADMITTED,
            original=replace(ORIGINAL, sop_uid=f"{ORIGINAL.sop_uid}.{item.id}"),
            clean_study_uid="2.25.1",
            clean_sop_uid=f"2.25.1.{item.id}",
            revision=1,
            expires_at=expires,
        )
        for item in items
    ]
    ledger.record(*endings, run="run-1")


def test_what_became_of_an_original_is_found_again(ledger: Ledger) -> None:
    recorded(ledger)
    first = ledger.items("export-1", 0)[0]
    by_accession = ledger.by_accession("CANARY-ACC ", "RIS")
    assert [trace.clean_sop_uid for trace in by_accession] == ["2.25.1.1", "2.25.1.2"]
    assert [trace.outcome for trace in by_accession] == [Outcome.ADMITTED] * 2
    assert ledger.by_accession("CANARY-ACC") == ()
    assert ledger.by_accession("") == ()
    (trace,) = ledger.by_instance(f"{ORIGINAL.sop_uid}.{first.id}")
    assert (trace.export_id, trace.clean_study_uid, trace.revision) == ("export-1", "2.25.1", 1)


def test_a_file_without_accession_is_not_found_by_none(ledger: Ledger) -> None:
    (item,) = ledger.items("export-1", 2)
    bare = Original("1.2.3", "1.2.3.4")
    ledger.record(Ending(item.id, Outcome.SUSPECT, original=bare), run="run-1")
    assert ledger.by_accession("") == ()
    assert len(ledger.by_instance("1.2.3.4")) == 1


def test_what_has_expired_is_forgotten_but_still_counted(ledger: Ledger) -> None:
    recorded(ledger, LATER)
    assert ledger.forget_expired(LATER - timedelta(seconds=1)) == 0
    assert ledger.forget_expired(LATER) == 2
    assert ledger.forget_expired(LATER) == 0
    assert ledger.by_accession("CANARY-ACC", "RIS") == ()
    assert ledger.items("export-1", 0) == ()
    assert ledger.progress("export-1").counts == {Outcome.ADMITTED: 2}


def test_another_key_reads_nothing(ledger: Ledger, ledger_engine: Engine) -> None:
    recorded(ledger)
    other = Ledger(ledger_engine, LedgerKey(bytes(32)))
    for read in (lambda: other.export("export-1"), lambda: other.items("export-1", 0)):
        with pytest.raises(LedgerKeyError):
            read()
    assert other.by_accession("CANARY-ACC", "RIS") == ()


@pytest.fixture
def sqlite_ledger(sqlite_databases: Databases) -> Iterator[tuple[Ledger, Path]]:
    engine = connect(sqlite_databases("ledger"))
    made = Ledger(engine, LedgerKey(KEY))
    made.register_export(EXPORT)
    made.enroll("export-1", ITEMS)
    yield made, Path(str(engine.url.database))
    engine.dispose()


def test_no_identity_is_in_the_database_file(sqlite_ledger: tuple[Ledger, Path]) -> None:
    ledger, path = sqlite_ledger
    recorded(ledger)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM item").scalar() == 5
        dumped = [
            repr(connection.exec_driver_sql(f'SELECT * FROM "{name}"').all())
            for name in inspect(engine).get_table_names()
        ]
    engine.dispose()
    raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    for secret in ("CANARY", "4711"):
        assert secret not in "".join(dumped)
        assert secret.encode() not in raw
    assert "2.25.1" in "".join(dumped)


def test_no_record_shows_an_identity(ledger: Ledger) -> None:
    recorded(ledger)
    item = ledger.items("export-1", 0)[0]
    shown = repr((EXPORT, ITEMS, ORIGINAL, item, ledger.by_accession("CANARY-ACC", "RIS")))
    assert "CANARY" not in shown
    assert "2.25" not in shown
    assert "4711" not in shown


def test_workers_record_different_studies_at_once(ledger: Ledger) -> None:
    ledger.enroll("export-1", (NewItem(f"w/{n}", 10 + n, 1) for n in range(8)))
    written: list[int] = []

    def work(ordinal: int) -> None:
        endings = [Ending(i.id, Outcome.KNOWN) for i in ledger.items("export-1", ordinal)]
        written.append(ledger.record(*endings, run="run-1"))

    workers = [threading.Thread(target=work, args=(10 + n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert written == [1] * 8


def test_a_value_is_bound_to_its_key_its_column_and_its_bytes() -> None:
    key = LedgerKey(KEY)
    sealed = key.encrypt("item.path", "a")
    assert key.decrypt("item.path", sealed) == "a"
    assert key.encrypt("item.path", "a") != sealed
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for column, value in (("item.other", sealed), ("item.path", broken), ("item.path", b"")):
        with pytest.raises(LedgerKeyError):
            key.decrypt(column, value)
    assert key.index("a", "b") == LedgerKey(KEY).index("a", "b") != key.index("b", "b")
    with pytest.raises(LedgerKeyError):
        LedgerKey(b"short")
