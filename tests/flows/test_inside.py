"""Nothing below the target is opened, made or removed through a link."""

import os
import shutil
from pathlib import Path

import pytest

from catalog.csv_cells import harmless
from flows.deidentifier import Deidentifier, load
from flows.errors import SourceError
from flows.files.inside import Inside
from flows.keys.sides import offline_keys
from flows.offline.folder import deidentify_folder
from flows.offline.resume import state_of
from tests.flows.interrupting import interrupted, tree
from tests.flows.making import four_views, put
from tests.objects import mammogram, part10


@pytest.fixture
def keyed(tmp_path) -> Deidentifier:
    return load(offline_keys(tmp_path / "mammo.key"))


@pytest.fixture
def linked(tmp_path):
    """Make a target whose folder `a` is a link to originals."""
    originals, target = tmp_path / "originals", tmp_path / "target"
    originals.mkdir()
    target.mkdir()
    (originals / "IM1").write_bytes(b"original")
    (target / "a").symlink_to(originals)
    return originals, target


@pytest.mark.parametrize("after", [1, 3])
def test_originals_behind_a_linked_folder_survive(keyed, tmp_path, export_folder, after):
    inner = export_folder / "mammografi"
    inner.mkdir()
    put(inner, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed, after=after)
    shutil.rmtree(tmp_path / "clean" / "mammografi")
    (tmp_path / "clean" / "mammografi").symlink_to(inner)
    before = tree(export_folder)
    with pytest.raises(SourceError, match="link in the target"):
        deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tree(export_folder) == before


def test_nothing_is_put_behind_a_link(linked, tmp_path):
    originals, target = linked
    (tmp_path / "made").write_bytes(b"clean")
    with pytest.raises(SourceError, match="link in the target"):
        Inside(target).put(tmp_path / "made", "a/IM2")
    assert tree(originals) == {"IM1": b"original"}


@pytest.mark.parametrize("name", ["a/IM1", "a", "a/b/IM1"])
def test_nothing_is_read_or_removed_behind_a_link(linked, name):
    originals, target = linked
    for act in (Inside(target).digest, Inside(target).take_out):
        with pytest.raises(SourceError, match="link in the target"):
            act(name)
    assert tree(originals) == {"IM1": b"original"}
    assert (target / "a").is_symlink()


@pytest.mark.parametrize("name", ["../originals/IM1", "/etc/passwd", "b/../../originals/IM1", ""])
def test_no_name_leads_out(linked, name):
    originals, target = linked
    for act in (Inside(target).digest, Inside(target).take_out):
        with pytest.raises(SourceError):
            act(name)
    assert tree(originals) == {"IM1": b"original"}


def test_a_pipe_is_not_waited_for_and_what_is_not_there_has_no_digest(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert [Inside(tmp_path).digest(name) for name in ("pipe", "x", "x/y")] == [""] * 3
    assert Inside(tmp_path / "nowhere").digest("x") == ""
    Inside(tmp_path / "nowhere").take_out("x/y")


def test_a_file_is_never_put_over_another(tmp_path):
    for name in ("made", "there"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        Inside(tmp_path).put(tmp_path / "made", "there")
    assert (tmp_path / "there").read_text() == "there"


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o701])
def test_a_state_that_others_can_reach_is_not_taken_over(keyed, tmp_path, export_folder, mode):
    put(export_folder, part10(mammogram()))
    state = state_of(tmp_path / "clean")
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(SourceError, match="not ours alone"):
        deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert list(state.iterdir()) == []


def test_a_state_of_another_owner_is_not_taken_over(keyed, tmp_path, export_folder, monkeypatch):
    put(export_folder, part10(mammogram()))
    state_of(tmp_path / "clean").mkdir(mode=0o700)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(SourceError, match="not ours alone"):
        deidentify_folder(export_folder, tmp_path / "clean", keyed)


def test_a_state_that_is_a_link_is_not_taken_over(keyed, tmp_path, export_folder):
    put(export_folder, part10(mammogram()))
    (tmp_path / "other").mkdir(mode=0o700)
    state_of(tmp_path / "clean").symlink_to(tmp_path / "other")
    with pytest.raises(SourceError, match="not ours alone"):
        deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert list(Path(tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize("name", ["=1+1", "@SUM(1)", "-2+3", "+1", "\t=1", " =1", "\uff1d1"])
def test_a_formula_is_told_as_text(name):
    assert harmless(name) == f"'{name}"
    assert harmless(f"x{name}") == f"x{name}"
    assert harmless("") == ""
