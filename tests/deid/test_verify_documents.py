"""Objects without pixels: their value types agree, and nothing follows their last element."""

from collections.abc import Callable
from struct import pack
from typing import Any

import pytest
from pydicom.dataset import Dataset

from deid.headers.made import made as element
from deid.serialise import serialise
from deid.values import items
from tests.deid import documents
from tests.deid.headers import cleaned, finished, written
from tests.deid.plantings import Kinds, found_in

CONTENT = 0x0040A730
TEXT_ITEM = (0x0040A730, 0)


@pytest.mark.parametrize(
    "make",
    [
        documents.report,
        documents.cad_report,
        documents.key_objects,
        documents.presentation,
        documents.segments,
        documents.projection,
    ],
)
def test_a_clean_document_is_clean(make: Callable[[], Dataset]) -> None:
    source = written(make())
    assert found_in(source, finished(source)) == {}


@pytest.mark.parametrize("make", [documents.report, documents.key_objects, documents.presentation])
def test_nothing_may_follow_the_last_element(make: Callable[[], Dataset]) -> None:
    source = written(make())
    result = finished(source)
    floats = pack("<HH2sxxI", 0x7FE0, 0x0008, b"OF", 8) + b"SJOSTROM"
    assert found_in(source, result + floats) == {"bytes behind the header": {"end"}}
    named = pack("<HH2sH", 0x7FDF, 0x0010, b"LO", 8) + b"SJOSTROM"
    assert "name" in found_in(source, result + named)


def changed(change: Callable[[Dataset], Any]) -> Kinds:
    """What is found in a report after one of its content items was changed."""
    source = written(documents.report())
    clean = cleaned(source)
    change(clean.dataset)
    (head, *_), _ = serialise(clean, ())
    assert isinstance(head, bytes)
    return found_in(source, head)


def typed(header: Dataset, kind: str) -> Dataset:
    """The first content item of a value type."""
    within = [header]
    while within:
        item = within.pop(0)
        if str(item.get("ValueType", "")) == kind and "RelationshipType" in item:
            return item
        within += items(item.get_item(CONTENT)) or () if CONTENT in item else ()  # type: ignore[arg-type]
    raise AssertionError(kind)


def test_an_item_without_its_value_is_found() -> None:
    def change(header: Dataset) -> None:
        del typed(header, "TEXT")[0x0040A160]

    assert changed(change).keys() == {"content item"}


def test_an_item_with_the_value_of_another_type_is_found() -> None:
    def change(header: Dataset) -> None:
        typed(header, "TEXT")[0x0040A123] = element(0x0040A123, "PN", "REMOVED")

    assert changed(change).keys() == {"content item"}


def test_an_item_of_no_known_type_is_found() -> None:
    def change(header: Dataset) -> None:
        typed(header, "TEXT")[0x0040A040] = element(0x0040A040, "CS", "PROSE")

    assert changed(change).keys() == {"content item"}


def test_a_reference_to_no_item_is_found() -> None:
    def refer(*steps: int) -> Callable[[Dataset], None]:
        def change(header: Dataset) -> None:
            value = pack(f"<{len(steps)}I", *steps)
            typed(header, "TEXT")[0x0040DB73] = element(0x0040DB73, "UL", value)

        return change

    assert changed(refer(1, 1)) == {}
    assert changed(refer(1, 99)).keys() == {"content item"}
    assert changed(refer(2)).keys() == {"content item"}


@pytest.mark.parametrize(
    ("kind", "tag", "vr", "value", "what"),
    [
        ("TEXT", 0x0040A160, "UT", "sett av Åsa Sjöström".encode("latin-1"), "name"),
        ("TEXT", 0x0040A160, "UT", b"jfr 470802-2980", "identifier"),
        ("PNAME", 0x0040A123, "PN", b"Berg^Anna", "person name"),
        ("UIDREF", 0x0040A124, "UI", b"1.2.3.4", "unknown UID"),
    ],
)
def test_what_is_left_in_a_content_item_is_found(
    kind: str, tag: int, vr: str, value: bytes, what: str
) -> None:
    def change(header: Dataset) -> None:
        typed(header, kind)[tag] = element(tag, vr, value)

    told = changed(change)
    assert what in told
    assert all(place.endswith(f"(0040,{tag & 0xFFFF:04X})") for place in told[what])
