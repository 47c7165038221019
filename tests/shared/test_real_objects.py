"""Real and odd objects beside a developer's clone: `make check-shared`."""

from pathlib import Path

import pytest

from deid.errors import Reason
from deid.pixels.detection.text_reader import load_text_reader
from tests.corpus.trial import left, rules, trial

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted(
    p for p in DATA.rglob("*") if p.is_file() and p.suffix not in {".csv", ".md", ".txt"}
)


@pytest.fixture(scope="module")
def text_reader():
    return load_text_reader()


def test_there_is_something_to_look_at():
    assert len(FILES) > 50


@pytest.mark.parametrize("profile", ["mammography", "general"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DATA).as_posix())
def test_it_ends_cleanly(path, profile):
    """Nothing but our own errors; what passes is proven clean, and says nothing of the original."""
    data = path.read_bytes()
    ending = trial(data, rules(profile))
    if isinstance(ending, Reason):
        return
    assert ending.data != data
    assert ending.dataset.PatientIdentityRemoved == "YES"
    assert left(ending, data) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DATA).as_posix())
def test_it_ends_cleanly_with_its_pixels_read(path, text_reader):
    data = path.read_bytes()
    ending = trial(data, rules("general"), text_reader)
    assert isinstance(ending, Reason) or left(ending, data) == []
