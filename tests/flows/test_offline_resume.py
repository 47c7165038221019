"""A run over a folder that was ended, at any moment, goes on and ends as if it had not been."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog.outcome import Outcome
from deid.profiles.profile import load_profile
from flows import deidentifier
from flows.deidentifier import Deidentifier, load
from flows.errors import SourceError
from flows.keys.sides import offline_keys
from flows.offline import charter, folder
from flows.offline.folder import deidentify_folder
from flows.offline.journal import Journal
from flows.offline.lines import Watch, tally
from flows.offline.resume import state_of
from tests import archives, objects
from tests.flows.interrupting import interrupted, tree
from tests.flows.making import four_views, put
from tests.infra.killing import end
from tests.objects import INSTANCE, mammogram, part10

PATIENCE_SECONDS = 60


@pytest.fixture
def keyed(tmp_path) -> Deidentifier:
    return load(offline_keys(tmp_path / "mammo.key"))


def test_an_ended_run_goes_on_and_ends_as_if_it_had_not_been(keyed, tmp_path, export_folder):
    put(export_folder, *four_views(), objects.truncated())
    whole = deidentify_folder(export_folder, tmp_path / "whole", keyed)
    interrupted(export_folder, tmp_path / "clean", keyed)
    assert 0 < len(tree(tmp_path / "clean")) < 4
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert lines == whole
    assert tree(tmp_path / "clean") == tree(tmp_path / "whole")
    assert not state_of(tmp_path / "clean").exists()


def test_what_is_done_is_not_done_again(keyed, tmp_path, export_folder, monkeypatch):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    again = []
    genuine = folder.bring

    def counted(deidentifier, job):
        again.append(job.number)
        return genuine(deidentifier, job)

    monkeypatch.setattr(folder, "bring", counted)
    assert len(deidentify_folder(export_folder, tmp_path / "clean", keyed)) == 4
    assert sorted(again) == [3, 4]


def test_a_run_that_goes_on_tells_of_every_file_once_and_alike(keyed, tmp_path, export_folder):
    put(export_folder, *four_views(StudyDescription="Mammografi Provström"))
    whole, parts = [], []
    deidentify_folder(export_folder, tmp_path / "a", keyed, watch=Watch(told=whole.append))
    interrupted(export_folder, tmp_path / "b", keyed)
    deidentify_folder(export_folder, tmp_path / "b", keyed, watch=Watch(told=parts.append))

    def by_number(reports):
        return sorted((one.as_json() for one in reports), key=lambda one: one["number"])

    assert by_number(parts) == by_number(whole)


def test_a_killed_run_goes_on(keyed, tmp_path, export_folder):
    names = [f"{INSTANCE}.{number}" for number in range(30)]
    put(export_folder, *(part10(mammogram(SOPInstanceUID=name)) for name in names))
    target = tmp_path / "clean"
    arguments = ("deid", export_folder, target, "--key-file", tmp_path / "mammo.key")
    command = [sys.executable, "-m", "flows.cli", *map(str, arguments), "--workers", "1"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (target.is_dir() and len(list(target.iterdir())) > 2):
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    end(running.pid)
    running.wait()
    killed_at = len(list(target.iterdir()))
    assert killed_at < 30
    lines = deidentify_folder(export_folder, target, keyed)
    whole = deidentify_folder(export_folder, tmp_path / "whole", keyed)
    assert lines == whole
    assert tree(target) == tree(tmp_path / "whole")


@pytest.mark.parametrize("when", ["announce", "link", "record"])
def test_death_between_any_two_steps_leaves_nothing_unknown(
    keyed, tmp_path, export_folder, monkeypatch, when
):
    put(export_folder, *four_views())
    genuine = {
        "announce": Journal.announce,
        "record": Journal.record,
        "link": os.link,
    }[when]
    calls = []

    def dying(*arguments, **options):
        calls.append(1)
        if len(calls) == 3 and when == "record":
            raise KeyboardInterrupt  # linked, and not recorded
        result = genuine(*arguments, **options)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(os if when == "link" else Journal, when, dying)
        with pytest.raises(KeyboardInterrupt):
            deidentify_folder(export_folder, tmp_path / "clean", keyed)
    deidentify_folder(export_folder, tmp_path / "clean", keyed)
    deidentify_folder(export_folder, tmp_path / "whole", keyed)
    assert tree(tmp_path / "clean") == tree(tmp_path / "whole")


def test_a_file_counts_as_done_once_the_disk_holds_it(keyed, tmp_path, export_folder, monkeypatch):
    """Data, then what is about to be taken, then the name, then what became of it."""
    (export_folder / "a").mkdir()
    put(export_folder / "a", part10(mammogram()))
    did = []

    def seen(name, genuine):
        def call(*arguments, **options):
            it = arguments[0]
            kind = "name" if name == "link" else _kind(it)
            did.append((name, kind))
            return genuine(*arguments, **options)

        return call

    def _kind(descriptor):
        at = Path(f"/proc/self/fd/{descriptor}").readlink()
        return "folder" if at.is_dir() else at.suffix

    for name in ("fsync", "fdatasync", "link"):
        monkeypatch.setattr(os, name, seen(name, getattr(os, name)))
    deidentify_folder(export_folder, tmp_path / "clean", keyed)
    at = did.index(("link", "name"))
    assert did[at - 2 : at + 4] == [
        ("fdatasync", ".jsonl"),
        ("fsync", ".dcm"),
        ("link", "name"),
        ("fsync", "folder"),
        ("fsync", "folder"),
        ("fdatasync", ".jsonl"),
    ]
    assert did[:at].count(("fsync", "folder")) == 2


def test_a_line_cut_short_by_death_says_nothing(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    done = state_of(tmp_path / "clean") / "done.jsonl"
    done.write_bytes(done.read_bytes()[:-20])
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tally(lines) == {Outcome.ADMITTED: 4}
    assert set(tree(tmp_path / "clean")) == {f"IM{number:05}" for number in range(1, 5)}


def test_what_was_changed_or_removed_in_the_target_is_made_again(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    deidentify_folder(export_folder, tmp_path / "whole", keyed)
    interrupted(export_folder, tmp_path / "clean", keyed, after=3)
    changed, removed, *_ = sorted((tmp_path / "clean").iterdir())
    changed.write_bytes(b"spoilt")
    removed.unlink()
    deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tree(tmp_path / "clean") == tree(tmp_path / "whole")


def test_a_file_that_is_another_one_now_is_done_again(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed, after=3)
    other = part10(mammogram(SOPInstanceUID=f"{INSTANCE}.99", text="ÅSA"))
    (export_folder / "IM00001").write_bytes(other)
    deidentify_folder(export_folder, tmp_path / "clean", keyed)
    deidentify_folder(export_folder, tmp_path / "whole", keyed)
    assert tree(tmp_path / "clean") == tree(tmp_path / "whole")


def test_an_archive_goes_on_and_its_members_do_not_stay(keyed, tmp_path, export_folder):
    members = {f"a/{number}.dcm": view for number, view in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    interrupted(export_folder, tmp_path / "clean", keyed)
    assert not (state_of(tmp_path / "clean") / "landing").exists()
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tally(lines) == {Outcome.ADMITTED: 4}
    assert not state_of(tmp_path / "clean").exists()


def test_the_state_is_private_lies_beside_and_names_nobody(keyed, tmp_path, export_folder):
    inner = export_folder / "Provström Åsa"
    inner.mkdir()
    put(inner, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    state = state_of(tmp_path / "clean")
    assert state.parent == tmp_path
    assert state.stat().st_mode & 0o077 == 0
    for path in state.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        text = path.read_text()
        for secret in ("Provstr", "Remissman", objects.STUDY, "195703", str(tmp_path)):
            assert secret not in text
    assert not list((tmp_path / "clean").rglob(".*"))


def refused(source: Path, target: Path, keyed: Deidentifier) -> str:
    with pytest.raises(SourceError) as told:
        deidentify_folder(source, target, keyed)
    return str(told.value)


def test_other_keys_may_not_go_on(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    before = tree(tmp_path)
    other = load(offline_keys(tmp_path / "other.key"))
    said = refused(export_folder, tmp_path / "clean", other)
    assert "with other keys: give its --key-file" in said
    assert "remove the target and .clean.mammo-deid beside it" in said
    (tmp_path / "other.key").unlink()
    assert tree(tmp_path) == before


def test_without_a_key_file_nothing_can_go_on(tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", load(offline_keys(None)))
    said = refused(export_folder, tmp_path / "clean", load(offline_keys(None)))
    assert "keys are gone" in said
    assert "this time with --key-file" in said


def test_another_profile_or_source_may_not_go_on(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    general = load(offline_keys(tmp_path / "mammo.key"), "general")
    said = refused(export_folder, tmp_path / "clean", general)
    assert f"with mammography {load_profile().version} as it was then: give that --profile" in said
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(export_folder, elsewhere)
    assert "from another SRC: give that one" in refused(elsewhere, tmp_path / "clean", keyed)


def test_whoever_empties_the_target_may_begin_anew(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    shutil.rmtree(tmp_path / "clean")
    other = load(offline_keys(tmp_path / "other.key"))
    assert tally(deidentify_folder(export_folder, tmp_path / "clean", other)) == {
        Outcome.ADMITTED: 4
    }


def test_a_finished_target_is_not_gone_on_with(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert "the target is not empty" in refused(export_folder, tmp_path / "clean", keyed)


def test_two_runs_may_not_share_a_target(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())

    def meanwhile(_report):
        said.append(refused(export_folder, tmp_path / "clean", keyed))
        raise KeyboardInterrupt

    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        deidentify_folder(export_folder, tmp_path / "clean", keyed, watch=Watch(told=meanwhile))
    assert said == ["another run is at work on this target; wait for it, or end it"]


def test_a_run_that_never_began_leaves_nothing(keyed, tmp_path):
    with pytest.raises(SourceError):
        deidentify_folder(tmp_path / "nowhere", tmp_path / "clean", keyed)
    assert not state_of(tmp_path / "clean").exists()


def test_a_state_of_another_kind_is_not_believed(keyed, tmp_path, export_folder):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    run = state_of(tmp_path / "clean") / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"schema": "other/9"}))
    assert "cannot be read" in refused(export_folder, tmp_path / "clean", keyed)


def test_another_program_or_reader_of_text_may_not_go_on(
    keyed, tmp_path, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    with monkeypatch.context() as patch:
        patch.setattr(charter, "version", lambda _name: "0.0.9")
        interrupted(export_folder, tmp_path / "clean", keyed)
    said = refused(export_folder, tmp_path / "clean", keyed)
    assert "with version 0.0.9 of this program: finish it with that" in said
    with monkeypatch.context() as patch:
        patch.setattr(charter, "version", lambda _name: "0.0.9")
        patch.setattr(deidentifier, "DETECTOR", "text 9")
        said = refused(export_folder, tmp_path / "clean", keyed)
    assert "with another reader of burned-in text" in said


@pytest.mark.parametrize(
    "line", ['{"done": "x"}', '{"rule": 3}', '{"begin": "x"}', '{"gone": []}', '{"done": 3}']
)
def test_a_state_that_is_spoilt_is_not_believed_and_not_left_locked(
    keyed, tmp_path, export_folder, line
):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)
    with (state_of(tmp_path / "clean") / "done.jsonl").open("a") as done:
        done.write(line + "\n")
    for _ in range(2):
        assert "cannot be read" in refused(export_folder, tmp_path / "clean", keyed)


def test_whatever_stops_the_beginning_leaves_no_lock(keyed, tmp_path, export_folder, monkeypatch):
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed)

    def fails(_journal):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "read", fails)
        with pytest.raises(ZeroDivisionError):
            deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert len(deidentify_folder(export_folder, tmp_path / "clean", keyed)) == 4
