"""What goes over the wire beside bytes: the shape of refusals, and examples for the description."""

from typing import Any, Final

from pydantic import BaseModel, Field

from access_api import errors
from access_api.problems import (
    INVALID,
    MEDIA_TYPE,
    PACE,
    SLOW,
    TABLE,
    TOO_LARGE,
    TOO_LONG,
    UNAVAILABLE,
    UNKNOWN,
    Problem,
)
from catalog import errors as catalog_errors


class ProblemBody(BaseModel):
    """A refusal (RFC 9457); it never repeats what was sent."""

    type: str = Field(examples=["urn:mammo:problem:not-found"])
    title: str
    status: int


def _described(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    return {
        int(problem.status): {
            "description": problem.title,
            "content": {
                MEDIA_TYPE: {
                    "schema": ProblemBody.model_json_schema(),
                    "example": problem.body(),
                }
            },
        }
        for problem in problems
    }


REFUSALS: Final = _described(
    TABLE[errors.AuthenticationError],
    TABLE[errors.ForbiddenError],
    INVALID,
    PACE,
    TOO_LONG,
    UNAVAILABLE,
)
RELEASE_REFUSALS: Final = _described(
    TABLE[errors.AuthenticationError],
    TABLE[errors.ForbiddenError],
    UNKNOWN,
    INVALID,
    PACE,
    TOO_LONG,
    UNAVAILABLE,
)
MANIFEST_REFUSALS: Final = RELEASE_REFUSALS | _described(TABLE[errors.AddressError])
BYTES_REFUSALS: Final = RELEASE_REFUSALS | _described(TABLE[errors.RangeError])

CHANGE_REFUSALS: Final = RELEASE_REFUSALS | _described(
    TABLE[catalog_errors.StepError],
    TABLE[catalog_errors.VersionError],
    TABLE[errors.PreconditionError],
    TOO_LARGE,
    SLOW,
)

STEP_REFUSALS: Final = RELEASE_REFUSALS | _described(
    TABLE[catalog_errors.StepError], TOO_LARGE, SLOW
)

TOKEN_REFUSALS: Final = _described(TOO_LARGE, SLOW, PACE, TOO_LONG, UNAVAILABLE)
"""Beside those of RFC 6749 §5.2, which have a shape of their own."""

STUDY_FOUND: Final[dict[str, Any]] = {
    "study_key": "6f1c2a9be0d94d0c8c6f5d3e1b7a4820",
    "holder": "vg-mammography",
    "exam_year": 2021,
    "age_band": "50-54",
    "vendors": ["HOLOGIC"],
    "views": ["CC", "MLO"],
    "lateralities": ["L", "R"],
    "kinds": ["CAD_SR", "FFDM"],
    "images": 4,
    "instances": 5,
    "size": 70000000,
}
PERMIT: Final = "SE-2026-0042"
STUDY_UID: Final = "2.25.111111111111111111111111111111111111"
SERIES_UID: Final = "2.25.222222222222222222222222222222222222"
SOP_UID: Final = "2.25.333333333333333333333333333333333333"
SHA256: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_PATH: Final = f"{STUDY_UID}/{SERIES_UID}/{SOP_UID}.dcm"
SUMMARY: Final[dict[str, Any]] = {
    "permit": PERMIT,
    "title": "Breast density over time",
    "purpose": "Scientific research (EHDS Art. 53(1)(e))",
    "tier": "ANON_DOWNLOAD",
    "valid_from": "2026-11-01",
    "valid_until": "2027-10-31",
    "release": 1,
    "sealed_at": "2026-11-20T08:00:00Z",
    "studies": 1204,
    "instances": 4816,
    "size": 85849014272,
}
STUDY: Final[dict[str, Any]] = {
    "study_uid": STUDY_UID,
    "pseudonym": "R7K2M9QX",
    "modalities": ["MG"],
    "series": 4,
    "instances": 4,
    "size": 71303168,
}
INSTANCE: Final[dict[str, Any]] = {
    "path": _PATH,
    "size": 17825792,
    "sha256": SHA256,
    "study_uid": STUDY_UID,
    "series_uid": SERIES_UID,
    "sop_uid": SOP_UID,
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.2",
    "transfer_syntax": "1.2.840.10008.1.2.1",
    "modality": "MG",
    "previews": [256, 512, 1024],
    "derived": False,
    "derived_from": None,
    "pixel_facts": {
        "breast_area_mm2": 14210.5,
        "breast_share": 0.31,
        "laterality": "L",
        "laterality_agrees": True,
        "saturated_share": 0.0,
        "flags": [],
    },
}

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The whole object.", "content": {"application/dicom": _BINARY}},
    206: {"description": "One range of it.", "content": {"application/dicom": _BINARY}},
    304: {"description": "You have it already (If-None-Match)."},
}
PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The picture.", "content": {"image/png": _BINARY}},
    304: {"description": "You have it already (If-None-Match)."},
}
ARCHIVE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The archive.",
        "content": {"application/zip": _BINARY, "application/x-tar": _BINARY},
    },
    206: {
        "description": "One range of it.",
        "content": {"application/zip": _BINARY, "application/x-tar": _BINARY},
    },
    304: {"description": "You have it already (If-None-Match)."},
}
PAPER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The paper.",
        "content": {
            kind: {"schema": {"type": "string"}}
            for kind in ("text/csv", "text/plain", "application/json", "application/yaml")
        }
        | {"application/vnd.apache.parquet": _BINARY},
    },
    304: {"description": "You have it already (If-None-Match)."},
}
SELECTION: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The document.", "content": {"application/dicom": _BINARY}},
    304: {"description": "You have it already (If-None-Match)."},
}
MANIFEST: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The manifest.",
        "content": {
            "application/json": {"example": {"permit": PERMIT, "instances": [INSTANCE]}},
            "application/x-ndjson": {"example": INSTANCE},
            "text/plain": {"example": f"{SHA256}  {_PATH}\n"},
        },
    }
}
