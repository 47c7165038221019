"""Which studies are applied for: the query of `catalog.search`, as it is written in a form."""

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from catalog.applications.words import Part
from catalog.search import Query
from catalog.vocabulary import AGE_BANDS, Kind, Laterality, QualityFlag, View

Year = Annotated[int, Field(ge=1900, le=2200)]


class Cohort(Part):
    """A query; what is left out matches everything."""

    view: View | None = None
    laterality: Laterality | None = None
    vendor: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9 ]{0,31}$")] | None = None
    kind: Kind | None = None
    age_band: Literal[AGE_BANDS] | None = None  # type: ignore[valid-type] # a tuple of its words
    exam_year_from: Year | None = None
    exam_year_to: Year | None = None
    holder: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] | None = None
    companions: bool = True
    flag: QualityFlag | None = None
    laterality_agrees: bool | None = None

    def query(self) -> Query:
        """Give the catalogue's query."""
        return Query(**self.model_dump())

    @classmethod
    def of(cls, query: Query) -> "Cohort":
        """Write a query of the catalogue down."""
        return cls(**asdict(query))
