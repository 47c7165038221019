"""Every file of pydicom's own test set: released clean or refused with a reason, none as it was."""

from pathlib import Path

import pydicom.data
import pytest

from deid.errors import Reason
from tests.corpus.reading import Result
from tests.corpus.trial import left, rules, trial

DATA = Path(pydicom.data.__file__).parent
FILES = sorted(
    path
    for path in DATA.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc", ".json", ".txt", ".md"}
)


def test_there_are_files_enough():
    assert len(FILES) > 150


@pytest.mark.parametrize("profile", ["mammography", "general"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DATA).as_posix())
def test_it_ends_cleanly(path, profile):
    data = path.read_bytes()
    ending = trial(data, rules(profile))
    if isinstance(ending, Reason):
        return
    assert isinstance(ending, Result)
    assert ending.data != data
    assert ending.dataset.PatientIdentityRemoved == "YES"
    assert left(ending, data) == []


def test_some_are_released():
    profile = rules("general")
    endings = [trial(path.read_bytes(), profile) for path in FILES]
    assert sum(isinstance(ending, Result) for ending in endings) > 30


def test_no_directory_passes():
    for path in FILES:
        if "DICOMDIR" in path.name:
            assert isinstance(trial(path.read_bytes(), rules("general")), Reason)
