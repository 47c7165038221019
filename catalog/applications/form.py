"""An application's content: EHDS Art. 67(2), points (a) to (k), as one versioned schema.

A draft may leave out any part; what is there must be well formed. What must be said before it is
submitted stands in `catalog.applications.rules`. A changed field is a new VERSION; each application
keeps the one it was written in.
"""

from typing import Annotated, Final

from pydantic import Field

from catalog.applications.cohort import Cohort
from catalog.applications.words import Line, Paragraphs, Part, PersonSubject
from catalog.vocabulary import ApplicantKind, GdprBasis, Purpose, Tier

VERSION: Final = 1
MAX_PERSONS: Final = 100
MAX_MONTHS: Final = 120


class Applicant(Part):
    """Who applies (Art. 67(2)(a)).

    Attributes:
        on_behalf_of: The public body it acts for (Art. 53(2)).
        agreement: A framework agreement that it applies under.
    """

    name: Line
    kind: ApplicantKind
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1.")]
    registration: Line | None = None
    on_behalf_of: Line | None = None
    agreement: Line | None = None

    @property
    def is_public(self) -> bool:
        """Tell whether it is a public body, or acts for one."""
        return self.kind is ApplicantKind.PUBLIC_BODY or self.on_behalf_of is not None


class Person(Part):
    """A natural person who would have access (Art. 67(2)(a)).

    Attributes:
        subject: `sub` of the tokens.
        lead: Whether it is the principal investigator.
    """

    subject: PersonSubject
    name: Line
    function: Line
    lead: bool = False


class Data(Part):
    """What is applied for (Art. 67(2)(d)): scope, time range, format, sources, geography."""

    description: Paragraphs
    cohort: Cohort
    studies_at_most: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    formats: Annotated[tuple[Line, ...], Field(max_length=10)] = ()
    geography: Line | None = None


class Requested(Part):
    """The tier, and why (Art. 67(2)(e)); pseudonymised, also why that is lawful (67(4)).

    Attributes:
        justification: Why the tier; of pseudonymised data, why anonymised would not do.
    """

    tier: Tier
    justification: Paragraphs | None = None
    gdpr_basis: GdprBasis | None = None
    gdpr_explanation: Paragraphs | None = None


class OwnDataset(Part):
    """A dataset of the applicant's own, to be brought into the environment (Art. 67(2)(f))."""

    name: Line
    description: Paragraphs


class Period(Part):
    """For how long, and why (Art. 67(2)(h))."""

    months: Annotated[int, Field(ge=1, le=MAX_MONTHS)]
    justification: Paragraphs


class Ethics(Part):
    """The assessment of ethical aspects (Art. 67(2)(j)); in Sweden the review's decision."""

    assessment: Paragraphs
    authority: Line | None = None
    reference: Line | None = None


class Attestations(Part):
    """What the applicant attests not to do, each by itself (Art. 54)."""

    no_detrimental_decisions: bool = Field(default=False, description="Art. 54(a)")
    no_discrimination: bool = Field(
        default=False, description="Art. 54(b): employment, goods, services, insurance, credit"
    )
    no_marketing: bool = Field(default=False, description="Art. 54(c)")
    no_harmful_products: bool = Field(default=False, description="Art. 54(d)")
    no_unethical_activities: bool = Field(default=False, description="Art. 54(e)")


class Form(Part):
    """An application's content, point by point of Art. 67(2); a draft may lack any."""

    title: Line = Field(description="What the project is called.")
    applicant: Applicant | None = Field(None, description="67(2)(a)")
    persons: Annotated[tuple[Person, ...], Field(max_length=MAX_PERSONS)] = Field(
        (), description="67(2)(a): natural persons who would have access"
    )
    purposes: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = Field(
        (), description="67(2)(b), 53(1)"
    )
    intended_use: Paragraphs | None = Field(None, description="67(2)(c)")
    expected_benefit: Paragraphs | None = Field(None, description="67(2)(c)")
    data: Data | None = Field(None, description="67(2)(d)")
    requested: Requested | None = Field(None, description="67(2)(e), 67(4)")
    own_datasets: Annotated[tuple[OwnDataset, ...], Field(max_length=20)] = Field(
        (), description="67(2)(f)"
    )
    safeguards: Paragraphs | None = Field(None, description="67(2)(g)")
    period: Period | None = Field(None, description="67(2)(h)")
    frequency: Line | None = Field(
        None, description="67(5): how often a public body needs it, instead of a period"
    )
    tools: Paragraphs | None = Field(None, description="67(2)(i): tools and computing resources")
    ethics: Ethics | None = Field(None, description="67(2)(j)")
    opt_out_exception: Paragraphs | None = Field(
        None, description="67(2)(k): why the exception of Art. 71(4) applies"
    )
    attestations: Attestations = Field(default_factory=Attestations, description="54")

    def names(self, who: str) -> bool:
        """Tell whether it names somebody, by the subject of their tokens."""
        return any(person.subject == who for person in self.persons)
