"""What an application must say before it is submitted, as data: EHDS Art. 53, 54, 67, 68, 71.

A rule names its clause and the field it asks for; what was written is never part of an answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from catalog.applications.form import Attestations, Form
from catalog.vocabulary import PUBLIC_PURPOSES, GdprBasis, Tier


@dataclass(frozen=True)
class Rule:
    """One thing an application must say.

    Attributes:
        clause: Of the Regulation.
        field: What it asks for, as a path of the form.
        when: To whom it applies, in words; empty for all.
        is_met: Judges a form.
    """

    clause: str
    field: str
    when: str
    is_met: Callable[[Form], bool]


def _is_public(form: Form) -> bool:
    return form.applicant is not None and form.applicant.is_public


def _is_pseudonymised(form: Form) -> bool:
    return form.requested is not None and form.requested.tier is Tier.PSEUDO_SPE


def _has_period(form: Form) -> bool:
    """A public body says how often (67(5)); all others for how long, and may not say how often."""
    if _is_public(form):
        return form.frequency is not None and form.period is None
    return form.period is not None and form.frequency is None


def _years_agree(form: Form) -> bool:
    if form.data is None:
        return True
    first, last = form.data.cohort.exam_year_from, form.data.cohort.exam_year_to
    return first is None or last is None or first <= last


def _lawful(form: Form) -> bool:
    """A public authority may not rest its tasks on legitimate interests (GDPR Art. 6(1))."""
    if not _is_pseudonymised(form) or form.requested is None:
        return True
    basis = form.requested.gdpr_basis
    if form.requested.gdpr_explanation is None or basis is None:
        return False
    return not (_is_public(form) and basis is GdprBasis.LEGITIMATE_INTERESTS)


def _distinct(values: list[str]) -> bool:
    return len(set(values)) == len(values)


def _some(field: str) -> Callable[[Form], bool]:
    return lambda form: bool(getattr(form, field))


def _attests(name: str) -> Callable[[Form], bool]:
    return lambda form: bool(getattr(form.attestations, name))


PUBLIC: Final = "a public body, or who acts for one"
PSEUDONYMISED: Final = "the tier PSEUDO_SPE"
RULES: Final = (
    Rule("67(2)(a)", "applicant", "", _some("applicant")),
    Rule("67(2)(a)", "persons", "", _some("persons")),
    Rule(
        "67(2)(a)", "persons.subject", "", lambda form: _distinct([p.subject for p in form.persons])
    ),
    Rule("68(10)(d)", "persons.lead", "", lambda form: sum(p.lead for p in form.persons) == 1),
    Rule("67(2)(b)", "purposes", "", _some("purposes")),
    Rule(
        "53(2)",
        "purposes",
        "53(1)(a), (b) or (c)",
        lambda form: _is_public(form) or not PUBLIC_PURPOSES & set(form.purposes),
    ),
    Rule("67(2)(c)", "intended_use", "", _some("intended_use")),
    Rule("67(2)(c)", "expected_benefit", "", _some("expected_benefit")),
    Rule("67(2)(d)", "data", "", _some("data")),
    Rule("67(2)(d)", "data.cohort.exam_year_to", "", _years_agree),
    Rule("67(2)(e)", "requested", "", _some("requested")),
    Rule(
        "67(2)(e)",
        "requested.justification",
        PSEUDONYMISED,
        lambda form: (
            not _is_pseudonymised(form)
            or (form.requested is not None and form.requested.justification is not None)
        ),
    ),
    Rule("67(4)", "requested.gdpr_basis", PSEUDONYMISED, _lawful),
    Rule("67(2)(g)", "safeguards", "", _some("safeguards")),
    Rule("67(2)(h), 67(5)", "period", f"frequency instead: {PUBLIC}", _has_period),
    Rule("67(2)(i)", "tools", "", _some("tools")),
    Rule("67(2)(j)", "ethics", "", _some("ethics")),
    Rule(
        "71(4)",
        "opt_out_exception",
        f"only {PUBLIC}",
        lambda form: form.opt_out_exception is None or _is_public(form),
    ),
    *(Rule("54", f"attestations.{name}", "", _attests(name)) for name in Attestations.model_fields),
)


def gaps(form: Form) -> Iterator[tuple[str, str]]:
    """Give clause and field of every rule that a form does not meet."""
    for rule in RULES:
        if not rule.is_met(form):
            yield rule.clause, rule.field
