"""Whoever has what was stopped is told, once, and somebody says that it was done."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from catalog import audit, holds, permits
from catalog.columns import now
from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.errors import NotFoundError
from catalog.holds import HoldTarget
from catalog.holds.effects import EFFECTS
from catalog.notices import outbox
from catalog.notices.outbox import NoticeState
from catalog.recalls import recalling
from catalog.recalls.records import Criteria
from catalog.vocabulary import HoldKind, HoldScope
from flows.cli.notice_text import text
from flows.cli.notices import line
from tests.catalog.making import WHO, draft, permit, prepared
from tests.catalog.test_releases import built

TODAY = now().date()


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    for study in (1, 2):
        publisher.publish(draft(study))
    permits.create(catalogue_engine, permit())
    permits.create(catalogue_engine, permit("other"))
    built(catalogue_engine)
    return catalogue_engine


def found(engine: Engine) -> list[tuple[str, str | None, int]]:
    return [(one.about, one.permit_id, one.instances) for one in outbox.every(engine)]


def test_a_recall_is_one_notice_to_each_permit_and_one_to_the_authority(engine: Engine) -> None:
    assert outbox.collect(engine, TODAY) == 0
    known = now() - timedelta(hours=5)
    criteria = Criteria(detector="detector-1")
    recalling.place(engine, criteria, reason="r", who="officer", aware_at=known)
    assert outbox.collect(engine, TODAY) == 2
    assert outbox.collect(engine, TODAY) == 0
    assert sorted(found(engine), key=str) == [("recall:1", "permit-1", 8), ("recall:1", None, 8)]
    assert {one.due_at for one in outbox.every(engine)} == {known + timedelta(hours=72)}
    assert "66 h left" in line(outbox.get(engine, 1), now())
    assert "late by 1 h" in line(outbox.get(engine, 1), known + timedelta(hours=73, minutes=1))


@pytest.mark.parametrize("kind", HoldKind)
def test_the_table_says_which_holds_are_told(engine: Engine, kind: HoldKind) -> None:
    target = HoldTarget(HoldScope.STUDY, "2.25.1")
    for _ in range(2):
        holds.place(engine, kind, target, reason="r", who="officer")
    assert outbox.collect(engine, TODAY) == 0
    outbox.collect(engine, TODAY + timedelta(days=1))
    told = [(f"holds:{TODAY}", "permit-1", 4)] if EFFECTS[kind].notice else []
    assert found(engine) == told


def test_an_erasure_is_told_whoever_had_it(engine: Engine) -> None:
    target = HoldTarget(HoldScope.STUDY, "2.25.1")
    erasing.begin(engine, Asked(target, "7/2026", "Article 17", "officer"), {})
    outbox.collect(engine, TODAY)
    assert found(engine) == [("erasure:1", "permit-1", 4)]


def test_it_is_sent_and_done_by_a_person_and_audited(engine: Engine) -> None:
    recalling.place(engine, Criteria(detector="detector-1"), reason="r", who="officer")
    outbox.collect(engine, TODAY)
    assert outbox.sent(engine, 1, who="eva").state is NoticeState.SENT
    for _ in range(2):
        outbox.sent(engine, 1, who="eva")
        assert outbox.done(engine, 1, note="they know", who="eva").state is NoticeState.DONE
    assert outbox.done(engine, 1, note="another", who="eva").note == "they know"
    assert len(found(engine)) == 1
    assert len(outbox.every(engine, done=True)) == 2
    lines = [(one.action, one.outcome) for one in audit.entries(engine) if one.actor == "eva"]
    assert lines == [("notice", "sent"), ("notice", "done")]
    assert outbox.collect(engine, TODAY) == 0
    with pytest.raises(NotFoundError):
        outbox.sent(engine, 9, who="eva")


def test_its_text_names_the_permit_and_nobody_of_whom_the_images_are(engine: Engine) -> None:
    reason = "subject-1 2.25.1"
    recalling.place(engine, Criteria(instance="2.25.1"), reason=reason, who="officer")
    outbox.collect(engine, TODAY)
    written = "\n".join(text(one) for one in outbox.every(engine))
    assert WHO in written
    assert "/releases/permit-1/deletions" in written
    assert "4 objects" in written
    for secret in ("subject-1", "2.25.1", "2.25.91"):
        assert secret not in written
