"""A finding is a person's, whole, and the newest counts; cells count women."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from catalog import audit, holds, permits, releases
from catalog.errors import ConflictError, InterestError, NotFoundError, Reason
from catalog.holds import HoldTarget
from catalog.search import Query
from catalog.tiers import cells
from catalog.tiers.assessments import Assessment, assess, assessments, tier_in_force
from catalog.vocabulary import Finding, HoldKind, HoldScope, Tier
from tests.catalog.making import TODAY, draft, instance, new_revision, permit, prepared

FOUND = Assessment(
    permit_id="permit-1",
    who="Eva Ek",
    document_sha256="a" * 64,
    finding=Finding.ANONYMOUS,
    singling_out="no: section 3",
    linkage="no: section 4",
    inference="no: section 5",
    valid_until=TODAY,
)


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    permits.create(catalogue_engine, permit(tier=Tier.ANON_DOWNLOAD))
    return catalogue_engine


def tier(engine: Engine, today: date = TODAY) -> Tier:
    return tier_in_force(engine, "permit-1", Tier.ANON_DOWNLOAD, today=today)


def test_nobody_finds_anonymous_what_she_would_download(engine: Engine) -> None:
    (named, *_) = permits.get(engine, "permit-1").persons
    with pytest.raises(InterestError):
        assess(engine, replace(FOUND, who=named))
    assert assessments(engine, "permit-1") == ()
    assert tier(engine) is Tier.PSEUDO_SPE


def test_without_a_finding_in_force_data_is_pseudonymised(engine: Engine) -> None:
    assert tier(engine) is Tier.PSEUDO_SPE
    number = assess(engine, FOUND)
    assert tier(engine) is Tier.ANON_DOWNLOAD
    assert tier(engine, TODAY + timedelta(days=1)) is Tier.PSEUDO_SPE
    assess(engine, replace(FOUND, finding=Finding.NOT_ANONYMOUS))
    assert tier(engine) is Tier.PSEUDO_SPE
    newest, oldest = assessments(engine, "permit-1")
    assert (newest.finding, replace(oldest, at=None)) == (Finding.NOT_ANONYMOUS, FOUND)
    line, _ = audit.entries(engine, permit_id="permit-1")
    assert (line.actor, line.action) == ("Eva Ek", "assess-tier")
    assert (line.object, line.outcome) == (f"assessment:{number}", "ANONYMOUS")


@pytest.mark.parametrize(
    "missing",
    [
        {"who": " "},
        {"singling_out": ""},
        {"linkage": "\n"},
        {"inference": ""},
        {"document_sha256": "of a document"},
    ],
)
def test_a_finding_that_leaves_something_out_is_none(
    engine: Engine, missing: dict[str, Any]
) -> None:
    with pytest.raises(ConflictError) as refused:
        assess(engine, replace(FOUND, **missing))
    assert refused.value.reason is Reason.UNANSWERED
    assert assessments(engine, "permit-1") == ()


def test_of_an_unknown_permit_nothing_is_found(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        assess(engine, replace(FOUND, permit_id="permit-2"))


def test_nothing_is_frozen_in_a_tier_that_nobody_answers_for(engine: Engine) -> None:
    with pytest.raises(ConflictError) as refused:
        releases.freeze(engine, "permit-1", Query(), today=TODAY)
    assert refused.value.reason is Reason.NOT_ASSESSED


@pytest.fixture
def women(catalogue_engine: Engine) -> Engine:
    """Three women of 50-54, one of whom came twice, and one alone of 85-89."""
    publisher = prepared(catalogue_engine)
    bands = {1: "50-54", 2: "50-54", 3: "50-54", 4: "50-54", 5: "85-89"}
    for study, band in bands.items():
        made = [new_revision(instance(study, number, age_band=band)) for number in (1, 2)]
        subject = "subject-1" if study == 4 else f"subject-{study}"
        publisher.publish(draft(study, *made, subject=subject))
    return catalogue_engine


def test_a_cell_counts_women_and_not_examinations(women: Engine) -> None:
    found = cells.cells(cells.found_by(women, Query()), cells.CATALOGUED)
    assert (found.women, found.studies) == (4, 5)
    assert [(cell.values[0], cell.women, cell.studies) for cell in found.cells] == [
        ("85-89", 1, 1),
        ("50-54", 3, 4),
    ]
    assert found.below == {2: 1, 3: 1, 5: 4, 10: 4}
    assert found.share(2) == 0.25


def test_who_is_held_is_in_no_cell(women: Engine) -> None:
    target = HoldTarget(HoldScope.SUBJECT, "subject-5")
    holds.place(women, HoldKind.OPTED_OUT, target, reason="r", who="o")
    assert cells.cells(cells.found_by(women, Query()), cells.CATALOGUED).women == 3


def test_a_woman_is_as_hidden_as_in_her_smallest_cell(women: Engine) -> None:
    publisher = prepared(women)
    made = new_revision(instance(6, 1, age_band="55-59"))
    publisher.publish(draft(6, made, subject="subject-2"))
    found = cells.cells(cells.found_by(women, Query()), ["age band"])
    assert (found.women, found.below[2], found.below[3]) == (4, 2, 2)


def test_nobody_is_in_no_cell(catalogue_engine: Engine) -> None:
    found = cells.cells((), cells.CATALOGUED)
    assert (found.women, found.cells, found.share(5)) == (0, (), 0.0)
    with pytest.raises(NotFoundError):
        cells.released_to(catalogue_engine, "permit-1")
