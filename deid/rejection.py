"""Rejection notes: Key Object Selections by which an archive takes images back (IHE RAD, IOCM)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from deid.source import Parsed
from deid.values import items, value_of

_KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_CONCEPT_NAME, _CODE_VALUE, _SCHEME = 0x0040A043, 0x00080100, 0x00080102
_EVIDENCE, _SERIES, _OBJECTS = 0x0040A375, 0x00081115, 0x00081199
_CONTENT, _NAMED = 0x0040A730, 0x00081155

#: Concept names of a rejection note (PS3.16 CID 7011, IHE RAD TF-3 4.66.4.1.3).
CODES: dict[str, str] = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}


@dataclass(frozen=True, repr=False)
class Rejection:
    """What a rejection note says.

    Attributes:
        note: Its own SOP Instance UID.
        code: Why, a code of DCM.
        named: Original SOP Instance UIDs of what is rejected.
    """

    note: str
    code: str
    named: frozenset[str]


def rejection(parsed: Parsed) -> Rejection | None:
    """Read a rejection note; None if an object is none.

    What its evidence lists and what its content shows is one (PS3.3 C.17.6.2.1); of a note where
    the two differ, both are taken.
    """
    header = parsed.header
    if value_of(header, _SOP_CLASS) != _KEY_OBJECT_SELECTION:
        return None
    titles = [
        value_of(title, _CODE_VALUE)
        for title in _within(header, _CONCEPT_NAME)
        if value_of(title, _SCHEME) == "DCM"
    ]
    code = next((one for one in titles if one in CODES), None)
    if code is None:
        return None
    named = frozenset(_evidence(header)) | frozenset(_shown(header))
    return Rejection(value_of(header, _SOP_INSTANCE), code, named - {""})


def _evidence(header: Dataset) -> Iterator[str]:
    for study in _within(header, _EVIDENCE):
        for series in _within(study, _SERIES):
            for one in _within(series, _OBJECTS):
                yield value_of(one, _NAMED)


def _shown(dataset: Dataset) -> Iterator[str]:
    for item in _within(dataset, _CONTENT):
        for one in _within(item, _OBJECTS):
            yield value_of(one, _NAMED)
        yield from _shown(item)


def _within(dataset: Dataset, tag: int) -> Iterator[Dataset]:
    element = dataset.get_item(tag) if tag in dataset else None
    yield from (() if element is None else items(element) or ())
