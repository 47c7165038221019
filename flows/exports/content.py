"""What an administrator plans: which studies, when, and how many a night."""

from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from flows.errors import PlanError

Accession = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\\*?\x00-\x1f]+$")]

Description = Annotated[str, Field(min_length=1, max_length=200)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Selection(_Told):
    """Which studies.

    Attributes:
        first: First study date; needed unless accession numbers are given.
        last: Last study date; without it, the newest that is settled.
        stations: Station names; none means any.
        accessions: Accession numbers; with them, dates need not be said.
        screening: `screening` and `clinical` go by what the source says a study was made for,
            where one of the two lists is given, and else by its screening stations.
        screening_descriptions: What that says of screening: whole texts without regard to case,
            `*` for anything; `clinical_descriptions` likewise.
        everything: All that lies in an export folder, or was pushed: that is taken whole, and
            nothing else can be said of it; of a PACS this cannot.
    """

    everything: bool = False
    first: date | None = None
    last: date | None = None
    stations: tuple[str, ...] = ()
    accessions: tuple[Accession, ...] = ()
    modalities: tuple[str, ...] = ("MG",)
    screening: Literal["both", "screening", "clinical"] = "both"
    screening_descriptions: tuple[Description, ...] = ()
    clinical_descriptions: tuple[Description, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.first is not None and self.last is not None and self.last < self.first:
            message = "the last day lies before the first"
            raise ValueError(message)
        if self.everything and self.model_dump(exclude_defaults=True) != {"everything": True}:
            message = "it is taken whole: say nothing besides everything"
            raise ValueError(message)
        if self.first is None and not self.accessions and not self.everything:
            message = "say a first day, or accession numbers: a PACS is never asked for everything"
            raise ValueError(message)
        if self.screening != "both" and self.by_description and not self._named():
            message = f"say which descriptions mean {self.screening}"
            raise ValueError(message)
        return self

    @property
    def by_description(self) -> bool:
        """Tell whether it goes by what a study was made for."""
        return bool(self.screening_descriptions or self.clinical_descriptions)

    def _named(self) -> tuple[Description, ...]:
        screening = self.screening == "screening"
        return self.screening_descriptions if screening else self.clinical_descriptions

    @property
    def ongoing(self) -> bool:
        """Tell whether new studies go on being brought in."""
        return self.everything or (self.last is None and not self.accessions)


class Schedule(_Told):
    """When.

    Attributes:
        cron: When a run begins, as cron says it; empty where only people begin runs.
        opens: Local time from which on studies may be fetched.
        closes: Local time from which on none may; before `opens` it is the next day's.
        blackout: Local days on which nothing is fetched.
    """

    cron: str = Field(default="0 20 * * *", max_length=100)
    timezone: str = "Europe/Stockholm"
    opens: time = time(20)
    closes: time = time(5)
    blackout: tuple[date, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            message = "no time zone of that name"
            raise ValueError(message) from None
        return name


class Limits(_Told):
    """How much.

    Attributes:
        studies_per_night: Of those that settle or fail; 0 is without limit.
        bytes_per_night: 0 is without limit.
        days: Study dates that one export holds; a long backfill is many exports.
        settling_days: How old a study must be: before that, radiologists still add to it.
        tries: How often a study is fetched before what lacks is unavailable.
        rescan_days: After so many days, the source is asked again what it has; 0 is never.
        rescan_back: Study dates so many days back are asked for then.
    """

    studies_per_night: int = Field(default=0, ge=0)
    bytes_per_night: int = Field(default=0, ge=0)
    days: int = Field(default=7, ge=1, le=366)
    settling_days: int = Field(default=14, ge=0, le=3650)
    tries: int = Field(default=3, ge=1, le=50)
    rescan_days: int = Field(default=0, ge=0, le=366)
    rescan_back: int = Field(default=90, ge=1, le=3650)


class Content(_Told):
    """All that a plan says besides whose it is and which source it asks."""

    selection: Selection
    schedule: Schedule = Schedule()
    limits: Limits = Limits()


def read_content(told: object) -> Content:
    """Check what an administrator planned.

    Raises:
        PlanError: With what is wrong in it, never with what it says.
    """
    try:
        return Content.model_validate(told)
    except ValidationError as error:
        raise _refused(error) from None


def content_of(kept: str) -> Content:
    """Give the content of a plan that the ledger keeps.

    Raises:
        PlanError: It was kept by another version.
    """
    try:
        return Content.model_validate_json(kept)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> PlanError:
    wrong = "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'plan'}: {one['msg']}"
        for one in error.errors(include_input=False)
    )
    return PlanError(f"the plan is not complete: {wrong}")
