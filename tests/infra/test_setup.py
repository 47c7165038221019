"""`make setup` on machines that lack something: real sh, real pip, a PATH of our choosing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "cat", "cksum", "awk", "df", "grep", "tail", "dirname")


def program(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    (clone / "infra").mkdir(parents=True)
    for name in ("uv.lock", "pyproject.toml", "infra/setup.sh"):
        shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bin"
    path.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (path / name).symlink_to(found)
    return path


def setup(clone: Path, path: Path, **told: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("/bin/sh", "infra/setup.sh"),
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone), **told},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_python_it_says_which_and_how_to_name_one(clone: Path, path: Path) -> None:
    done = setup(clone, path)
    assert done.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 was found" in done.stderr
    assert "MAMMO_PYTHON=" in done.stderr


def test_a_python_that_is_too_old_is_none(clone: Path, path: Path) -> None:
    program(path / "python3", 'case "$2" in *version_info*) exit 1;; esac')
    assert "no Python 3.11, 3.12 or 3.13 was found" in setup(clone, path).stderr


def test_a_python_without_venv_is_passed_over_or_named(clone: Path, path: Path) -> None:
    program(path / "python3.12", 'case "$2" in *venv*) exit 1;; esac')
    done = setup(clone, path)
    assert "python3.12 has no venv module" in done.stderr
    assert "apt install python3-venv" in done.stderr


def test_a_short_disk_is_said_before_anything_is_fetched(clone: Path, path: Path) -> None:
    program(path / "df", "echo header; echo /dev/x 9 9 1048576 1% /")
    done = setup(clone, path)
    assert "only 1024 MiB are free here, and 4096 MiB are needed" in done.stderr
    assert not (clone / ".venv").exists()


def test_without_a_network_it_says_so(clone: Path, path: Path) -> None:
    done = setup(
        clone,
        path,
        MAMMO_PYTHON=sys.executable,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
        VIRTUAL_ENV="/nowhere",
        PYTHONPATH="/nowhere",
    )
    assert done.returncode == 1
    assert "the package index did not answer" in done.stderr
    assert "HTTPS_PROXY" in done.stderr


def test_uv_is_part_of_what_it_installs() -> None:
    assert os.access(Path(sys.executable).with_name("uv"), os.X_OK)


def test_make_alone_shows_every_target() -> None:
    shown = subprocess.run(("make",), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert re.findall(r"^  make (\S+)", shown, flags=re.MULTILINE) == targets
