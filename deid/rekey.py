"""Re-key a clean header for one permit: nothing that names a record survives from another."""

from collections.abc import Callable
from io import BytesIO

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid import pseudonym
from deid.dates import shift
from deid.header import CleanHeader, file_meta
from deid.made import made, written_vr
from deid.pseudonym import Person, Subkeys
from deid.serialise import serialise
from deid.source import parse
from deid.values import Leaf, elements, is_registered, items, raw, vrs

_PERSON = frozenset({0x00100010, 0x00100020})
_ACCESSION = 0x00080050
# De-identification Method: which key a region used tells the region
_METHOD, _KEY = 0x00120063, "key "
# Device, detector and X-ray source: the region's tokens, and each permit's own
_DEVICES = frozenset({0x00181000, 0x0018700A, 0x00189371})


def rekey(header: bytes, *, person: Person, subkeys: Subkeys) -> bytes:
    """Write a clean object's header anew with a permit's own keys.

    Every UID that is not the standard's, the person's pseudonym, the accession number, devices
    and every date are replaced, at every depth; all else stays.

    Args:
        header: The bytes of a clean object before its pixel data element.
        person: The Subject's release pseudonym.
        subkeys: The permit's keys.

    Returns:
        The header of the released object; the same pixel bytes belong behind it.
    """
    parsed = parse(BytesIO(header))
    dataset = _Rekeyer(person, subkeys).rewritten(parsed.header)
    clean = CleanHeader(file_meta(dataset, parsed.transfer_syntax), dataset, ())
    (written, *_), _offset = serialise(clean, ())
    return bytes(written)  # type: ignore[arg-type]  # with no pixel pieces, all is bytes


class _Rekeyer:
    def __init__(self, person: Person, subkeys: Subkeys) -> None:
        self._person = person
        self._subkeys = subkeys
        self._weeks = pseudonym.weeks(subkeys, person)

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
        if tag in _PERSON:
            return made(element.tag, written_vr(element), self._person.pseudonym)
        if tag == _METHOD:
            return _without_key(element)
        change = self._change(tag, vrs(element))
        return element if change is None else _each(element, change)

    def _change(self, tag: int, kinds: frozenset[str]) -> Callable[[str], str] | None:
        """Say what is done to a value; None if it stays."""
        if tag == _ACCESSION:
            return lambda value: pseudonym.accession(self._subkeys, value)
        if tag in _DEVICES:
            return lambda value: pseudonym.device(self._subkeys, value)
        if "UI" in kinds:
            return self._uid
        if kinds & {"DA", "DT"}:
            # A placeholder of before mammography does not move, and must not vanish (Type 1).
            return lambda value: shift(value, self._weeks) or value
        return None

    def _uid(self, value: str) -> str:
        return value if not value or is_registered(value) else pseudonym.uid(self._subkeys, value)


def _each(element: Leaf, change: Callable[[str], str]) -> Leaf:
    values = raw(element).decode("latin-1").split("\\")
    changed = "\\".join(change(value.strip(" \0")) for value in values)
    return made(element.tag, written_vr(element), changed)


def _without_key(element: Leaf) -> Leaf:
    values = raw(element).decode("latin-1").strip().split("\\")
    kept = (value for value in values if not value.startswith(_KEY))
    return made(element.tag, written_vr(element), "\\".join(kept))
