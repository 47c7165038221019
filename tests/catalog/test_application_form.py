"""The form: what may be written, and what must be said before it is submitted."""

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from catalog.applications.cohort import Cohort
from catalog.applications.form import MAX_PERSONS, Attestations, Form
from catalog.applications.rules import RULES, gaps
from catalog.applications.schema import schema
from catalog.search import Query
from catalog.vocabulary import AGE_BANDS, Kind, View
from tests.catalog.applying import ANNA, form

PUBLIC = {"name": "The agency", "kind": "PUBLIC_BODY", "country": "SE"}
FOR_PUBLIC = {"name": "A firm", "kind": "INDUSTRY", "country": "SE", "on_behalf_of": "The agency"}
ANON = {"tier": "ANON_DOWNLOAD"}
PSEUDO = {"tier": "PSEUDO_SPE", "justification": "Why", "gdpr_explanation": "Why"}
LEAD = {"subject": ANNA, "name": "A", "function": "F", "lead": True}
OTHER = {"subject": "b", "name": "B", "function": "F"}


def test_a_whole_form_lacks_nothing() -> None:
    assert list(gaps(form())) == []


def test_a_draft_may_lack_anything_and_is_told_what() -> None:
    told = list(gaps(Form(title="A draft")))
    assert {field for _, field in told} >= {
        *("applicant", "persons", "purposes", "intended_use", "expected_benefit", "data"),
        *("requested", "safeguards", "period", "tools", "ethics"),
    }
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    "field",
    [name for name, one in Form.model_fields.items() if name != "title" and one.default is None],
)
def test_what_each_point_asks_for_is_asked_for(field: str) -> None:
    lacking = form(**{field: None})
    optional = {"frequency", "opt_out_exception"}
    assert [told.split(".")[0] for _, told in gaps(lacking)] == (
        [] if field in optional else [field]
    )


@pytest.mark.parametrize("name", Attestations.model_fields)
def test_each_attestation_stands_by_itself(name: str) -> None:
    given = form().attestations.model_dump() | {name: False}
    assert list(gaps(form(attestations=given))) == [("54", f"attestations.{name}")]


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"purposes": ["53(1)(a)"]}, ["53(2)"]),
        ({"purposes": ["53(1)(b)", "53(1)(e)"]}, ["53(2)"]),
        (
            {"purposes": ["53(1)(c)"], "applicant": PUBLIC, "period": None, "frequency": "yearly"},
            [],
        ),
        (
            {
                "purposes": ["53(1)(c)"],
                "applicant": FOR_PUBLIC,
                "period": None,
                "frequency": "once",
            },
            [],
        ),
        ({"applicant": PUBLIC}, ["67(2)(h), 67(5)"]),
        ({"frequency": "yearly"}, ["67(2)(h), 67(5)"]),
        ({"opt_out_exception": "It is needed."}, ["71(4)"]),
        ({"requested": ANON}, []),
        ({"requested": PSEUDO}, ["67(4)"]),
        ({"requested": PSEUDO | {"gdpr_basis": "6(1)(f)"}}, []),
        ({"requested": {"tier": "PSEUDO_SPE", "justification": "Why"}}, ["67(4)"]),
        (
            {
                "requested": {
                    "tier": "PSEUDO_SPE",
                    "gdpr_basis": "6(1)(e)",
                    "gdpr_explanation": "Why",
                }
            },
            ["67(2)(e)"],
        ),
        (
            {
                "requested": PSEUDO | {"gdpr_basis": "6(1)(f)"},
                "applicant": PUBLIC,
                "period": None,
                "frequency": "once",
            },
            ["67(4)"],
        ),
        ({"persons": [LEAD, LEAD | {"lead": False}]}, ["67(2)(a)"]),
        ({"persons": [OTHER]}, ["68(10)(d)"]),
        ({"persons": [LEAD, OTHER | {"lead": True}]}, ["68(10)(d)"]),
        (
            {
                "data": {
                    "description": "d",
                    "cohort": {"exam_year_from": 2020, "exam_year_to": 2019},
                }
            },
            ["67(2)(d)"],
        ),
    ],
)
def test_what_depends_on_other_points(changes: dict[str, Any], lacks: list[str]) -> None:
    assert [clause for clause, _ in gaps(form(**changes))] == lacks


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "a\x00b"},
        {"title": "a\nb"},
        {"title": "a\x1b[31mb"},
        {"title": "\u202egnirts"},
        {"title": "100\u200e (1)"},
        {"tools": "100\u200f (1)"},
        {"tools": "100\u061c (1)"},
        {"title": " "},
        {"title": "x" * 201},
        {"tools": "a\x07"},
        {"tools": "x" * 10_001},
        {"persons": [OTHER | {"subject": str(number)} for number in range(MAX_PERSONS + 1)]},
        {"persons": [OTHER | {"subject": "å"}]},
        {"persons": [OTHER | {"subject": "spe-1"}]},
        {"persons": [OTHER | {"personnummer": "x"}]},
        {"purposes": ["53(1)(g)"]},
        {"period": {"months": 121, "justification": "long"}},
        {"data": {"description": "d", "cohort": {"pseudonym": "x"}}},
        {"unknown": 1},
    ],
)
def test_what_may_not_be_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        form(**changes)
    assert "gnirts" not in str(caught.value)


def test_a_text_may_have_lines_and_letters_of_every_language() -> None:
    assert form(tools="Två rader:\n\t1. ångström\n2. 乳房").tools


def test_a_cohort_is_a_query_of_the_catalogue() -> None:
    assert set(Cohort.model_fields) == {one.name for one in fields(Query)}
    query = Query(view=View.CC, kind=Kind.DBT, age_band=AGE_BANDS[3], companions=False)
    assert Cohort.of(query).query() == query
    with pytest.raises(ValidationError):
        Cohort(age_band="50-55")


def test_the_schema_says_which_version_it_is_and_what_is_required() -> None:
    told = schema()
    assert told["$id"] == "urn:mammo:application:1"
    assert told["additionalProperties"] is False
    assert {one["field"].split(".")[0] for one in told["x-required-to-submit"]} <= set(
        told["properties"]
    )
    assert len(told["x-required-to-submit"]) == len(RULES)
