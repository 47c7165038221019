"""What comes out is no less valid than what went in, as dicom3tools' `dciodvfy` sees it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus.corpus import write_corpus
from tests.corpus.runner import run_library

DCIODVFY = Path(sys.executable).with_name("dciodvfy")
VALUE = re.compile(r"<[^>]*>")


def errors(path: Path) -> set[str]:
    done = subprocess.run(
        [DCIODVFY, "-new", path], capture_output=True, text=True, errors="replace", check=False
    )
    said = (done.stderr + done.stdout).splitlines()
    return {VALUE.sub("<>", line).strip() for line in said if line.startswith("Error")}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory):
    return write_corpus(tmp_path_factory.mktemp("v") / "originals", subjects=1, odd_per_visit=0)


@pytest.mark.parametrize("profile", ["mammography", "general"])
def test_no_object_gets_a_new_error(corpus, tmp_path, profile):
    endings = run_library(corpus.folder, tmp_path, profile)
    new = {
        (answer.file, error)
        for answer in corpus.answers
        if endings[answer.file].admitted
        for error in errors(tmp_path / endings[answer.file].target)
        - errors(corpus.folder / answer.file)
    }
    assert new == set()


def test_the_checker_sees_what_is_missing(corpus, tmp_path):
    data = (corpus.folder / corpus.answers[0].file).read_bytes()
    spoiled = tmp_path / "spoiled.dcm"
    spoiled.write_bytes(
        data.replace(b"\x08\x00\x60\x00CS\x02\x00MG", b"\x08\x00\x60\x00CS\x02\x00  ")
    )
    assert errors(spoiled) - errors(corpus.folder / corpus.answers[0].file)
