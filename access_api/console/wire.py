"""What goes over the wire: names in paths, what is asked and answered, with examples."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from catalog.errands.records import Errand, ErrandKind, ErrandState
from catalog.vocabulary import ProtectionSource

LONGEST_WAIT_S: Final = 20
# Not \w: which letters that means differs between those who read the description.
_NAME: Final = r"^[A-Za-z0-9_À-ÖØ-öø-ɏ][A-Za-z0-9_À-ÖØ-öø-ɏ .\-]{0,63}$"
_LINE: Final = r"^[^\x00-\x1f\x7f]+$"

SourceName = Annotated[
    str, Path(pattern=_NAME, description="A source's name.", examples=["sectra"])
]
PlanId = Annotated[
    str, Path(pattern=r"^p-[0-9a-f]{8}$", description="A plan's id.", examples=["p-5f0c9a1e"])
]
ExportId = Annotated[
    str,
    Path(pattern=r"^[0-9]{8}-[0-9a-f]{8}$", description="An export's id."),
]
ErrandId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{32}$", description="An errand's id, as it was answered.")
]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
Number = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\\*?\x00-\x1f\x7f]+$")]

PACS: Final[dict[str, Any]] = {
    "kind": "DICOM",
    "ae_title": "PACS1",
    "host": "pacs.region.example",
    "port": 11112,
    "our_ae_title": "MAMMO",
    "retrieve": "auto",
    "screening_stations": ["BUSS1", "BUSS2"],
    "care": {"associations": 2, "nearline": False},
}
PLAN: Final[dict[str, Any]] = {
    "selection": {"first": "2016-01-01", "last": "2024-12-31", "screening": "screening"},
    "schedule": {
        "cron": "0 20 * * *",
        "timezone": "Europe/Stockholm",
        "opens": "20:00:00",
        "closes": "05:00:00",
        "blackout": ["2026-12-24"],
    },
    "limits": {"studies_per_night": 400, "days": 7, "settling_days": 14},
}
DECISION: Final[dict[str, Any]] = {
    "reference": "HDa-2026-14",
    "legal_basis": "EHDS Article 60",
    "purpose": "The pilot of the mammography data space",
    "controller": "Region Norr",
    "valid_until": "2027-12-31",
    "protection_source": "FILTERED_EXPORT",
}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LatestParameters(_Asked):
    """How much of a list is wanted."""

    limit: Annotated[int, Field(ge=1, le=1000, description="So many at most.")] = 100


class WaitParameters(_Asked):
    """How long an answer may take."""

    wait: Annotated[
        int, Field(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait until it has ended.")
    ] = 0


class SourceAsked(_Asked):
    """A source to enter, or to change by who entered it while no plan asks it.

    Attributes:
        definition: All else, as in the file of `mammo sources add` (docs/exports.md). Passwords,
            keys and tokens never come this way: they are files of the region's disk, by path.
    """

    name: Annotated[str, Field(pattern=_NAME, examples=["sectra"])]
    definition: Annotated[dict[str, Any], Field(examples=[PACS])]


class PreviewAsked(_Asked):
    """A plan to reckon; nothing moves.

    Attributes:
        plan: As in the file of `mammo exports preview`: selection, schedule, limits.
    """

    source: Annotated[str, Field(pattern=_NAME, examples=["sectra"])]
    plan: Annotated[dict[str, Any], Field(examples=[PLAN])]


class DecisionAsked(_Asked):
    """The holder's disclosure decision: without one, nothing comes in."""

    model_config = ConfigDict(json_schema_extra={"examples": [DECISION]})

    reference: Annotated[str, Field(min_length=1, max_length=128, pattern=_LINE)]
    legal_basis: Line
    purpose: Line
    controller: Line
    valid_until: date
    protection_source: ProtectionSource


class PlanAsked(_Asked):
    """A plan to enter; it runs by its schedule from then on.

    Attributes:
        holder: The care provider's id, as in the catalogue.
    """

    holder: Annotated[str, Field(pattern=_NAME, examples=["osterskog"])]
    source: Annotated[str, Field(pattern=_NAME, examples=["sectra"])]
    plan: Annotated[dict[str, Any], Field(examples=[PLAN])]
    decision: DecisionAsked


class TraceAsked(_Asked):
    """An accession number as the source has it; it is sealed at once, and no URL or log has it.

    Attributes:
        issuer: Who issued it (Issuer of Accession Number), where the source says so.
    """

    accession: Annotated[Number, Field(examples=["SE0000000001"])]
    issuer: Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class ErrandAnswer(BaseModel):
    """What was asked of the region's worker, and how far it is.

    Attributes:
        target: The source's name or the plan's id; empty for none.
        answer: What the worker said: for `FAILED`, the `reason`. Only who asked reads it, for a
            day. What was asked is not told again: it is sealed, and erased when it has ended.
    """

    id: str
    kind: ErrandKind
    target: str
    state: ErrandState
    who: str
    asked_at: datetime
    ended_at: datetime | None = None
    answer: dict[str, Any] | None = None


ID: Final = "5f0c9a1e5f0c9a1e5f0c9a1e5f0c9a1e"
_TIMES: Final = {"asked_at": "2026-11-22T08:00:00Z", "ended_at": "2026-11-22T08:00:01Z"}
ACCEPTED: Final[dict[str, Any]] = {
    "description": "Asked; `Location` says where the answer will be.",
    "headers": {
        "Location": {"description": "The errand.", "schema": {"type": "string"}},
    },
    "content": {
        "application/json": {
            "example": {
                "id": ID,
                "kind": "SOURCE_TEST",
                "target": "sectra",
                "state": "ASKED",
                "who": "eva.provstrom",
                "asked_at": "2026-11-22T08:00:00Z",
            }
        }
    },
}


def _answered(kind: ErrandKind, target: str, answer: dict[str, Any]) -> dict[str, Any]:
    told = {"id": ID, "kind": kind, "target": target, "state": "DONE", "who": "eva.provstrom"}
    return {"summary": kind.value, "value": {**told, **_TIMES, "answer": answer}}


ANSWERS: Final[dict[str, Any]] = {
    "description": "How far it is.",
    "content": {
        "application/json": {
            "examples": {
                "test": _answered(
                    ErrandKind.SOURCE_TEST,
                    "sectra",
                    {
                        "enter": ["Enter at the PACS:", "  AE title       MAMMO"],
                        "steps": [{"name": "echo", "ok": True, "told": "the PACS answers C-ECHO"}],
                        "ok": True,
                    },
                ),
                "preview": _answered(
                    ErrandKind.PREVIEW,
                    "sectra",
                    {
                        "days": ["2016-01-01", "2024-12-31"],
                        "studies": 412000,
                        "skipped": 0,
                        "instances": 1648000,
                        "reckoned": 12,
                        "bytes": 19776000000000,
                        "seconds": 988800,
                        "nights": 1030,
                        "by_month": {"2016-01": 3800},
                    },
                ),
                "trace": _answered(
                    ErrandKind.TRACE,
                    "",
                    {
                        "files": [
                            {
                                "number": 1,
                                "export_id": "20261122-5f0c9a1e",
                                "outcome": "ADMITTED",
                                "reason": "",
                                "clean_study_uid": "2.25.111111111111111111111111111111111111",
                                "clean_sop_uid": "2.25.222222222222222222222222222222222222",
                                "revision": 1,
                                "recorded_at": "2026-11-21T21:13:07+00:00",
                            }
                        ],
                        "more": 0,
                        "studies": [],
                    },
                ),
            }
        }
    },
}


def shown(found: Errand, *, whole: bool) -> ErrandAnswer:
    """Show an errand; with its answer to who asked only."""
    told = vars(found) if whole else {**vars(found), "answer": None}
    return ErrandAnswer(**told)
