"""Applications as they are read."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from catalog.applications.form import Form
from catalog.lifecycle import Event
from catalog.vocabulary import ApplicationState, Verdict


@dataclass(frozen=True, repr=False)
class Happened:
    """One thing that happened to an application.

    Attributes:
        state: What it came to by that.
        reason: Why, where a reason was given.
        sha256: Of the form as it then was.
    """

    at: datetime
    who: str
    event: Event
    state: ApplicationState
    reason: str
    sha256: str


@dataclass(frozen=True, repr=False)
class Application:
    """An application with all that happened to it.

    Attributes:
        key: Its random name.
        owner: Who applies: the subject of their tokens.
        schema_version: The version of the form that it is written in.
        version: Grows with every change.
        permit_id: The permit it led to; empty for none.
    """

    key: str
    owner: str
    state: ApplicationState
    schema_version: int
    form: Form
    version: int
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    events: tuple[Happened, ...] = ()
    permit_id: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """Tell how it was decided; None before that."""
        decided = {Event.GRANT: Verdict.GRANTED, Event.REFUSE: Verdict.REFUSED}
        return next((decided[one.event] for one in self.events if one.event in decided), None)


@dataclass(frozen=True, repr=False)
class Listed:
    """One line of a list of applications."""

    key: str
    state: ApplicationState
    version: int
    title: str
    applicant: str
    changed_at: datetime
    submitted_at: datetime | None


@dataclass(frozen=True)
class Reader:
    """Who reads: her own applications; an assessor also all that were ever submitted."""

    who: str
    is_assessor: bool = False


def digest(form: Form) -> str:
    """Give the SHA-256 digest of a form as it is stored."""
    return hashlib.sha256(form.model_dump_json().encode()).hexdigest()
