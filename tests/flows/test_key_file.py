"""A key file is on the disk before anybody relies on it, and two writers lose no key."""

import errno
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.keys import key_file


@pytest.fixture
def done(monkeypatch):
    """What was done to the disk, in order."""
    steps: list[str] = []
    kept = {name: getattr(os, name) for name in ("fsync", "link", "rename", "replace")}

    def fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append(f"fsync {'folder ' + path.name if path.is_dir() else 'file'}")
        if path.is_file():
            json.loads(path.read_text())  # all of it was written
        kept["fsync"](descriptor)

    def named(name):
        def act(*arguments, **more):
            steps.append(name)
            return kept[name](*arguments, **more)

        return act

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("link", "rename", "replace"):
        monkeypatch.setattr(os, name, named(name))
    return steps


def test_a_key_file_survives_a_power_cut_from_the_moment_it_has_its_name(tmp_path, done):
    path = tmp_path / "secrets" / "region.key"
    key_file.create(path, key_file.REGION_ROOTS)
    assert done == [f"fsync folder {tmp_path.name}", "fsync file", "link", "fsync folder secrets"]
    done.clear()
    key_file.rotate(path)
    assert done == ["fsync file", "replace", "fsync folder secrets"]


def test_rotations_at_once_lose_no_key(tmp_path, monkeypatch):
    path = tmp_path / "region.key"
    key_file.create(path, key_file.REGION_ROOTS)
    load = key_file.load

    def slow(*arguments, **more):
        held = load(*arguments, **more)
        time.sleep(0.02)
        return held

    monkeypatch.setattr(key_file, "load", slow)
    with ThreadPoolExecutor(6) as pool:
        versions = list(pool.map(key_file.rotate, [path] * 6))
    assert sorted(versions) == [2, 3, 4, 5, 6, 7]
    assert len(set(load(path, key_file.REGION_ROOTS).roots["third_party"])) == 7


def test_a_full_disk_leaves_the_old_key_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "region.key"
    key_file.create(path, key_file.REGION_ROOTS)
    before = path.read_text()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        key_file.rotate(path)
    with pytest.raises(OSError, match="full"):
        key_file.create(tmp_path / "other.key", key_file.REGION_ROOTS)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == before
