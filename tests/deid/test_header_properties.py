"""Random nested datasets: every attribute has one entry, and nothing stays without a rule."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from deid.elements import known_vr
from deid.headers.journal import Done
from deid.headers.made import made as element
from deid.profiles.rules import Action
from deid.values import Path, items, walk
from tests.deid.headers import cleaned, mammogram, parsed, profile

TAGS = st.one_of(
    st.sampled_from(
        [
            *(0x00081030, 0x00080050, 0x00100010, 0x00100020, 0x00180015, 0x00181000, 0x0020000D),
            *(0x00200013, 0x00280010, 0x00324000, 0x0040A160, 0x00400275, 0x00540220, 0x00081140),
            *(0x0040A730, 0x00090010, 0x00191016, 0x00190010, 0x60003000, 0x60000010, 0x50000005),
            *(0x00101FFE, 0x00100012, 0x0008002A, 0x00283006, 0x00880200, 0x04000561, 0x00080104),
        ]
    ),
    st.integers(0x00080001, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF != 0),
)
TEXTS = st.sampled_from(
    ["Screening", "Sjöström", "19470802-2980", "20230417", "1.2.752.99999.1", "12", "HOLOGIC, Inc."]
)
VRS = st.sampled_from(
    ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI", "UN", "US"]
)
NEEDED = {0x00080005, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E}


def leaves() -> st.SearchStrategy[Any]:
    return st.tuples(TAGS, VRS, TEXTS)


def levels() -> st.SearchStrategy[Any]:
    inner = st.lists(leaves(), max_size=8)
    return st.recursive(
        inner.map(lambda found: (found, [])),
        lambda below: st.tuples(inner, st.lists(st.tuples(TAGS, below), max_size=3)),
        max_leaves=6,
    )


def filled(dataset: Dataset, level: Any) -> Dataset:
    plain, nested = level
    for tag, vr, value in plain:
        if tag not in NEEDED and tag not in dataset:
            # pydicom would read a private value to see whose it is, and warn of it
            dataset._dict[BaseTag(tag)] = element(tag, vr, value.encode("latin-1"))
    for tag, below in nested:
        if tag not in dataset and known_vr(tag) in {"SQ", None} and not tag >> 16 & 1:
            dataset.add_new(tag, "SQ", [filled(Dataset(), below)])
    return dataset


def entered(path: Path, gone: set[Path]) -> bool:
    """Tell whether the walk came to a place: no rule above removes or empties."""
    return not any(path[:size] in gone for size in range(1, len(path)))


@settings(max_examples=150, deadline=None)
@given(levels())
def test_every_attribute_has_one_entry_and_nothing_stays_without_a_rule(level: Any) -> None:
    original = parsed(mammogram())
    filled(original.header, level)
    clean = cleaned(original)
    entries = {entry.path: entry for entry in clean.journal}
    assert max(Counter(entry.path for entry in clean.journal).values()) == 1
    closed = {Action.REMOVE, Action.EMPTY}
    gone = {entry.path for entry in clean.journal if entry.rule.action in closed}
    before = {path: found for path, found, _ in walk(original.header) if entered(path, gone)}
    assert entries.keys() == before.keys()
    for path, entry in entries.items():
        assert entry.rule.reason
        assert entry.rule.clause
        if entry.done is Done.REMOVED:
            assert len(path) > 1 or path[0] not in clean.dataset or path[0] in STATED
    for path, found, _ in walk(clean.dataset):
        tag = path[-1]
        assert not tag >> 16 & 1 or _is_safe(entries.get(path))
        if tag >> 16 & 1 == 0:
            known = known_vr(tag) is not None
            assert known or profile().rules["mg"].rule(
                tag, frozenset({"UN"}), nested=len(path) > 1
            ).action in {Action.CLEAN, Action.SHIFT, Action.KEEP}
        assert items(found) is not None or b"Sj" not in (found.value or b"")


STATED = {0x00120062, 0x00120063, 0x00120064, 0x00280303}


def _is_safe(entry: Any) -> bool:
    return entry is not None and (
        entry.rule.clause.startswith("PS3.15 E.3.10") or entry.path[-1] & 0xFFFF < 0x100
    )
