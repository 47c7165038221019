"""Permits that are amended, extended and revoked: one of a line is in force, never two."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from catalog import audit, permits
from catalog.applications.records import Reader
from catalog.database import writing
from catalog.errors import (
    CatalogError,
    ConflictError,
    InterestError,
    NotFoundError,
    PermitError,
    Reason,
)
from catalog.lifecycle import Event
from catalog.permits import Permit, changing
from catalog.permits.content import Content
from catalog.permits.reading import find_all, show
from catalog.permits.records import last_day
from catalog.permits.tables import permit_decision
from catalog.vocabulary import PermitState
from tests.catalog.applying import ANNA, ASSESSOR, BERTIL, OWNER, TODAY, granted, permitted
from tests.catalog.making import authorised, permit

ASSESSES = Reader(ASSESSOR, is_assessor=True)
DAY = timedelta(days=1)
LAST = TODAY + timedelta(days=364)
WHY = "as asked for"


def content(engine: Engine, permit_id: str) -> Content:
    found = show(engine, permit_id, ASSESSES).content
    assert found is not None
    return found


def without_bertil(engine: Engine, permit_id: str) -> Content:
    old = content(engine, permit_id)
    return old.but(persons=[one for one in old.persons if one.subject != BERTIL])


def amend(engine: Engine, permit_id: str, new: Content, who: str = ASSESSOR) -> Permit:
    return changing.amend(engine, permit_id, new, who=who, reason=WHY, today=TODAY)


def extend(engine: Engine, permit_id: str, until: date, who: str = ASSESSOR) -> Permit:
    return changing.extend(engine, permit_id, until, who=who, reason=WHY, today=TODAY)


def may(engine: Engine, permit_id: str, day: date, who: str = ANNA) -> bool:
    try:
        authorised(engine, permit_id, who=who, today=day)
    except PermitError:
        return False
    return True


def refusal(call: object) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        call()  # type: ignore[operator]
    return caught.value


def test_an_amended_permit_is_a_new_one_and_ends_the_old(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    old = permitted(engine)
    new = amend(engine, old, without_bertil(engine, old))
    assert new.id != old
    assert new.persons == {ANNA}
    assert may(engine, new.id, TODAY)
    assert not may(engine, old, TODAY)
    left = permits.get(engine, old)
    assert (left.state(TODAY), new.state(TODAY)) == (PermitState.AMENDED, PermitState.GRANTED)
    assert left.superseded is not None
    assert (left.superseded.by, left.superseded.since) == (new.id, TODAY)
    whole = show(engine, new.id, ASSESSES)
    assert whole.line == (old, new.id)
    assert whole.placed is not None
    assert (whole.placed.number, whole.placed.supersedes) == (2, old)
    assert show(engine, old, ASSESSES).line == (old, new.id)
    with pytest.raises(NotFoundError):
        authorised(engine, new.id, who=BERTIL, today=TODAY)


def test_the_old_one_is_in_force_until_the_new_one_is(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    old, begins = permitted(engine), TODAY + timedelta(days=30)
    later = amend(engine, old, without_bertil(engine, old).but(valid_from=begins))
    for day, which in ((TODAY, old), (begins - DAY, old), (begins, later.id), (LAST, later.id)):
        assert [one for one in (old, later.id) if may(engine, one, day)] == [which]
    at_once = amend(engine, later.id, content(engine, later.id).but(valid_from=TODAY))
    for day in (TODAY, begins, LAST):
        line = (old, later.id, at_once.id)
        assert [one for one in line if may(engine, one, day)] == [at_once.id]


def test_only_the_newest_is_amended_or_extended(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    old = permitted(engine)
    amend(engine, old, content(engine, old))
    assert refusal(lambda: amend(engine, old, content(engine, old))).reason is Reason.STEP
    assert refusal(lambda: extend(engine, old, LAST + DAY)).reason is Reason.STEP


def test_it_is_extended_once_and_never_again(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    old = permitted(engine)
    too_long, until = last_day(LAST + DAY) + DAY, LAST + timedelta(days=30)
    assert refusal(lambda: extend(engine, old, too_long)).reason is Reason.TOO_LONG
    assert refusal(lambda: extend(engine, old, LAST)).reason is Reason.NOT_FROM_THEN
    new = extend(engine, old, until)
    assert (new.valid_from, new.valid_until) == (LAST + DAY, until)
    assert permits.get(engine, old).state(TODAY) is PermitState.RENEWED
    assert (may(engine, old, LAST), may(engine, new.id, LAST)) == (True, False)
    assert (may(engine, old, LAST + DAY), may(engine, new.id, LAST + DAY)) == (False, True)
    assert refusal(lambda: extend(engine, new.id, until + DAY)).reason is Reason.EXTENDED
    amended = amend(engine, new.id, content(engine, new.id))
    assert refusal(lambda: extend(engine, amended.id, until + DAY)).reason is Reason.EXTENDED
    longer = content(engine, amended.id).but(valid_until=until + DAY)
    assert refusal(lambda: amend(engine, amended.id, longer)).reason is Reason.LONGER


def test_an_amendment_extends_nothing(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    old = permitted(engine)
    for changes, reason in (
        ({"valid_until": LAST + DAY}, Reason.LONGER),
        ({"valid_from": TODAY - DAY}, Reason.NOT_FROM_THEN),
    ):
        new = content(engine, old).but(**changes)
        assert refusal(lambda new=new: amend(engine, old, new)).reason is reason
    with pytest.raises(ValidationError):
        content(engine, old).but(valid_from=LAST + DAY)
    with pytest.raises(ValidationError):
        content(engine, old).but(persons=[])
    shorter = amend(engine, old, content(engine, old).but(valid_until=LAST - DAY))
    back = content(engine, shorter.id).but(valid_until=LAST)
    assert refusal(lambda: amend(engine, shorter.id, back)).reason is Reason.LONGER


@pytest.mark.parametrize("who", [OWNER, ANNA, ""])
def test_nobody_changes_a_permit_that_names_her(catalogue_engine: Engine, who: str) -> None:
    engine = catalogue_engine
    old = permitted(engine)
    for call in (
        lambda: amend(engine, old, content(engine, old), who=who),
        lambda: extend(engine, old, LAST + DAY, who=who),
    ):
        assert isinstance(refusal(call), InterestError)
    hers = content(engine, old)
    hers = hers.but(persons=[*hers.persons, hers.persons[1].model_copy(update={"subject": "eva"})])
    assert isinstance(refusal(lambda: amend(engine, old, hers, who="eva")), InterestError)


def test_a_permit_that_is_over_is_not_changed(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    ago = TODAY - timedelta(days=400)
    over = permitted(engine, granted(ago, TODAY - DAY))
    assert permits.get(engine, over).state(TODAY) is PermitState.EXPIRED
    for call in (
        lambda: amend(engine, over, content(engine, over)),
        lambda: extend(engine, over, TODAY + DAY),
        lambda: permits.revoke(engine, over, who="officer", reason="r"),
    ):
        assert refusal(call).reason is Reason.STEP
    development = permit("dev", valid_from=ago, valid_until=LAST - DAY)
    permits.create(engine, development)
    for call in (
        lambda: extend(engine, "dev", LAST),
        lambda: amend(engine, "dev", content(engine, over)),
    ):
        assert refusal(call).reason is Reason.NO_CONTENT


@pytest.mark.parametrize("which", [0, 1, 2])
def test_revoking_one_ends_all_that_could_give_access(catalogue_engine: Engine, which: int) -> None:
    engine = catalogue_engine
    first = permitted(engine)
    second = amend(engine, first, content(engine, first)).id
    third = extend(engine, second, LAST + timedelta(days=9)).id
    other = permitted(engine, owner="applicant-2")
    line = (first, second, third)
    ended = permits.revoke(engine, line[which], who=ASSESSOR, reason="Article 63")
    assert ended == (second, third)
    moments = [permits.get(engine, one).revoked_at for one in ended]
    assert not any(may(engine, one, day) for one in line for day in (TODAY, LAST, LAST + DAY))
    assert may(engine, other, TODAY)
    assert permits.get(engine, first).state(TODAY) is PermitState.AMENDED
    assert permits.revoke(engine, second, who="officer", reason="again") == ()
    assert [permits.get(engine, one).revoked_at for one in ended] == moments
    happened = show(engine, second, ASSESSES).events
    assert [(one.event, one.who, one.reason) for one in happened] == [
        (Event.AMEND, ASSESSOR, WHY),
        (Event.REVOKE, ASSESSOR, "Article 63"),
    ]
    lines = list(audit.entries(engine, permit_id=second))
    assert [(one.action, one.outcome) for one in lines] == [
        ("permit.amend", "GRANTED"),
        ("permit.revoke", "REVOKED"),
    ]


def test_revoking_needs_a_reason(catalogue_engine: Engine) -> None:
    one = permitted(catalogue_engine)
    said = refusal(lambda: permits.revoke(catalogue_engine, one, who="officer", reason=" "))
    assert said.reason is Reason.NO_REASON
    assert may(catalogue_engine, one, TODAY)


def test_a_permit_is_shown_to_whom_it_concerns(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    mine = permitted(engine)
    permits.create(engine, permit("dev", persons=frozenset({ANNA})))
    for who in (ANNA, BERTIL, OWNER):
        assert show(engine, mine, Reader(who)).permit.id == mine
    for who in ("stranger", ""):
        with pytest.raises(NotFoundError):
            show(engine, mine, Reader(who))
        assert find_all(engine, Reader(who)) == ()
    assert [one.id for one in find_all(engine, Reader(ANNA))] == ["dev", mine]
    assert [one.id for one in find_all(engine, Reader(OWNER))] == [mine]
    assert [one.id for one in find_all(engine, ASSESSES, limit=1)] == ["dev"]
    assert [one.id for one in find_all(engine, ASSESSES, before="dev")] == [mine]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2035, 12, 31)),
        (date(2024, 2, 29), date(2034, 2, 28)),
        (date(2026, 3, 1), date(2036, 2, 29)),
    ],
)
def test_ten_years_are_ten_years(catalogue_engine: Engine, first: date, last: date) -> None:
    assert last_day(first) == last
    whole = permit("whole", valid_from=first, valid_until=last)
    permits.create(catalogue_engine, whole)
    with pytest.raises(ConflictError) as caught:
        permits.create(catalogue_engine, permit("long", valid_from=first, valid_until=last + DAY))
    assert caught.value.reason is Reason.TOO_LONG


def test_ten_years_end_where_days_do() -> None:
    assert last_day(date(9995, 3, 1)) == date.max


def test_the_database_itself_knows_no_second_extension(catalogue_engine: Engine) -> None:
    one = permitted(catalogue_engine)
    mine = permit_decision.c.permit_id == one
    with pytest.raises(ConflictError), writing(catalogue_engine) as connection:
        connection.execute(permit_decision.update().where(mine).values(extensions=2))
