"""An environment is asked to delete what is held, says that it did, and is asked anew."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from catalog import audit, holds, permits
from catalog.accounts import accounts, keys
from catalog.accounts.records import Account
from catalog.columns import now
from catalog.database import reading
from catalog.deletions import confirming, objects
from catalog.deletions.records import Confirmation
from catalog.deletions.standings import standings
from catalog.deletions.tables import deletion
from catalog.erasures import erasing
from catalog.erasures.erasing import Asked
from catalog.errors import NotFoundError, Reason, StepError
from catalog.holds import HoldTarget
from catalog.holds.effects import EFFECTS, Deletion
from catalog.recalls import recalling
from catalog.recalls.records import Criteria
from catalog.vocabulary import HoldKind, HoldScope, Tier
from tests.catalog.making import TODAY, WHO, draft, permit, prepared
from tests.catalog.test_releases import built

SPE, OTHER = "spe-7", "spe-8"
SAID = Confirmation("Eva Ek", now() - timedelta(minutes=1), "a" * 64)


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    for study in (1, 2):
        publisher.publish(draft(study, subject="subject-1"))
    for name in (SPE, OTHER):
        public = keys.public_text(keys.draw())
        accounts.add(catalogue_engine, Account(name, "An SPE", TODAY), public, who="operator")
    persons = {"tier": Tier.PSEUDO_SPE}
    permits.create(catalogue_engine, permit(persons=frozenset({WHO, SPE}), **persons))
    permits.create(catalogue_engine, permit("other", persons=frozenset({OTHER}), **persons))
    built(catalogue_engine)
    return catalogue_engine


def place(engine: Engine, kind: HoldKind, scope: HoldScope, value: str) -> int:
    return holds.place(engine, kind, HoldTarget(scope, value), reason="r", who="officer")


def uids(engine: Engine) -> list[str]:
    return [one.sop_uid for one in objects.asked_of(engine, SPE, "permit-1")]


def confirm(engine: Engine, *named: str, said: Confirmation = SAID) -> int:
    return confirming.confirm(engine, SPE, "permit-1", named, said)


EVERY = [f"2.25.9{study}.1.{number}" for study in (1, 2) for number in (1, 2, 3, 4)]
SCOPES = {
    HoldScope.SUBJECT: ("subject-1", EVERY),
    HoldScope.STUDY: ("2.25.2", EVERY[4:]),
    HoldScope.INSTANCE: ("2.25.1.1.3", EVERY[2:3]),
    HoldScope.REVISION: ("3", EVERY[2:3]),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_hold_is_on_is_asked_for_by_the_names_it_has_there(engine, scope):
    value, expected = SCOPES[scope]
    assert uids(engine) == []
    number = place(engine, HoldKind.RECALLED, scope, value)
    assert uids(engine) == expected
    assert objects.asked_of(engine, OTHER, "other") == ()
    holds.lift(engine, number, who="officer")
    assert uids(engine) == []


@pytest.mark.parametrize("kind", HoldKind)
def test_the_table_says_which_holds_ask(engine, kind):
    place(engine, kind, HoldScope.INSTANCE, "2.25.1.1.3")
    found = [one.deletion for one in objects.asked_of(engine, SPE, "permit-1")]
    word = EFFECTS[kind].deletion
    if word is Deletion.NONE:
        assert found == []
    else:
        assert found == [Deletion.REPLACED if word is Deletion.REPLACED else Deletion.DELETED]


def test_it_is_confirmed_once_and_asked_anew_by_a_later_hold(engine):
    recalling.place(engine, Criteria(detector="detector-1"), reason="r", who="officer")
    assert confirm(engine, *EVERY[:2]) == 2
    assert confirm(engine, *EVERY[:3]) == 1
    assert uids(engine) == EVERY[3:]
    (standing,) = standings(engine, today=TODAY)
    assert (standing.environment, standing.permit_id) == (SPE, "permit-1")
    assert (standing.due, standing.confirmed) == (5, 3)
    assert standing.oldest
    place(engine, HoldKind.WITHDRAWN, HoldScope.INSTANCE, "2.25.1.1.1")
    assert uids(engine) == [EVERY[0], *EVERY[3:]]
    lines = [(one.actor, one.permit_id, one.outcome) for one in audit.entries(engine)]
    lines = [line for line in lines if line[0] == SPE]
    assert lines[-2:] == [(SPE, "permit-1", "2 deleted"), (SPE, "permit-1", "1 deleted")]


def test_what_was_erased_is_named_until_it_is_gone_there_and_its_proof_is_needed(engine):
    place(engine, HoldKind.RECALLED, HoldScope.STUDY, "2.25.1")
    confirm(engine, EVERY[0])
    target = HoldTarget(HoldScope.STUDY, "2.25.1")
    erasing.begin(engine, Asked(target, "7/2026", "Article 17", "officer"), {})
    found = objects.asked_of(engine, SPE, "permit-1")
    assert [one.sop_uid for one in found] == EVERY[:4]
    assert {one.deletion for one in found} == {Deletion.PROVEN}
    with pytest.raises(StepError) as caught:
        confirm(engine, *EVERY[:4], said=replace(SAID, proof_sha256=""))
    assert caught.value.reason is Reason.NO_PROOF
    assert confirm(engine, *EVERY[:4]) == 4
    assert uids(engine) == []
    assert confirm(engine, *EVERY[:4]) == 0
    with reading(engine) as connection:
        rows = connection.execute(select(deletion)).all()
    assert len(rows) == 5
    assert {row.sop_uid for row in rows} == {row.study_uid for row in rows} == {None}


def test_an_ended_permit_is_asked_too_and_nobody_else_is_told(engine):
    place(engine, HoldKind.RECALLED, HoldScope.STUDY, "2.25.1")
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    assert uids(engine) == EVERY[:4]
    for account, named in ((OTHER, "permit-1"), (SPE, "other"), (SPE, "nothing")):
        with pytest.raises(NotFoundError):
            objects.asked_of(engine, account, named)
        with pytest.raises(NotFoundError):
            confirming.confirm(engine, account, named, EVERY[:1], SAID)


def test_what_was_not_asked_is_not_confirmed_and_nothing_with_it(engine):
    place(engine, HoldKind.RECALLED, HoldScope.STUDY, "2.25.1")
    with pytest.raises(NotFoundError):
        confirm(engine, EVERY[0], EVERY[5])
    with pytest.raises(StepError):
        confirm(engine, EVERY[0], said=replace(SAID, deleted_at=now() + timedelta(hours=1)))
    assert uids(engine) == EVERY[:4]
    pages = objects.asked_of(engine, SPE, "permit-1", after=EVERY[1], limit=1)
    assert [one.sop_uid for one in pages] == EVERY[2:3]


def whole(engine: Engine, said: Confirmation = SAID, who: str = SPE):
    return confirming.confirm_all(engine, "permit-1", SPE, said, who=who, today=TODAY)


def test_of_an_ended_permit_all_goes_by_a_day_and_one_confirmation_is_of_all(engine):
    place(engine, HoldKind.RECALLED, HoldScope.STUDY, "2.25.1")
    with pytest.raises(StepError) as caught:
        whole(engine)
    assert caught.value.reason is Reason.GOES_ON
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    (standing,) = standings(engine, SPE, today=TODAY)
    assert (standing.due, standing.confirmed) == (4, 0)
    assert standing.whole
    day = standing.whole.by
    assert (standing.is_late(day), standing.is_late(day + timedelta(days=1))) == (False, True)
    with pytest.raises(StepError) as caught:
        whole(engine, replace(SAID, deleted_at=now() + timedelta(hours=1)))
    assert caught.value.reason is Reason.NOT_YET
    done = whole(engine)
    assert (done.confirmed_by, done.is_late(day + timedelta(days=1))) == (SPE, False)
    assert whole(engine, who="somebody") == done
    assert uids(engine) == []
    (standing,) = standings(engine, today=TODAY)
    assert (standing.due, standing.confirmed, standing.whole) == (0, 4, done)
    lines = [(one.actor, one.object) for one in audit.entries(engine) if one.action == "deleted"]
    assert lines == [(SPE, f"deletion:{SPE}")]


def test_where_all_is_gone_nothing_more_is_asked_for(engine):
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    whole(engine)
    place(engine, HoldKind.RECALLED, HoldScope.STUDY, "2.25.1")
    target = HoldTarget(HoldScope.STUDY, "2.25.2")
    erasing.begin(engine, Asked(target, "7/2026", "Article 17", "officer"), {})
    assert uids(engine) == []


def test_what_was_erased_needs_its_proof_also_when_all_is_confirmed(engine):
    target = HoldTarget(HoldScope.STUDY, "2.25.1")
    erasing.begin(engine, Asked(target, "7/2026", "Article 17", "officer"), {})
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    with pytest.raises(StepError) as caught:
        whole(engine, replace(SAID, proof_sha256=""))
    assert caught.value.reason is Reason.NO_PROOF
    whole(engine)
    assert uids(engine) == []
    with reading(engine) as connection:
        assert set(connection.scalars(select(deletion.c.sop_uid))) == {None}


def test_nobody_confirms_all_of_what_it_never_had(engine):
    permits.revoke(engine, "permit-1", who="officer", reason="r")
    for name, named in ((OTHER, "permit-1"), (SPE, "other"), (SPE, "nothing")):
        with pytest.raises(NotFoundError):
            confirming.confirm_all(engine, named, name, SAID, who=name, today=TODAY)
