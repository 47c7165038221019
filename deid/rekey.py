"""Re-key a clean header for one permit: nothing that names a record survives from another."""

from collections.abc import Callable
from io import BytesIO

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.dates import shift
from deid.headers.header import CleanHeader
from deid.headers.made import made, written_vr
from deid.headers.statements import file_meta
from deid.identity import pseudonym
from deid.identity.pseudonym import Person, Subkeys
from deid.profiles.rules import (
    KEYED_ACCESSIONS,
    KEYED_DEVICES,
    KEYED_PERSONS,
    KEYED_STUDY_IDS,
    STANDARD_UID,
)
from deid.serialise import serialise
from deid.source import parse
from deid.values import Leaf, elements, is_registered, items, raw, vrs

# De-identification Method: which key a region used tells the region
_METHOD, _KEY = 0x00120063, b"key "

Change = Callable[[str], str]


def rekey(header: bytes, *, person: Person, subkeys: Subkeys, weeks: int = 0) -> bytes:
    """Write a clean object's header anew with a permit's own keys.

    Every UID that is not the standard's, the person's pseudonym, accession number and study id,
    devices and every date are replaced, at every depth; all else stays.

    Args:
        header: The bytes of a clean object before its pixel data element.
        person: The Subject's release pseudonym.
        subkeys: The permit's keys.
        weeks: Added to the permit's shift: where two Subjects turned out to be one, what is left
            between their shifts inside the space.

    Returns:
        The header of the released object; the same pixel bytes belong behind it.
    """
    parsed = parse(BytesIO(header))
    dataset = _Rekeyer(person, subkeys, weeks).rewritten(parsed.header)
    clean = CleanHeader(file_meta(dataset, parsed.transfer_syntax), dataset, (), ())
    (written, *_), _offset = serialise(clean, ())
    return bytes(written)  # type: ignore[arg-type]  # with no pixel pieces, all is bytes


class _Rekeyer:
    def __init__(self, person: Person, subkeys: Subkeys, weeks: int) -> None:
        self._person = person
        self._subkeys = subkeys
        self._weeks = pseudonym.weeks(subkeys, person) + weeks
        self._changes: dict[int, Change] = {
            **dict.fromkeys(KEYED_STUDY_IDS, lambda value: pseudonym.study_id(subkeys, value)),
            **dict.fromkeys(KEYED_ACCESSIONS, lambda value: pseudonym.accession(subkeys, value)),
            **dict.fromkeys(KEYED_DEVICES, lambda value: pseudonym.device(subkeys, value)),
            **dict.fromkeys(KEYED_PERSONS, lambda _value: person.pseudonym),
        }
        self._uids: dict[str, str] = {}

    def rewritten(self, dataset: Dataset) -> Dataset:
        """Rewrite one level and all below it."""
        kept = {element.tag: self._element(tag, element) for tag, element in elements(dataset)}
        result = Dataset(kept)
        implicit, little = dataset.original_encoding
        result.set_original_encoding(implicit, little, dataset.original_character_set)
        return result

    def _element(self, tag: int, element: Leaf) -> Leaf:
        within = items(element)
        if within is not None:
            rewritten = Sequence(self.rewritten(item) for item in within)
            return DataElement(element.tag, "SQ", rewritten, already_converted=True)
        if tag == _METHOD:
            return _without_key(element)
        change = self._change(tag, vrs(element))
        return element if change is None else _each(element, change)

    def _change(self, tag: int, kinds: frozenset[str]) -> Change | None:
        """Say what is done to a value; None if it stays."""
        change = self._changes.get(tag)
        if change is not None:
            return change
        if "UI" in kinds:
            return self._uid
        return self._date if kinds & {"DA", "DT"} else None

    def _date(self, value: str) -> str:
        # A placeholder of before mammography does not move, and must not vanish (Type 1).
        return shift(value, self._weeks) or value

    def _uid(self, value: str) -> str:
        if not value or is_registered(value) or STANDARD_UID.fullmatch(value):
            return value
        known = self._uids.get(value)
        if known is None:
            known = self._uids[value] = pseudonym.uid(self._subkeys, value)
        return known


def _each(element: Leaf, change: Change) -> Leaf:
    values = raw(element).decode("latin-1").split("\\")
    changed = "\\".join(change(value.strip(" \0")) for value in values)
    return made(element.tag, written_vr(element), changed)


def _without_key(element: Leaf) -> Leaf:
    values = raw(element).strip(b" \0").split(b"\\")
    kept = b"\\".join(value for value in values if not value.startswith(_KEY))
    return made(element.tag, written_vr(element), kept)
