"""Answers of a search in DICOM JSON (PS3.18 §F), read element by element.

A value that cannot be read says nothing, and spoils no other.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydicom.uid import RE_VALID_UID

from flows.sources.network.identifier import SeriesRow, StudyRow
from flows.sources.said import availability, day, number, readable
from flows.sources.source import FoundInstance, FoundStudy

Row = Mapping[str, Any]

SOP_CLASS_UID, SOP_INSTANCE_UID = "00080016", "00080018"
STUDY_DATE, STUDY_TIME, ACCESSION = "00080020", "00080030", "00080050"
ISSUER, AVAILABILITY = "00080051", "00080056"
MODALITY, MODALITIES = "00080060", "00080061"
STATION, STATION_AE = "00081010", "00080055"
STUDY_UID, SERIES_UID, NUMBER = "0020000D", "0020000E", "00200013"
STUDY_INSTANCES, SERIES_INSTANCES = "00201208", "00201209"
#: Local Namespace Entity ID and Universal Entity ID, PS3.3 §10.14.
ENTITIES = ("00400031", "00400032")

#: What is asked for besides what every service gives, PS3.18 Tables 10.6.3-3 and 10.6.3-4.
STUDY_FIELDS = (MODALITIES, STUDY_INSTANCES, AVAILABILITY, ISSUER)
#: What a study was made for: Study and Requested Procedure Description, Reason for Visit.
PURPOSE_FIELDS = ("00081030", "00321060", "00321066")
SERIES_FIELDS = (SERIES_INSTANCES, STATION, STATION_AE)
LONGEST_UID = 64


def study_row(row: Row) -> StudyRow | None:
    """Read a study; None if it names none."""
    study_uid = _uid(row, STUDY_UID)
    if not study_uid:
        return None
    study = FoundStudy(
        study_uid=study_uid,
        accession=text(row, ACCESSION),
        issuer=_issuer(row),
        study_date=day(text(row, STUDY_DATE)),
        modalities=tuple(dict.fromkeys(_codes(row))),
        instances=_number(row, STUDY_INSTANCES),
        availability=availability(text(row, AVAILABILITY)),
        described=tuple(filter(None, (text(row, tag) for tag in PURPOSE_FIELDS))),
    )
    return StudyRow(study, text(row, STUDY_TIME).replace(":", ""))


def series_row(row: Row, study_uid: str) -> SeriesRow | None:
    """Read a series; None if it is of another study, or names none."""
    series_uid = _uid(row, SERIES_UID)
    if not series_uid or _uid(row, STUDY_UID) not in {"", study_uid}:
        return None
    stations = {text(row, tag).casefold() for tag in (STATION, STATION_AE)}
    return SeriesRow(
        series_uid=series_uid,
        modality=text(row, MODALITY).upper(),
        stations=frozenset(stations - {""}),
        instances=_number(row, SERIES_INSTANCES),
    )


def instance_row(row: Row, study_uid: str, series_uid: str = "") -> FoundInstance | None:
    """Read an object; None if it is of another study or series, or names none.

    Args:
        row: The answer.
        study_uid: Which study was asked for.
        series_uid: Which series; empty where the whole study was.
    """
    sop_uid, told = _uid(row, SOP_INSTANCE_UID), _uid(row, SERIES_UID)
    if not sop_uid or _uid(row, STUDY_UID) not in {"", study_uid}:
        return None
    if series_uid and told not in {"", series_uid}:
        return None
    return FoundInstance(
        sop_uid=sop_uid,
        series_uid=told or series_uid,
        sop_class_uid=_uid(row, SOP_CLASS_UID),
        number=_number(row, NUMBER),
    )


def text(row: Row, tag: str) -> str:
    """Give an element's values as text, with a backslash between, as they stand in DICOM."""
    told = (str(one) for one in _values(row, tag) if isinstance(one, str | int | float))
    return readable("\\".join(told))


def _values(row: Row, tag: str) -> list[Any]:
    element = row.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    if not isinstance(values, list):
        return []
    return [one.strip(" \0") if isinstance(one, str) else one for one in values]


def _uid(row: Row, tag: str) -> str:
    value = text(row, tag)
    return value if re.fullmatch(RE_VALID_UID, value) and len(value) <= LONGEST_UID else ""


def _codes(row: Row) -> list[str]:
    return [code for code in re.split(r"[\\/,; ]+", text(row, MODALITIES).upper()) if code]


def _number(row: Row, tag: str) -> int | None:
    return number(text(row, tag))


def _issuer(row: Row) -> str:
    for item in _values(row, ISSUER):
        if isinstance(item, dict):
            for tag in ENTITIES:
                if found := text(item, tag):
                    return found
    return ""
