"""The reader beside pydicom's: both eyes rely on it, so that it must see what others see."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import config, data, dcmread, dcmwrite
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.errors import UnreadableError
from deid.source import parse
from deid.values import raw, walk
from tests.deid.headers import mammogram, written

_PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
# pydicom converts these as it reads, and their bytes are gone.
_CONVERTED = {0x00080005, 0x00280103}
Seen = dict[tuple[int, ...], bytes]
# Files that are broken in themselves: what ours refuses of them, pydicom guesses.
_FILES = sorted((Path(data.__file__).parent / "test_files").rglob("*.dcm"))


def ours(data: bytes) -> Seen | None:
    """Every leaf by its path; None if it was refused."""
    try:
        parsed = parse(io.BytesIO(data))
    except UnreadableError:
        return None
    return {
        path: raw(element)
        for path, element, _ in walk(parsed.header)
        if not isinstance(element.value, Sequence) and path[-1] not in _CONVERTED
    }


def theirs(data: bytes) -> Seen:
    return dict(_leaves(dcmread(io.BytesIO(data)), ()))


def _leaves(dataset: Dataset, above: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], bytes]]:
    for tag in sorted(dataset.keys()):
        if int(tag) in _PIXELS and not above:
            return
        element = dataset.get_item(tag)
        if int(tag) in _CONVERTED:
            continue
        if not _holds(element, dataset):
            yield (*above, int(tag)), raw(element)
            continue
        for number, item in enumerate(dataset[tag].value):
            yield from _leaves(item, (*above, int(tag), number))


def _holds(element: DataElement | RawDataElement, dataset: Dataset) -> bool:
    """Tell whether pydicom takes an element for a sequence; what it has read it has converted."""
    if element.VR in {"SQ", "UN", None}:
        return isinstance(dataset[element.tag].value, Sequence)
    return False


@pytest.fixture(autouse=True)
def lenient() -> Iterator[None]:
    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    config.settings.reading_validation_mode = before


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_files_of_others_are_read_as_pydicom_reads_them(path: Path) -> None:
    told = path.read_bytes()
    seen = ours(told)
    if seen is None:
        return
    assert seen == theirs(told)


def test_most_files_are_read_at_all() -> None:
    read = sum(ours(path.read_bytes()) is not None for path in _FILES)
    assert read >= 0.75 * len(_FILES)


_TEXT = st.text("ABCÅÄÖ 012^", max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(_TEXT, max_size=4),
    depth=st.integers(0, 4),
    lengths=st.booleans(),
    syntax=st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]),
    private=st.binary(max_size=9),
)
def test_nested_and_private_elements_are_seen_alike(
    texts: list[str], depth: int, lengths: bool, syntax: str, private: bytes
) -> None:
    made = mammogram(StudyDescription=" ".join(texts))
    level = made
    for _ in range(depth):
        item = Dataset()
        item.CodeMeaning = "".join(texts)[:16]
        level.RequestAttributesSequence = [item]
        level["RequestAttributesSequence"].is_undefined_length = lengths
        item.is_undefined_length_sequence_item = lengths
        level = item
    made.private_block(0x0029, "ACME 1", create=True).add_new(
        1, "OB", private + b"\0" * (len(private) % 2)
    )
    data = written(made, syntax)
    assert ours(data) == theirs(data)


def test_a_difference_is_noticed() -> None:
    data = written(mammogram(StudyDescription="ONE"), ExplicitVRLittleEndian)
    other = io.BytesIO()
    dcmwrite(other, dcmread(io.BytesIO(data.replace(b"ONE ", b"TWO "))))
    assert ours(data) != theirs(other.getvalue())
