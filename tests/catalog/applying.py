"""Applications and permits for the tests; everybody in them is made up."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from catalog.applications import applications
from catalog.applications.deciding import Ruling, Terms, decide
from catalog.applications.form import Form
from catalog.applications.records import Application
from catalog.columns import now
from catalog.lifecycle import Event

TODAY = now().date()
OWNER, ANNA, BERTIL, ASSESSOR = "applicant-1", "anna", "bertil", "assessor-1"
WHY = "It meets every condition of Article 68(1)."


def form(**changes: Any) -> Form:
    told: dict[str, Any] = {
        "title": "Breast density over time",
        "applicant": {"name": "The university", "kind": "ACADEMIC", "country": "SE"},
        "persons": [
            {"subject": ANNA, "name": "Anna A", "function": "Professor", "lead": True},
            {"subject": BERTIL, "name": "Bertil B", "function": "Doctoral student"},
        ],
        "purposes": ["53(1)(e)(ii)"],
        "intended_use": "To train a model.\nThen to test it.",
        "expected_benefit": "Cancers are found earlier.",
        "data": {"description": "Both views of both sides.", "cohort": {"view": "CC"}},
        "requested": {
            "tier": "PSEUDO_SPE",
            "justification": "Women are followed over years.",
            "gdpr_basis": "6(1)(e)",
            "gdpr_explanation": "Research is a task in the public interest.",
        },
        "safeguards": "All work is done inside the environment.",
        "period": {"months": 36, "justification": "As long as the doctoral studies."},
        "tools": "Python and one graphics card.",
        "ethics": {"assessment": "Approved.", "authority": "The authority", "reference": "1-26"},
        "attestations": {
            "no_detrimental_decisions": True,
            "no_discrimination": True,
            "no_marketing": True,
            "no_harmful_products": True,
            "no_unethical_activities": True,
        },
    }
    return Form.model_validate(told | changes)


def granted(first: date = TODAY, last: date = TODAY + timedelta(days=364), **more: Any) -> Ruling:
    terms = Terms(valid_from=first, valid_until=last, **more)
    return Ruling(verdict="GRANTED", justification=WHY, terms=terms)


def refused() -> Ruling:
    return Ruling(verdict="REFUSED", justification="It is not necessary.")


def submitted(
    engine: Engine, owner: str = OWNER, drafted: Application | None = None
) -> Application:
    drafted = drafted or applications.draft(engine, form(), who=owner)
    return applications.submit(engine, drafted.key, who=owner, version=drafted.version)


def processed(
    engine: Engine, owner: str = OWNER, drafted: Application | None = None
) -> Application:
    found = submitted(engine, owner, drafted)
    for event in (Event.SCREEN, Event.PROCESS):
        found = applications.advance(engine, found.key, event, who=ASSESSOR, version=found.version)
    return found


def permitted(engine: Engine, ruling: Ruling | None = None, owner: str = OWNER) -> str:
    """Grant an application, and give the permit's id."""
    found = processed(engine, owner=owner)
    return decide(
        engine, found.key, ruling or granted(), who=ASSESSOR, version=found.version
    ).permit_id
