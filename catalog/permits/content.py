"""What a permit says: EHDS Art. 68(10), points (a) to (h), as one versioned schema."""

from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from catalog.applications.form import MAX_PERSONS, Data, Person
from catalog.applications.words import AccountId, Line, Paragraphs, Part, Sentence
from catalog.permits.records import Permit
from catalog.vocabulary import Purpose, Tier

VERSION: Final = 1

Conditions = Annotated[tuple[Sentence, ...], Field(max_length=50)]
Environments = Annotated[tuple[AccountId, ...], Field(max_length=10)]


class Content(Part):
    """A permit's content, by the points of Art. 68(10).

    Attributes:
        environments: Service accounts of the secure processing environments it is used in.
    """

    title: Line
    data: Data = Field(description="68(10)(a): categories, specification, format, sources")
    tier: Tier = Field(description="68(10)(a): whether pseudonymised")
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)] = Field(description="68(10)(b)")
    opt_out_exception: bool = Field(description="68(10)(c): whether Art. 71(4) is applied")
    persons: Annotated[tuple[Person, ...], Field(min_length=1, max_length=MAX_PERSONS)] = Field(
        description="68(10)(d): authorised persons, with the principal investigator"
    )
    environments: Environments = ()
    valid_from: date = Field(description="68(10)(e)")
    valid_until: date = Field(description="68(10)(e)")
    tools: Paragraphs = Field(description="68(10)(f): tools in the environment")
    fees: Paragraphs | None = Field(None, description="68(10)(g)")
    conditions: Conditions = Field((), description="68(10)(h)")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.valid_from > self.valid_until:
            message = "it ends before it begins"
            raise ValueError(message)
        if sum(person.lead for person in self.persons) != 1:
            message = "one principal investigator"
            raise ValueError(message)
        if len({person.subject for person in self.persons}) != len(self.persons):
            message = "each person once"
            raise ValueError(message)
        return self

    def names(self, who: str) -> bool:
        """Tell whether it names somebody, by the subject of their tokens."""
        return any(person.subject == who for person in self.persons)

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 # fields of many types
        """Give the content with some fields changed.

        Raises:
            ValidationError: They do not go together.
        """
        return type(self).model_validate({**dict(self), **changes})

    def amended(self, changes: "Changes", *, today: date) -> Self:
        """Give the content with what an amendment names, from the day on that it takes over.

        Raises:
            ValidationError: They do not go together.
        """
        said = {name: value for name, value in changes if value is not None}
        return self.but(**{"valid_from": max(today, self.valid_from), **said})

    def permit(self, permit_id: str) -> Permit:
        """Give the permit that says this."""
        return Permit(
            id=permit_id,
            title=self.title,
            purpose=", ".join(f"Article {purpose}" for purpose in self.purposes),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            persons=frozenset({*(person.subject for person in self.persons), *self.environments}),
            tier=self.tier,
        )


class Changes(Part):
    """What an amendment says otherwise; what is left out stays as it was.

    Attributes:
        valid_from: When it takes over; today, if it is left out.
        valid_until: An earlier last day.
    """

    persons: Annotated[tuple[Person, ...] | None, Field(min_length=1, max_length=MAX_PERSONS)] = (
        None
    )
    environments: Environments | None = None
    conditions: Conditions | None = None
    tools: Paragraphs | None = None
    valid_from: date | None = None
    valid_until: date | None = None
