"""Orders by criteria at the hub: asked in the permit's transaction, a clock, and whom it is for."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from catalog import audit, holds, releases, tables
from catalog.applications import applications
from catalog.applications.cohort import Cohort
from catalog.applications.deciding import decide
from catalog.applications.records import Reader
from catalog.arrivals.answers import OrderAnswer
from catalog.arrivals.records import IssuedOrder
from catalog.calendar import months_later
from catalog.columns import now
from catalog.database import reading, writing
from catalog.deliveries import orders
from catalog.deliveries.records import expiry
from catalog.deliveries.tables import delivered_for
from catalog.errors import ConflictError, NotFoundError, Reason, StepError
from catalog.holders import add_holder, list_holders, set_mode
from catalog.holds import HoldTarget
from catalog.orders.criteria import wants
from catalog.outcome import Outcome
from catalog.permits import revoke
from catalog.permits.changing import amend
from catalog.permits.reading import show
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Holder, Instance
from catalog.releases import ReleasedInstance
from catalog.search import Query, search
from catalog.sightings.previews import of_study
from catalog.tiers.cells import found_by
from catalog.vocabulary import (
    DeliveryState,
    Ground,
    HolderMode,
    HoldKind,
    HoldScope,
    Kind,
    Laterality,
    View,
)
from tests.catalog.applying import ASSESSOR, TODAY, form, granted, permitted, processed
from tests.catalog.making import draft, instance, new_revision, prepared

DUE = months_later(TODAY, 3)


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    made = prepared(catalogue_engine)
    set_mode(catalogue_engine, "vgr", HolderMode.ON_PERMIT, who="operator")
    return made


def sent(engine: Engine, permit_id: str) -> str:
    (order,) = orders.find_all(engine, permit_id=permit_id)
    number = len([one for one in orders.find_all(engine) if one.sent_at]) + 1
    orders.send(engine, order.id, IssuedOrder(number, "{}", "s"), due=DUE, who="operator")
    return order.id


def answered(engine: Engine, order: str, state: str, **more: Any) -> None:
    told = OrderAnswer.model_validate({"order": order, "state": DeliveryState(state), **more})
    orders.answer(engine, told, who="region vg")


def found(engine: Engine) -> int:
    return len(search(engine, Query()).studies)


def frozen(engine: Engine, permit_id: str, query: Query | None = None) -> int:
    wanted = query or Query()
    return releases.freeze(
        engine, permit_id, wanted, today=TODAY, with_what_is_there=True
    ).instances


def cc(study: int, **changes: Any) -> Any:
    """A draft of the two CC views of a study."""
    made = [new_revision(instance(study, number)) for number in (1, 3)]
    return draft(study, *made, **changes)


def test_a_grant_asks_holders_on_permit_and_no_others(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    one = permitted(catalogue_engine)
    (order,) = orders.find_all(catalogue_engine)
    assert (order.permit_id, order.holder, order.region) == (one, "vgr", "vg")
    assert (order.state, order.due_on) == (DeliveryState.ASKED, None)
    assert order.criteria["view"] == "CC"
    assert "holder" not in order.criteria
    assert order.purposes == ("53(1)(e)(ii)",)
    told = repr(asdict(order))
    assert not [word for word in ("Anna", "anna", "Breast density", "university") if word in told]


def test_a_cohort_of_another_holder_asks_nobody(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    data = {"description": "d", "cohort": {"holder": "skane"}}
    drafted = applications.draft(catalogue_engine, form(data=data), who="applicant-1")
    done = processed(catalogue_engine, drafted=drafted)
    decide(catalogue_engine, done.key, granted(), who=ASSESSOR, version=done.version)
    assert orders.find_all(catalogue_engine) == ()


def test_the_mode_is_audited_and_new_names_leave_it(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    add_holder(catalogue_engine, Holder("vgr", "vg", "Another name"))
    modes = {one.id: one.mode for one in list_holders(catalogue_engine)}
    assert modes == {"vgr": HolderMode.ON_PERMIT, "skane": HolderMode.STANDING}
    assert not set_mode(catalogue_engine, "vgr", HolderMode.ON_PERMIT, who="operator")
    lines = audit.entries(catalogue_engine)
    told = [(one.actor, one.object, one.outcome) for one in lines if one.action == "holder.mode"]
    assert told == [("operator", "holder:vgr", "ON_PERMIT")]
    with pytest.raises(NotFoundError):
        set_mode(catalogue_engine, "nobody", HolderMode.STANDING, who="operator")


@pytest.mark.parametrize(
    ("begins", "ends"),
    [("2026-11-22", "2027-02-22"), ("2026-11-30", "2027-02-28"), ("2027-11-30", "2028-02-29"),
     ("2026-08-31", "2026-11-30"), ("2026-12-31", "2027-03-31"), ("2026-09-01", "2026-12-01")],
)  # fmt: skip
def test_three_months_are_months_of_the_calendar(begins: str, ends: str) -> None:
    assert months_later(date.fromisoformat(begins), 3) == date.fromisoformat(ends)
    assert expiry(date(2026, 11, 30)).isoformat() == "2027-03-01T00:00:00+00:00"


def test_the_clock_runs_from_the_signature_and_stops(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    order = sent(catalogue_engine, permitted(catalogue_engine))
    there = orders.get(catalogue_engine, order)
    assert there.days_left(DUE) == 0
    assert not there.is_late(DUE)
    assert there.is_late(DUE + timedelta(days=1))
    with pytest.raises(StepError):  # it is signed once
        orders.send(catalogue_engine, order, IssuedOrder(9, "{}", "s"), due=DUE, who="operator")
    answered(catalogue_engine, order, "ACCEPTED")
    answered(catalogue_engine, order, "ACCEPTED")
    answered(catalogue_engine, order, "DELIVERED", counts={Outcome.ADMITTED: 2})
    there = orders.get(catalogue_engine, order)
    assert (there.days_left(DUE), there.counts) == (None, {"ADMITTED": 2})
    with pytest.raises(StepError):
        answered(catalogue_engine, order, "REFUSED", ground=Ground.NOT_HELD)


def test_a_lost_answer_does_not_stand_in_the_way(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    order = sent(catalogue_engine, permitted(catalogue_engine))
    answered(catalogue_engine, order, "DELIVERED", counts={})
    assert orders.get(catalogue_engine, order).state is DeliveryState.DELIVERED


def test_more_time_is_given_once_for_a_reason_and_three_months_at_most(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    one = permitted(catalogue_engine)
    (waiting,) = orders.find_all(catalogue_engine)
    most = months_later(DUE, 3)
    with pytest.raises(StepError):  # no clock runs
        orders.prolong(catalogue_engine, waiting.id, most, why="r", who="operator")
    order = sent(catalogue_engine, one)
    for until, why in ((most, " "), (most + timedelta(days=1), "r"), (DUE, "r")):
        with pytest.raises(StepError):
            orders.prolong(catalogue_engine, order, until, why=why, who="operator")
    orders.prolong(catalogue_engine, order, most, why="the archive is moved", who="operator")
    assert orders.get(catalogue_engine, order).due_on == most
    with pytest.raises(StepError):
        orders.prolong(catalogue_engine, order, most, why="r", who="operator")


def test_what_comes_is_its_permits_and_nobody_elses(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one, two = permitted(engine), permitted(engine, owner="applicant-2")
    first, second = sent(engine, one), sent(engine, two)
    publisher.publish(cc(7, order=first))
    publisher.publish(draft(8, holder_id="skane", region="sk", export_id="e-2"))
    assert found(engine) == 1
    assert len(found_by(engine, Query())) == 1
    assert (frozen(engine, one), frozen(engine, two)) == (4, 2)
    with pytest.raises(ConflictError) as caught:
        releases.freeze(engine, one, Query(), today=TODAY)
    assert caught.value.reason is Reason.UNDELIVERED
    known = ("2.25.7.1.1", "2.25.7.1.3", "2.25.8.1.1", "2.25.9")
    again = replace(cc(7), revisions=(), outcomes={Outcome.KNOWN: 2}, export_id="export-3")
    publisher.publish(replace(again, order=second, known=known))
    assert frozen(engine, two) == 4
    with reading(engine) as connection:  # not another holder's, and each once
        assert connection.scalar(select(func.count()).select_from(delivered_for)) == 4
    publisher.publish(cc(7, order=first))  # the same draft again changes nothing
    assert (frozen(engine, one), found(engine)) == (4, 1)


def taken_up(engine: Engine, permit_id: str, *, as_is: bool = True) -> bool:
    made = releases.take_up(engine, permit_id, Query(), today=TODAY, with_what_is_there=as_is)
    return made is not None


def test_a_release_begun_without_all_that_was_ordered_is_not_taken_up_for_one_with_it(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one = permitted(engine)
    order = sent(engine, one)
    publisher.publish(cc(7, order=order))
    assert frozen(engine, one) == 2
    assert taken_up(engine, one)
    with pytest.raises(ConflictError) as caught:
        taken_up(engine, one, as_is=False)
    assert caught.value.reason is Reason.UNDELIVERED
    publisher.publish(cc(8, order=order, export_id="export-2"))
    assert not taken_up(engine, one)
    assert frozen(engine, one) == 4
    assert taken_up(engine, one)
    answered(engine, order, "DELIVERED", counts={})
    assert not taken_up(engine, one, as_is=False)


def test_what_a_holder_withholds_from_a_release_that_is_begun_is_not_sealed(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    set_mode(engine, "vgr", HolderMode.STANDING, who="operator")
    publisher.publish(draft(7))
    one = permitted(engine)
    begun = releases.freeze(engine, one, Query(), today=TODAY)
    ones = list(releases.pending(engine, begun.id))
    made = [
        ReleasedInstance(ref.revision_id, "P", "2.25.1", "2.25.2", f"2.25.3.{at}", f"f/{at}.dcm",
                         f"h/{at}", 9, "a" * 64, 1)
        for at, ref in enumerate(ones)
    ]  # fmt: skip
    releases.add_instance(engine, begun.id, *made)
    assert len(releases.written(engine, begun.id)) == len(ones) == begun.instances
    set_mode(engine, "vgr", HolderMode.ON_PERMIT, who="operator")
    assert releases.written(engine, begun.id) == ()
    assert releases.seal(engine, begun.id).instances == 0


def test_a_study_delivered_on_permit_shows_no_preview_by_its_handle(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    set_mode(catalogue_engine, "vgr", HolderMode.STANDING, who="operator")
    publisher.publish(draft(7))
    (study,) = search(catalogue_engine, Query()).studies
    assert of_study(catalogue_engine, study.study_key, size=512, who="o") == ()
    set_mode(catalogue_engine, "vgr", HolderMode.ON_PERMIT, who="operator")
    with pytest.raises(NotFoundError):
        of_study(catalogue_engine, study.study_key, size=512, who="o")
    assert found(catalogue_engine) == 0


def amended(engine: Engine, permit_id: str, **changes: Any) -> str:
    content = show(engine, permit_id, Reader("", is_assessor=True)).content
    assert content is not None
    new = content.but(**changes)
    return amend(engine, permit_id, new, who=ASSESSOR, reason="r", today=TODAY).id


def test_an_amendment_takes_back_what_was_asked_for_by_other_criteria(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one = permitted(engine)
    wide = sent(engine, one)

    def cohort(**words: str) -> dict[str, Any]:
        return {"data": {"description": "d", "cohort": words}}

    two = amended(engine, one, **cohort(view="CC", laterality="L"))
    assert orders.get(engine, wide).state is DeliveryState.WITHDRAWN
    (narrow,) = orders.find_all(engine, permit_id=two)
    three = amended(engine, two, **cohort(view="CC"))  # what was taken back is asked for anew
    assert orders.get(engine, narrow.id).state is DeliveryState.WITHDRAWN
    (again,) = orders.find_all(engine, permit_id=three)
    four = amended(engine, three, **cohort(view="CC", holder="skane"))
    assert orders.get(engine, again.id).state is DeliveryState.WITHDRAWN
    assert orders.find_all(engine, permit_id=four) == ()


def test_nothing_comes_once_the_newest_permit_is_over(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one = permitted(engine)
    order = sent(engine, one)
    set_end(engine, amended(engine, one, valid_until=DUE))
    with pytest.raises(ConflictError):
        publisher.publish(cc(7, order=order))


@pytest.mark.parametrize("how", ["none", "another's", "not signed", "refused", "withdrawn", "over"])
def test_without_an_order_in_force_nothing_is_entered(
    how: str, publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one = permitted(engine, granted(last=TODAY) if how == "over" else None)
    (waiting,) = orders.find_all(engine)
    order = waiting.id if how == "not signed" else sent(engine, one)
    given = {"none": "", "another's": "9" * 32}.get(how, order)
    if how == "refused":
        answered(engine, order, "REFUSED", ground=Ground.NOT_LAWFUL)
    if how == "withdrawn":
        revoke(engine, one, who="officer", reason="r")
    if how == "over":
        set_end(engine, one)
    with pytest.raises(ConflictError) as caught:
        publisher.publish(cc(7, order=given))
    assert caught.value.reason is Reason.NOT_ORDERED
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(delivered_for)) == 0
    assert entered_in_all(engine) == 0


def set_end(engine: Engine, permit_id: str) -> None:
    days = {"valid_from": date(2020, 1, 1), "valid_until": now().date() - timedelta(days=1)}
    with writing(engine) as connection:
        connection.execute(
            tables.permit.update().where(tables.permit.c.id == permit_id).values(days)
        )


def entered_in_all(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(tables.instance)) or 0


def test_more_than_was_asked_for_is_refused_whole(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    order = sent(catalogue_engine, permitted(catalogue_engine))
    with pytest.raises(ConflictError) as caught:
        publisher.publish(draft(7, order=order))  # all four views, and it asks for CC
    assert caught.value.reason is Reason.NOT_ASKED
    assert entered_in_all(catalogue_engine) == 0


def test_what_was_delivered_is_held_like_anything_else(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    one = permitted(catalogue_engine)
    publisher.publish(cc(7, order=sent(catalogue_engine, one)))
    target = HoldTarget(HoldScope.STUDY, "2.25.7")
    holds.place(catalogue_engine, HoldKind.RECALLED, target, reason="r", who="o")
    assert frozen(catalogue_engine, one) == 0


def test_region_and_search_judge_the_same(catalogue_engine: Engine) -> None:
    """The same objects meet criteria by `wants`, and by the search, whatever is asked."""
    publisher = prepared(catalogue_engine)
    entered: list[Instance] = []
    kinds = ((Kind.FFDM, View.CC), (Kind.DBT, View.MLO), (Kind.CAD_SR, View.UNKNOWN))
    for number, (side, year) in enumerate(product(Laterality, (2018, 2020, None)), 1):
        band = "50-54" if number % 2 else None
        common = {"exam_year": year, "age_band": band, "laterality": side}
        made = [
            instance(number, at, kind=kind, view=view, **common)
            for at, (kind, view) in enumerate(kinds, 1)
        ]
        publisher.publish(draft(number, *map(new_revision, made)))
        entered += made
    asked = [
        Cohort(view=view, laterality=side, exam_year_from=first, exam_year_to=last,
               age_band=band, companions=companions, kind=kind)
        for view, side, (first, last), band, companions, kind in product(
            (None, View.CC, View.MLO), (None, Laterality.LEFT),
            ((None, None), (2019, None), (None, 2019), (2018, 2018)),
            (None, "50-54"), (True, False), (None, Kind.CAD_SR),
        )
    ]  # fmt: skip
    for one in asked:
        judged = sum(wants(one, each) for each in entered)
        page = search(catalogue_engine, one.query(), limit=500)
        assert sum(study.instances for study in page.studies) == judged, one
