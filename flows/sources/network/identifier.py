"""Questions to a PACS and its answers: C-FIND identifiers, PS3.4 §C.4.1.

Answers are read as bytes first: a PACS may name a character set and use another (PS3.5 §6.1), and
a value that cannot be read must not spoil the others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.charset import python_encoding
from pydicom.datadict import tag_for_keyword
from pydicom.uid import RE_VALID_UID

from flows.sources.said import availability, day, number, readable
from flows.sources.source import FoundInstance, FoundStudy

STUDY_KEYS = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
    "InstanceAvailability",
)
#: What a study was made for; asked only where a plan selects by it.
PURPOSE_KEYS = ("StudyDescription", "RequestedProcedureDescription", "ReasonForVisit")
SERIES_KEYS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "StationName",
    "StationAETitle",
    "NumberOfSeriesRelatedInstances",
)
IMAGE_KEYS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "SOPClassUID",
    "InstanceNumber",
)
#: Character sets of a question, the narrowest that holds it: PS3.3 §C.12.1.1.2.
QUESTION_SETS = (("", "ascii"), ("ISO_IR 100", "latin-1"), ("ISO_IR 192", "utf-8"))
UTF_8 = "utf-8"


@dataclass(frozen=True, repr=False)
class StudyRow:
    """One answer at STUDY level, and when its study began: `HHMMSS…`, or empty."""

    study: FoundStudy
    time: str


@dataclass(frozen=True, repr=False)
class SeriesRow:
    """One answer at SERIES level; `stations` are its names and AE titles."""

    series_uid: str
    modality: str
    stations: frozenset[str]
    instances: int | None


def question(level: str, keys: tuple[str, ...], matching: Mapping[str, str]) -> Dataset:
    """Build an identifier: keys that are not matched are asked for with an empty value."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword in keys:
        setattr(identifier, keyword, matching.get(keyword, ""))
    for keyword, value in matching.items():
        setattr(identifier, keyword, value)
    term = _character_set("".join(matching.values()))
    if term:
        identifier.SpecificCharacterSet = term
    return identifier


def _character_set(text: str) -> str:
    for term, codec in QUESTION_SETS:
        try:
            text.encode(codec)
        except UnicodeEncodeError:
            continue
        return term
    return "ISO_IR 192"


def study_row(answer: Dataset) -> StudyRow | None:
    """Read an answer at STUDY level; None if it does not name a study."""
    study_uid = _uid(answer, "StudyInstanceUID")
    if not study_uid:
        return None
    study = FoundStudy(
        study_uid=study_uid,
        accession=text(answer, "AccessionNumber"),
        issuer=_issuer(answer),
        study_date=day(text(answer, "StudyDate")),
        modalities=tuple(dict.fromkeys(_codes(answer, "ModalitiesInStudy"))),
        instances=_number(answer, "NumberOfStudyRelatedInstances"),
        availability=availability(text(answer, "InstanceAvailability")),
        described=tuple(filter(None, (text(answer, key) for key in PURPOSE_KEYS))),
    )
    return StudyRow(study, text(answer, "StudyTime").replace(":", ""))


def series_row(answer: Dataset, study_uid: str) -> SeriesRow | None:
    """Read an answer at SERIES level; None if it is of another study, or names no series."""
    series_uid = _uid(answer, "SeriesInstanceUID")
    if not series_uid or _uid(answer, "StudyInstanceUID") not in {"", study_uid}:
        return None
    stations = {text(answer, key).casefold() for key in ("StationName", "StationAETitle")}
    return SeriesRow(
        series_uid=series_uid,
        modality=text(answer, "Modality").upper(),
        stations=frozenset(stations - {""}),
        instances=_number(answer, "NumberOfSeriesRelatedInstances"),
    )


def image_row(answer: Dataset, study_uid: str, series_uid: str) -> FoundInstance | None:
    """Read an answer at IMAGE level; None if it is not of this series, or names no object."""
    sop_uid = _uid(answer, "SOPInstanceUID")
    if (
        not sop_uid
        or _uid(answer, "StudyInstanceUID") not in {"", study_uid}
        or _uid(answer, "SeriesInstanceUID") not in {"", series_uid}
    ):
        return None
    return FoundInstance(
        sop_uid=sop_uid,
        series_uid=series_uid,
        sop_class_uid=_uid(answer, "SOPClassUID"),
        number=_number(answer, "InstanceNumber"),
    )


def text(answer: Dataset, keyword: str) -> str:
    """Give an element's text, decoded as the answer says, or else as it can be."""
    return readable(_text(answer, keyword))


def _text(answer: Dataset, keyword: str) -> str:
    element = answer.get_item(tag_for_keyword(keyword) or 0)
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        return _decoded(value, _codecs(answer)).strip(" \0")
    if value is None or isinstance(value, str):
        return str(value or "").strip(" \0")
    if isinstance(value, list | tuple):
        return "\\".join(str(one) for one in value)
    return str(value).strip(" \0")


def _codecs(answer: Dataset) -> tuple[str, ...]:
    """Name the codecs that an answer claims, without code extensions' escapes."""
    element = answer.get_item(0x00080005)
    value = getattr(element, "value", None)
    raw = value.decode("latin-1") if isinstance(value, bytes) else "\\".join(_listed(value))
    terms = [term.strip(" \0").replace("2022 IR", "IR") for term in raw.split("\\")]
    terms = [term.replace("ISO IR", "ISO_IR") for term in terms]
    return tuple(python_encoding[term] for term in terms if term and term in python_encoding)


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _decoded(raw: bytes, claimed: tuple[str, ...]) -> str:
    for codec in (*claimed, UTF_8):
        try:
            return raw.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("latin-1")


def _uid(answer: Dataset, keyword: str) -> str:
    value = text(answer, keyword)
    return value if re.fullmatch(RE_VALID_UID, value) and len(value) <= 64 else ""  # noqa: PLR2004


def _codes(answer: Dataset, keyword: str) -> list[str]:
    return [code for code in re.split(r"[\\/,; ]+", text(answer, keyword).upper()) if code]


def _number(answer: Dataset, keyword: str) -> int | None:
    return number(text(answer, keyword))


def _issuer(answer: Dataset) -> str:
    """Give the local or universal issuer of the accession number, PS3.3 §10.14."""
    try:
        items = answer.get("IssuerOfAccessionNumberSequence") or []
        for item in items:
            if found := text(item, "LocalNamespaceEntityID") or text(item, "UniversalEntityID"):
                return found
    except Exception:  # noqa: BLE001  # a sequence that cannot be read says nothing
        return ""
    return ""
