"""What a source lists is held against what came, by keyed hashes, for one plan's own images."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from catalog.changes.rescans import LATELY, Looked
from catalog.changes.selects import MOST_UNAVAILABLE
from catalog.database import reading
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Ending, NewItem, Original
from catalog.outcome import Outcome
from catalog.plans.records import Announced, AnnouncedState
from tests.catalog.test_ledger import EXPORT, KEY
from tests.catalog.test_plans import PLAN, SOURCE

STUDY = "1.2.826.0.4711"
UIDS = [f"{STUDY}.{number}" for number in range(3)]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def came(ledger: Ledger, export_id: str, uids: list[str], outcome: Outcome, **more: object) -> None:
    """Let objects of the study come to an export; those without a UID were refused unread."""
    paths = [f"{export_id}/1/{number}" for number in range(len(uids))]
    ledger.enroll(export_id, [NewItem(path, 1, 9) for path in paths])
    items = ledger.items(export_id, 1)
    endings = [
        Ending(
            item.id,
            outcome,
            original=Original(STUDY, uid) if uid else None,
            clean_study_uid=f"2.25{STUDY}" if uid else None,
            clean_sop_uid=f"2.25{uid}" if uid else None,
        )
        for item, uid in zip(items, uids, strict=True)
    ]
    ledger.record(*endings, run="r")


@pytest.fixture
def ledger(ledger_engine: Engine) -> Ledger:
    made = Ledger(ledger_engine, LedgerKey(KEY))
    made.plans.set_source(SOURCE)
    made.plans.enter(PLAN)
    for name in ("export-1", "export-2"):
        made.register_export(replace(EXPORT, id=name, claimed=0))
    made.plans.add_windows(PLAN.id, [(date(2026, 1, 1), date(2026, 1, 7))])
    (window,) = made.plans.windows(PLAN.id)
    made.begin_stretch(replace(EXPORT, id="export-1", claimed=0), [], window)
    made.announced.announce("export-1", [Announced(STUDY)])
    return made


def test_what_is_late_and_what_is_gone_is_told_apart(ledger: Ledger) -> None:
    came(ledger, "export-1", UIDS, Outcome.ADMITTED)
    same = ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW)
    assert (same.late, len(same.gone), len(same.there)) == (False, 0, 3)
    other = ledger.rescans.compare(PLAN.id, STUDY, [*UIDS[1:], "1.2.3"], moment=NOW)
    assert (other.late, len(other.gone), len(other.there)) == (True, 1, 2)


def test_what_came_otherwise_is_not_late_and_never_gone(ledger: Ledger) -> None:
    came(ledger, "export-2", UIDS, Outcome.ADMITTED)
    assert not ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).late
    assert not ledger.rescans.compare(PLAN.id, STUDY, [], moment=NOW).gone


def test_what_was_refused_is_neither(ledger: Ledger) -> None:
    came(ledger, "export-1", [UIDS[0], "", ""], Outcome.REFUSED)
    assert not ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).late
    assert ledger.rescans.compare(PLAN.id, STUDY, [*UIDS, "1.2.3"], moment=NOW).late
    assert not ledger.rescans.compare(PLAN.id, STUDY, [], moment=NOW).gone


def test_what_was_rejected_is_not_gone(ledger: Ledger) -> None:
    came(ledger, "export-1", UIDS, Outcome.ADMITTED)
    ledger.rejections.enter("export-1", "1.2.9", "113001", UIDS[:2])
    assert len(ledger.rescans.compare(PLAN.id, STUDY, [], moment=NOW).gone) == 1


def test_what_is_missed_is_due_a_day_later_and_once(ledger: Ledger) -> None:
    came(ledger, "export-1", UIDS, Outcome.ADMITTED)
    rescans = ledger.rescans
    gone = rescans.compare(PLAN.id, STUDY, UIDS[:2], moment=NOW).gone
    for moment in (NOW, NOW + DAY):
        rescans.note(PLAN.id, gone=gone, there=(), moment=moment)
    assert rescans.due(PLAN.id, gone, NOW - DAY) == ()
    assert rescans.due(PLAN.id, (), NOW) == rescans.due("plan-2", gone, NOW) == ()
    (due,) = rescans.due(PLAN.id, gone, NOW)
    assert due.clean_sop_uid == f"2.25{UIDS[2]}"
    rescans.held([due], NOW)
    assert rescans.due(PLAN.id, gone, NOW + DAY) == ()
    assert not rescans.compare(PLAN.id, STUDY, UIDS[:2], moment=NOW).gone
    there = rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).there
    rescans.note(PLAN.id, gone=(), there=there, moment=NOW)
    again = rescans.compare(PLAN.id, STUDY, UIDS[:2], moment=NOW)
    assert (again.gone, again.lost) == (frozenset(), gone)  # it counts for a while, back or not
    later = NOW + LATELY + DAY
    rescans.note(PLAN.id, gone=(), there=there, moment=later)
    again = rescans.compare(PLAN.id, STUDY, UIDS[:2], moment=later)
    assert (again.gone, again.lost) == (gone, frozenset())  # it came back, and went again


def test_looks_are_remembered_with_the_export_that_followed(ledger: Ledger) -> None:
    rescans = ledger.rescans
    assert rescans.last(PLAN.id) is None
    rescans.looked(Looked(PLAN.id, 4, NOW))
    late = replace(EXPORT, id="export-late", claimed=0)
    ledger.begin_look(late, [Announced(STUDY)], Looked(PLAN.id, 4, NOW + DAY))
    assert ledger.announced.studies("export-late") == {STUDY: AnnouncedState.WAITING}
    assert rescans.last(PLAN.id) == NOW + DAY
    assert rescans.exports(PLAN.id) == rescans.exports(PLAN.id, unfinished=True) == ("export-late",)
    rescans.end("export-late", NOW + 2 * DAY)
    assert rescans.exports(PLAN.id) == ("export-late",)
    assert rescans.exports(PLAN.id, unfinished=True) == ()


def test_what_a_look_found_is_entered_whole_or_not_at_all(ledger: Ledger) -> None:
    late = replace(EXPORT, id="export-late", claimed=0)
    ledger.rescans.enter = broken  # type: ignore[method-assign]  # a crash before the last row
    with pytest.raises(KeyboardInterrupt):
        ledger.begin_look(late, [Announced(STUDY)], Looked(PLAN.id, 4, NOW))
    assert "export-late" not in [one.id for one in ledger.exports()]
    assert not ledger.announced.studies("export-late")


def broken(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_exports_studies_are_told_and_nothing_of_it_lies_open(ledger: Ledger) -> None:
    assert ledger.announced.studies("export-1") == {STUDY: AnnouncedState.WAITING}
    came(ledger, "export-1", UIDS, Outcome.ADMITTED)
    gone = ledger.rescans.compare(PLAN.id, STUDY, [], moment=NOW).gone
    ledger.rescans.note(PLAN.id, gone=gone, there=(), moment=NOW)
    with reading(ledger._engine) as connection:
        rows = connection.execute(text("SELECT * FROM missed")).all()
    assert len(rows) == 3
    assert "4711" not in repr(rows)


def test_what_never_came_is_late_again_and_not_for_ever(ledger: Ledger) -> None:
    came(ledger, "export-1", UIDS[:2], Outcome.ADMITTED)
    for number in range(MOST_UNAVAILABLE):
        name = f"export-n{number}"
        ledger.register_export(replace(EXPORT, id=name, claimed=0))
        came(ledger, name, UIDS[2:], Outcome.UNAVAILABLE)
        late = ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).late
        assert late is (number < MOST_UNAVAILABLE - 1)
    assert ledger.rescans.compare(PLAN.id, STUDY, [*UIDS, f"{STUDY}.9"], moment=NOW).late


def test_what_came_after_all_is_not_late(ledger: Ledger) -> None:
    came(ledger, "export-1", UIDS, Outcome.UNAVAILABLE)
    assert ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).late
    came(ledger, "export-2", UIDS, Outcome.ADMITTED)
    assert not ledger.rescans.compare(PLAN.id, STUDY, UIDS, moment=NOW).late
