"""Objects come out as valid as they went in: judged by dciodvfy and by highdicom's tables."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from tests.deid import documents
from tests.deid.headers import cleaned, finished, mammogram, parsed, with_options, written
from tests.deid.test_rules import NAMES

GENERAL = with_options(
    "retain_safe_private",
    "retain_patient_characteristics",
    "retain_longitudinal_modified_dates",
    "clean_descriptors",
    "clean_structured_content",
    "clean_graphics",
)
PROFILES = {"general": GENERAL, "basic": with_options()}
CASES = [
    *((name, "general") for name in documents.ALL),
    *((name, "basic") for name in ("mg", "dbt", "bpx", "sc", "cr", "seg")),
]


def errors(data: bytes, folder: Path) -> set[str]:
    file = folder / "object.dcm"
    file.write_bytes(data)
    program = Path(sys.executable).with_name("dciodvfy")
    run = subprocess.run([program, "-new", file], capture_output=True, text=True, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    assert any(line.isalnum() for line in lines), "it has not said what it takes the object for"
    return {line for line in lines if line.startswith("Error")}


@pytest.mark.parametrize(("name", "profile"), CASES)
def test_no_error_is_new(name: str, profile: str, tmp_path: Path) -> None:
    data = written(documents.ALL[name]())
    clean = finished(data, profile=PROFILES[profile])
    assert errors(clean, tmp_path) <= errors(data, tmp_path)


def demanded(iod: str) -> set[int]:
    standard = files("highdicom") / "_standard"
    modules = json.loads((standard / "iod_module_map.json").read_text("utf-8"))
    attributes = json.loads((standard / "module_attribute_map.json").read_text("utf-8"))
    return {
        tag
        for name in NAMES[iod]
        for module in modules[name]
        if module["usage"] == "M"
        for entry in attributes[module["key"]]
        if not entry["path"]
        and entry["type"] in {"1", "2"}
        and (tag := tag_for_keyword(entry["keyword"])) is not None
    }


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", documents.ALL)
def test_what_the_iod_demands_is_there_after_if_it_was_before(name: str, profile: str) -> None:
    original = parsed(documents.ALL[name]())
    clean = cleaned(original, profile=PROFILES[profile]).dataset
    wanted = demanded(name) & {int(tag) for tag in original.header.keys()}  # noqa: SIM118
    assert len(wanted) > 10
    assert not wanted - {int(tag) for tag in clean.keys()}  # noqa: SIM118


def lengths(header: Dataset) -> dict[int, int]:
    return {
        int(tag): len(header[tag].value)
        for tag in header.keys()  # noqa: SIM118
        if dictionary_VR(tag) == "SQ"
    }


@pytest.mark.parametrize("name", ["dbt", "bpx", "seg"])
def test_no_functional_group_is_lost(name: str) -> None:
    made = documents.ALL[name]()
    clean = cleaned(made, profile=GENERAL).dataset
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        before, after = made[keyword].value, clean[keyword].value
        assert [lengths(item) for item in after] == [lengths(item) for item in before]


def test_the_check_would_see_an_error(tmp_path: Path) -> None:
    broken = mammogram()
    del broken.ImageType
    assert errors(written(broken), tmp_path) - errors(written(mammogram()), tmp_path)
