"""A PACS that misbehaves for a while: it breaks off, sends wrong objects, or never ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from pydicom import Dataset

from tests.faults.women import images
from tests.flows.sources.peers import with_meta
from tests.flows.sources.scripted import Given, Scripted, answer

#: How often it misbehaves before it does what it is asked.
TIMES = 2
SILENCE_SECONDS = 20.0
Get = Callable[[list[Dataset], Any], Given]


def gives(chosen: list[Dataset], _event: Any) -> Given:
    """Send what was asked for."""
    yield len(chosen)
    for ds in chosen:
        yield 0xFF00, with_meta(ds)


def aborts(chosen: list[Dataset], event: Any) -> Given:
    """Send one object and break off."""
    yield len(chosen)
    yield 0xFF00, with_meta(chosen[0])
    event.assoc.abort()


def sends_others(chosen: list[Dataset], _event: Any) -> Given:
    """Send another study's objects, and say that all is well."""
    others = images(date(1999, 1, 1), 77)
    yield len(others)
    for ds in others:
        yield 0xFF00, with_meta(ds)


def never_ends(chosen: list[Dataset], _event: Any) -> Given:
    """Send one object, and then nothing more."""
    yield len(chosen)
    yield 0xFF00, with_meta(chosen[0])
    time.sleep(SILENCE_SECONDS)
    yield 0xFE00, None


@contextmanager
def misbehaving(studies: list[list[Dataset]], how: Get) -> Iterator[Scripted]:
    """Run a PACS that holds these studies and misbehaves in its first answers to C-GET."""
    every = [ds for study in studies for ds in study]
    answered = [0]

    def get(identifier: Dataset, event: Any) -> Given:
        answered[0] += 1
        chosen = [ds for ds in every if _is_meant(identifier, ds)]
        yield from (how if answered[0] <= TIMES else gives)(chosen, event)

    def find(identifier: Dataset, _event: Any) -> Given:
        level = str(identifier.QueryRetrieveLevel)
        found = {row[_KEY[level]]: row for row in (_row(level, ds) for ds in every)
                 if _fits(identifier, row)}  # fmt: skip
        for row in found.values():
            yield answer(**row)

    with Scripted(find=find, get=get).running() as pacs:
        yield pacs


_KEY = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}
_KEYWORDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "StudyDate",
             "StudyTime", "AccessionNumber", "Modality")  # fmt: skip


def _row(level: str, ds: Dataset) -> dict[str, str]:
    row = {keyword: str(ds[keyword].value) for keyword in _KEYWORDS}
    return row | {"QueryRetrieveLevel": level, "ModalitiesInStudy": "MG"}


def _fits(identifier: Dataset, row: dict[str, str]) -> bool:
    return all(str(identifier.get(key) or row[key]) == row[key] for key in _KEY.values())


def _is_meant(identifier: Dataset, ds: Dataset) -> bool:
    wanted = identifier.get("SOPInstanceUID") or ds.SOPInstanceUID
    several = [wanted] if isinstance(wanted, str) else list(wanted)
    return identifier.StudyInstanceUID == ds.StudyInstanceUID and ds.SOPInstanceUID in several
