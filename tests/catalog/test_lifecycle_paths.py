"""Any path anybody could take: never two extensions, never two permits of a line in force."""

from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from catalog import permits
from catalog.applications import applications, reading
from catalog.applications.deciding import decide
from catalog.applications.records import Application, Reader
from catalog.errors import PermitError, StepError
from catalog.lifecycle import APPLICATION, Event, ended
from catalog.permits import changing
from catalog.permits.reading import Issued, show
from catalog.permits.records import last_day
from catalog.vocabulary import PermitState
from tests.catalog.applying import (
    ANNA,
    ASSESSOR,
    TODAY,
    form,
    granted,
    permitted,
    processed,
    refused,
)
from tests.catalog.making import authorised

ASSESSES = Reader(ASSESSOR, is_assessor=True)
DAYS = st.integers(-40, 4000).map(lambda days: TODAY + timedelta(days=days))
YEAR = TODAY + timedelta(days=364)
SOON = st.integers(-2, 60).map(lambda days: TODAY + timedelta(days=days))
PERSONS = st.sampled_from([ASSESSOR, ASSESSOR, ASSESSOR, ANNA])


class Paths(RuleBasedStateMachine):
    """One application, and the permits that follow one another from it."""

    engine: Engine
    count = 0
    reached: ClassVar[Counter[Event]] = Counter()
    ids = Bundle("ids")

    @initialize(target=ids, stage=st.sampled_from(["draft", "processed", *["granted"] * 4]))
    def begin(self, stage: str) -> Any:
        type(self).count += 1
        self.owner = f"applicant-{self.count}"
        self.closed: Application | None = None
        self.revoked = False
        if stage == "granted":
            made = permitted(self.engine, granted(last=YEAR), owner=self.owner)
            self.key = self.shown(made).application
            return made
        drafted = applications.draft(self.engine, form(), who=self.owner)
        self.key = drafted.key
        if stage == "processed":
            processed(self.engine, owner=self.owner, drafted=drafted)
        return multiple()

    @property
    def now(self) -> Application:
        return reading.get(self.engine, self.key, Reader(self.owner))

    @rule(ethics=st.booleans())
    def edit(self, ethics: bool) -> None:
        written = form() if ethics else form(ethics=None)
        with suppress(StepError):
            applications.edit(
                self.engine, self.key, written, who=self.owner, version=self.now.version
            )

    @rule(does=st.sampled_from([applications.submit, applications.withdraw]))
    def apply(self, does: Any) -> None:
        with suppress(StepError):
            does(self.engine, self.key, who=self.owner, version=self.now.version)

    @rule(event=st.sampled_from([Event.SCREEN, Event.PROCESS, Event.ASK]), who=PERSONS)
    def assess(self, event: Event, who: str) -> None:
        if self.now.submitted_at is not None:
            with suppress(StepError):
                applications.advance(
                    self.engine, self.key, event, who=who, version=self.now.version, reason="Why"
                )

    @rule(target=ids, first=DAYS, last=DAYS, who=PERSONS, refuses=st.sampled_from([1, 0, 0, 0]))
    def decide(self, first: date, last: date, who: str, refuses: int) -> Any:
        if self.now.submitted_at is None:
            return multiple()
        ruling = refused() if refuses else granted(min(first, last), max(first, last))
        with suppress(StepError):
            version = self.now.version
            made = decide(self.engine, self.key, ruling, who=who, version=version).permit_id
            assert who == ASSESSOR
            return made or multiple()
        return multiple()

    @rule(target=ids, one=ids, begins=SOON, shorter=st.integers(-2, 90), who=PERSONS)
    def amend(self, one: str, begins: date, shorter: int, who: str) -> Any:
        content = self.shown(one).content
        assert content is not None
        until = content.valid_until - timedelta(days=shorter)
        new = content.but(valid_from=min(begins, until), valid_until=until)
        with suppress(StepError):
            return changing.amend(self.engine, one, new, who=who, reason="Why", today=TODAY).id
        return multiple()

    @rule(target=ids, one=ids, longer=st.sampled_from([0, 1, 200, 3600, 3700]), who=PERSONS)
    def extend(self, one: str, longer: int, who: str) -> Any:
        until = permits.get(self.engine, one).valid_until + timedelta(days=longer)
        with suppress(StepError):
            return changing.extend(self.engine, one, until, who=who, reason="Why", today=TODAY).id
        return multiple()

    @rule(one=ids)
    def revoke(self, one: str) -> None:
        with suppress(StepError):
            self.revoked = (
                bool(permits.revoke(self.engine, one, who="officer", reason="r")) or self.revoked
            )

    def shown(self, permit_id: str) -> Issued:
        return show(self.engine, permit_id, ASSESSES)

    def line(self) -> list[Issued]:
        first = self.now.permit_id
        return [self.shown(one) for one in self.shown(first).line] if first else []

    @invariant()
    def what_is_decided_never_changes(self) -> None:
        if not hasattr(self, "key"):
            return
        found = self.now
        if self.closed is not None:
            told = (found.state, found.version, found.form, found.events)
            was = self.closed
            assert told == (was.state, was.version, was.form, was.events)
        elif found.state in ended(APPLICATION):
            self.closed = found

    @invariant()
    def a_line_is_extended_once_and_lasts_as_long_as_it_may(self) -> None:
        line = self.line() if hasattr(self, "key") else []
        ways = [one.placed.way for one in line if one.placed is not None]
        self.reached.update(ways)
        assert ways.count(Event.EXTEND) <= 1
        for one in line:
            assert one.permit.valid_until <= last_day(one.permit.valid_from)
        if line:
            granted_until = line[0].permit.valid_until
            latest = max(one.permit.valid_until for one in line)
            most = last_day(granted_until + timedelta(days=1))
            assert latest <= (most if Event.EXTEND in ways else granted_until)

    @invariant()
    def one_of_a_line_is_in_force_and_none_that_was_superseded(self) -> None:
        line = [one.permit for one in self.line()] if hasattr(self, "key") else []
        edges = {one.valid_from for one in line} | {one.valid_until for one in line} | {TODAY}
        days = {day + timedelta(days=by) for day in edges for by in (-1, 0, 1)}
        for day in days:
            serving = [one for one in line if one.in_force(day)]
            assert len(serving) <= 1
            assert not (serving and self.revoked and day >= TODAY)
            for one in serving:
                assert one.state(day) is not PermitState.EXPIRED
                later = line[line.index(one) + 1 :]
                assert not any(other.valid_from <= day for other in later)

    @invariant()
    def the_check_says_what_the_permit_says(self) -> None:
        for one in self.line() if hasattr(self, "key") else []:
            found, today = one.permit, TODAY
            try:
                authorised(self.engine, found.id, who=ANNA, today=today)
                allowed = True
            except PermitError:
                allowed = False
            assert allowed == found.in_force(today)


def test_no_path_leads_where_it_may_not(catalogue_engine: Engine) -> None:
    class Here(Paths):
        engine = catalogue_engine

    is_sqlite = catalogue_engine.dialect.name == "sqlite"
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=25 if is_sqlite else 8,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            phases=(Phase.generate,),  # to make a failing path shorter takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {Event.GRANT, Event.AMEND, Event.EXTEND} <= set(Here.reached)
