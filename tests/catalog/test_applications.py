"""An application from draft to decision: each step by whom it belongs to, and no other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from catalog import audit, permits, tables
from catalog.applications import applications, reading
from catalog.applications.deciding import Ruling, decide, grant
from catalog.applications.form import Form
from catalog.applications.records import Application, Reader, digest
from catalog.applications.tables import application
from catalog.database import writing
from catalog.errors import (
    CatalogError,
    ConflictError,
    CursorError,
    FormError,
    InterestError,
    NotFoundError,
    Reason,
    StepError,
    VersionError,
)
from catalog.lifecycle import Event
from catalog.vocabulary import ApplicationState, Tier, Verdict
from tests.catalog.applying import (
    ANNA,
    ASSESSOR,
    BERTIL,
    OWNER,
    TODAY,
    WHY,
    form,
    granted,
    processed,
    refused,
    submitted,
)
from tests.catalog.making import authorised

ASSESSES = Reader(ASSESSOR, is_assessor=True)


def ask(engine: Engine, found: Application, reason: str = "Which tools?") -> Application:
    return applications.advance(
        engine, found.key, Event.ASK, who=ASSESSOR, version=found.version, reason=reason
    )


def test_a_draft_is_its_owner_s_alone(catalogue_engine: Engine) -> None:
    made = applications.draft(catalogue_engine, Form(title="A draft"), who=OWNER)
    assert (made.state, made.version, made.schema_version) == (ApplicationState.DRAFT, 1, 1)
    assert reading.get(catalogue_engine, made.key, Reader(OWNER)).form == Form(title="A draft")
    for reader in (Reader(ANNA), Reader(""), ASSESSES):
        with pytest.raises(NotFoundError):
            reading.get(catalogue_engine, made.key, reader)
        assert reading.find(catalogue_engine, reader) == ()


def test_it_is_granted_with_reasons_and_leads_to_a_permit(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    found = processed(engine)
    last = TODAY + timedelta(days=700)
    terms = granted(TODAY, last, environments=("spe-1",), fees="1 000 kr", conditions=("None.",))
    decided = decide(engine, found.key, terms, who=ASSESSOR, version=found.version)
    assert (decided.state, decided.verdict) == (ApplicationState.DECISION_ISSUED, Verdict.GRANTED)
    assert [one.event for one in decided.events] == [
        *(Event.EDIT, Event.SUBMIT, Event.SCREEN, Event.PROCESS, Event.GRANT)
    ]
    assert (decided.events[-1].who, decided.events[-1].reason) == (ASSESSOR, WHY)
    assert decided.events[-1].sha256 == digest(found.form)
    issued = permits.get(engine, decided.permit_id)
    assert issued.persons == {ANNA, BERTIL, "spe-1"}
    assert (issued.valid_from, issued.valid_until) == (TODAY, last)
    assert (issued.tier, issued.purpose) == (Tier.PSEUDO_SPE, "Article 53(1)(e)(ii)")
    assert authorised(engine, issued.id, who=ANNA, today=TODAY) == issued
    with pytest.raises(NotFoundError):
        authorised(engine, issued.id, who=OWNER, today=TODAY)


@pytest.mark.parametrize("name", ["bertil-2", "spe-", "spe-A", " spe-1"])
def test_an_environment_is_a_service_account_and_no_further_person(name: str) -> None:
    """Whom a permit lets in are the persons it names (Art. 68(10)(d)), and environments."""
    with pytest.raises(ValidationError):
        granted(environments=(name,))
    terms = granted(environments=("spe-1",)).terms
    assert terms is not None
    content = grant(form(), terms)
    with pytest.raises(ValidationError):
        content.but(environments=(name,))


def test_it_is_refused_with_reasons_and_leads_to_none(catalogue_engine: Engine) -> None:
    found = processed(catalogue_engine)
    decided = decide(catalogue_engine, found.key, refused(), who=ASSESSOR, version=found.version)
    assert (decided.verdict, decided.permit_id) == (Verdict.REFUSED, "")
    assert decided.events[-1].reason == "It is not necessary."
    with catalogue_engine.connect() as connection:
        assert connection.execute(tables.permit.select()).all() == []


def test_what_lacks_is_asked_for_and_handed_in_again(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    asked = ask(engine, processed(engine))
    assert asked.state is ApplicationState.AWAITING_ADDITIONAL_INFORMATION
    with pytest.raises(StepError) as caught:
        ask(engine, asked)
    assert caught.value.reason is Reason.STEP
    edited = applications.edit(engine, asked.key, form(tools="R"), who=OWNER, version=asked.version)
    again = applications.submit(engine, edited.key, who=OWNER, version=edited.version)
    assert (again.state, again.form.tools) == (ApplicationState.SUBMITTED, "R")
    assert again.submitted_at == asked.submitted_at


def test_an_incomplete_one_is_not_submitted_and_told_why(catalogue_engine: Engine) -> None:
    drafted = applications.draft(catalogue_engine, form(ethics=None), who=OWNER)
    with pytest.raises(FormError) as caught:
        applications.submit(catalogue_engine, drafted.key, who=OWNER, version=1)
    assert caught.value.gaps == (("67(2)(j)", "ethics"),)


def test_two_edits_do_not_write_over_one_another(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    drafted = applications.draft(engine, Form(title="One"), who=OWNER)
    applications.edit(engine, drafted.key, Form(title="Two"), who=OWNER, version=1)
    with pytest.raises(VersionError):
        applications.edit(engine, drafted.key, Form(title="Three"), who=OWNER, version=1)
    found = reading.get(engine, drafted.key, Reader(OWNER))
    assert (found.form.title, found.version) == ("Two", 2)


@pytest.mark.parametrize("who", [ANNA, BERTIL, OWNER])
def test_nobody_decides_on_what_names_her(catalogue_engine: Engine, who: str) -> None:
    found = processed(catalogue_engine)
    for ruling in (granted(), refused()):
        with pytest.raises(InterestError):
            decide(catalogue_engine, found.key, ruling, who=who, version=found.version)
    with pytest.raises(InterestError):
        applications.advance(
            catalogue_engine, found.key, Event.ASK, who=who, version=found.version, reason="Why?"
        )


def test_steps_are_taken_by_whom_they_belong_to(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    found = processed(engine)
    with pytest.raises(NotFoundError):
        applications.withdraw(engine, found.key, who=ANNA, version=found.version)
    for event in (Event.GRANT, Event.WITHDRAW, Event.EDIT):
        with pytest.raises(StepError):
            applications.advance(
                engine, found.key, event, who=ASSESSOR, version=found.version, reason="Why"
            )
    with pytest.raises(StepError) as caught:
        ask(engine, found, reason=" ")
    assert caught.value.reason is Reason.NO_REASON


def test_a_permit_of_more_than_ten_years_is_not_granted(catalogue_engine: Engine) -> None:
    found = processed(catalogue_engine)
    day = TODAY.replace(year=TODAY.year + 10)
    with pytest.raises(StepError) as caught:
        decide(catalogue_engine, found.key, granted(last=day), who=ASSESSOR, version=found.version)
    assert caught.value.reason is Reason.TOO_LONG
    assert reading.get(catalogue_engine, found.key, ASSESSES).state is ApplicationState.PROCESSING
    ten = granted(last=day - timedelta(days=1))
    assert decide(catalogue_engine, found.key, ten, who=ASSESSOR, version=found.version).permit_id


@pytest.mark.parametrize("year", [2201, 9995, 9999])
def test_a_permit_of_another_age_is_not_granted(year: int) -> None:
    with pytest.raises(ValidationError):
        granted(date(year, 3, 1), date(year, 3, 2))


@pytest.mark.parametrize("named", [ASSESSOR, ANNA, "spe-", "SPE-1", "spe-1 ", "spe_1"])
def test_an_environment_is_a_service_account_and_nobody(named: str) -> None:
    with pytest.raises(ValidationError):
        granted(environments=(named,))


def test_a_ruling_has_terms_if_and_only_if_it_grants() -> None:
    with pytest.raises(ValidationError):
        Ruling(verdict=Verdict.GRANTED, justification=WHY)
    with pytest.raises(ValidationError):
        Ruling(verdict=Verdict.REFUSED, justification=WHY, terms=granted().terms)
    with pytest.raises(ValidationError):
        granted(TODAY, TODAY - timedelta(days=1))


@pytest.mark.parametrize("is_withdrawn", [True, False])
def test_what_is_closed_stays_as_it_is(catalogue_engine: Engine, is_withdrawn: bool) -> None:
    engine = catalogue_engine
    found = processed(engine)
    if is_withdrawn:
        closed = applications.withdraw(engine, found.key, who=OWNER, version=found.version)
    else:
        closed = decide(engine, found.key, refused(), who=ASSESSOR, version=found.version)
    key, version = closed.key, closed.version
    attempts = [
        lambda: applications.edit(engine, key, form(), who=OWNER, version=version),
        lambda: applications.submit(engine, key, who=OWNER, version=version),
        lambda: applications.withdraw(engine, key, who=OWNER, version=version),
        lambda: decide(engine, key, granted(), who=ASSESSOR, version=version),
        lambda: ask(engine, closed),
    ]
    for attempt in attempts:
        with pytest.raises(StepError):
            attempt()
    for statement in (application.update().values(state="DRAFT"), application.delete()):
        with pytest.raises(CatalogError) as caught, writing(engine) as connection:
            connection.execute(statement)
        assert isinstance(caught.value, ConflictError)
    after = reading.get(engine, key, Reader(OWNER))
    assert (after.state, after.version, after.events) == (
        closed.state,
        closed.version,
        closed.events,
    )


def test_lists_come_page_by_page_to_whom_they_concern(catalogue_engine: Engine) -> None:
    engine = catalogue_engine
    mine = [submitted(engine).key for _ in range(3)]
    hers = submitted(engine, owner="applicant-2").key
    assert [one.key for one in reading.find(engine, Reader(OWNER))] == mine[::-1]
    pages = [one.key for one in reading.find(engine, ASSESSES, limit=2)]
    pages += [one.key for one in reading.find(engine, ASSESSES, before=pages[-1], limit=9)]
    assert pages == [hers, *mine[::-1]]
    processing = reading.find(engine, ASSESSES, state=ApplicationState.PROCESSING)
    assert processing == ()
    with pytest.raises(CursorError):
        reading.find(engine, Reader(OWNER), before=hers)


def test_no_one_fills_the_catalogue_with_drafts(
    catalogue_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applications, "MAX_OPEN", 2)
    for _ in range(2):
        drafted = applications.draft(catalogue_engine, Form(title="x"), who=OWNER)
    with pytest.raises(StepError) as caught:
        applications.draft(catalogue_engine, Form(title="x"), who=OWNER)
    assert caught.value.reason is Reason.TOO_MANY
    applications.withdraw(catalogue_engine, drafted.key, who=OWNER, version=1)
    applications.draft(catalogue_engine, Form(title="x"), who=OWNER)


def test_many_drafts_at_once_are_no_more_than_may_be(
    catalogue_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applications, "MAX_OPEN", 2)
    begin, made = threading.Barrier(8), []

    def begun(_: int) -> None:
        begin.wait()
        with suppress(StepError):
            made.append(applications.draft(catalogue_engine, Form(title="x"), who=OWNER))

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(begun, range(8)))
    assert len(made) == 2


def test_every_step_is_in_the_access_log_and_no_word_of_the_text(catalogue_engine: Engine) -> None:
    found = processed(catalogue_engine)
    decide(catalogue_engine, found.key, granted(), who=ASSESSOR, version=found.version)
    lines = list(audit.entries(catalogue_engine))
    assert [line.action for line in lines] == [
        *("application.edit", "application.submit", "application.screen"),
        *("application.process", "application.grant", "permit.grant"),
    ]
    assert {line.object for line in lines[:-1]} == {f"application:{found.key}"}
    told = repr(lines) + repr(found)
    assert not any(word in told for word in ("density", "Anna A", "graphics", WHY))
