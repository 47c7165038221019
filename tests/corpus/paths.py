"""Where something stands in a dataset: written down, put there, and found again."""

from collections.abc import Iterator
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

PRIVATE = ":"


def put(made: Dataset, where: str, value: Any, vr: str = "") -> DataElement:
    """Put a value at a place; items on the way are made as needed."""
    *steps, last = where.split("/")
    for step, number in zip(steps[::2], steps[1::2], strict=True):
        made = _item(made, step, int(number))
    if PRIVATE in last:
        group, creator, element = last.split(PRIVATE)
        block = made.private_block(int(group, 16), creator, create=True)
        tag = block.get_tag(int(element, 16))
    else:
        tag = Tag(int(last, 16))
        vr = vr or dictionary_VR(tag)
    made[tag] = DataElement(tag, vr, value)
    return made[tag]


def _item(made: Dataset, step: str, number: int) -> Dataset:
    held = find(made, step)
    items = list(held.value) if held is not None and held.VR == "SQ" else []
    while len(items) <= number:
        items.append(Dataset())
    put(made, step, Sequence(items), "SQ")
    return items[number]


def find(made: Dataset, where: str) -> DataElement | None:
    """Give the element at a place, or None."""
    *steps, last = where.split("/")
    for step, number in zip(steps[::2], steps[1::2], strict=True):
        held = _element(made, step)
        if held is None or held.VR != "SQ" or len(held.value) <= int(number):
            return None
        made = held.value[int(number)]
    return _element(made, last)


def _element(made: Dataset, step: str) -> DataElement | None:
    if PRIVATE not in step:
        return made.get(int(step, 16))
    group, creator, element = step.split(PRIVATE)
    for reserved in range(0x10, 0x100):
        held = made.get((int(group, 16), reserved))
        if held is not None and str(held.value).strip() == creator:
            tag = int(group, 16) << 16 | reserved << 8 | int(element, 16)
            return made.get(tag)
    return None


def everything(made: Dataset, before: str = "") -> Iterator[tuple[str, DataElement]]:
    """Give every element at every depth with its place; private ones by tag."""
    for element in made:
        where = f"{before}{int(element.tag):08X}"
        yield where, element
        if element.VR == "SQ":
            for number, inner in enumerate(element.value):
                yield from everything(inner, f"{where}/{number}/")


def of_concept(made: Dataset, code: str) -> Iterator[Dataset]:
    """Give the content items of a report with a concept, at every depth."""
    for inner in made.get("ContentSequence") or ():
        names = inner.get("ConceptNameCodeSequence") or ()
        if any(name.get("CodeValue") == code for name in names):
            yield inner
        yield from of_concept(inner, code)


def values(element: DataElement | None) -> tuple[str, ...]:
    """Give an element's values as text; none if it is empty or absent."""
    if element is None or element.VR == "SQ" or element.value in (None, ""):
        return ()
    value = element.value
    if isinstance(value, bytes):
        return (value.decode("latin-1").rstrip("\0 "),)
    if isinstance(value, str) or not hasattr(value, "__iter__") or element.VR == "PN":
        many = list(value) if element.VM > 1 else [value]
    else:
        many = list(value)
    return tuple(str(one).rstrip("\0 ") for one in many)
