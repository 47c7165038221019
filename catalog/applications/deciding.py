"""Decide on an application, with reasons (EHDS Art. 68): it leads to a permit, or to none."""

from datetime import date
from typing import Annotated, Final, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection, Engine, select

from catalog.applications.applications import impartial, is_complete, move, take
from catalog.applications.form import Form
from catalog.applications.reading import read
from catalog.applications.records import Application, Reader
from catalog.applications.tables import application
from catalog.applications.words import Paragraphs, Part
from catalog.database import writing
from catalog.errors import FormError
from catalog.lifecycle import Actor, Event, Guard
from catalog.permits.content import Conditions, Content, Environments
from catalog.permits.issuing import issue
from catalog.permits.records import Placed, last_day
from catalog.vocabulary import Tier, Verdict

LAST: Final = date(2200, 12, 31)
"""No permit is of later: days beyond what calendars count are a mistake."""

Day = Annotated[date, Field(le=LAST)]


class Terms(Part):
    """What a permit says besides what was applied for (Art. 68(10)).

    Attributes:
        tier: Another than the one applied for.
        environments: Service accounts of the secure processing environments it is used in.
        fees: Point (g).
        conditions: Point (h).
    """

    valid_from: Day
    valid_until: Day
    tier: Tier | None = None
    environments: Environments = ()
    fees: Paragraphs | None = None
    conditions: Conditions = ()

    @model_validator(mode="after")
    def _begin_before_they_end(self) -> Self:
        if self.valid_from > self.valid_until:
            message = "they end before they begin"
            raise ValueError(message)
        return self


class Ruling(Part):
    """A decision: granted on some terms, or refused; always with the reasons (Art. 68(9))."""

    verdict: Verdict
    justification: Paragraphs
    terms: Terms | None = Field(None, description="Of a permit; none if it is refused.")

    @model_validator(mode="after")
    def _have_terms_if_granted(self) -> Self:
        if (self.terms is None) is (self.verdict is Verdict.GRANTED):
            message = "terms belong to what is granted"
            raise ValueError(message)
        return self


def decide(engine: Engine, key: str, ruling: Ruling, *, who: str, version: int) -> Application:
    """Decide on an application; a grant issues its permit in the same transaction.

    Raises:
        NotFoundError: There is no such application, or nobody submitted it.
        VersionError: It was changed since `version` was read.
        StepError: It is not being processed, or the permit would last too long.
        InterestError: It names who would decide, or is theirs.
        FormError: It would be granted, and lacks what it must say.
    """
    with writing(engine) as connection:
        reader = Reader(who, is_assessor=True)
        found = take(connection, key, reader, version)
        event = Event.REFUSE if ruling.terms is None else Event.GRANT
        met = [*impartial(found, who=who, reason=ruling.justification), *_sound(found, ruling)]
        moved = move(
            connection,
            found,
            event,
            who=who,
            actor=Actor.ASSESSOR,
            met=met,
            reason=ruling.justification,
        )
        if ruling.terms is None:
            return moved
        placed = Placed(application_id=_number(connection, key))
        content = grant(found.form, ruling.terms)
        issue(connection, content, placed, who=who, reason=ruling.justification)
        return read(connection, key, reader)


def grant(form: Form, terms: Terms) -> Content:
    """Give what a permit on some terms would say.

    Raises:
        FormError: The application lacks what it must say.
    """
    if form.data is None or form.requested is None or form.tools is None:
        raise FormError(())
    return Content(
        title=form.title,
        data=form.data,
        tier=terms.tier or form.requested.tier,
        purposes=form.purposes,
        opt_out_exception=form.opt_out_exception is not None,
        persons=form.persons,
        environments=terms.environments,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        tools=form.tools,
        fees=terms.fees,
        conditions=terms.conditions,
    )


def _sound(found: Application, ruling: Ruling) -> tuple[Guard, ...]:
    """Give which guards are met that look at the form and at the terms."""
    met = [Guard.COMPLETE] if is_complete(found) else []
    if ruling.terms is not None and ruling.terms.valid_until <= last_day(ruling.terms.valid_from):
        met.append(Guard.TEN_YEARS)
    return tuple(met)


def _number(connection: Connection, key: str) -> int:
    wanted = select(application.c.id).where(application.c.key == key)
    return int(connection.execute(wanted).scalar_one())
