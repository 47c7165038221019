"""A run that goes on with a source that changed meanwhile ends as one begun with it now."""

import os
import shutil
from pathlib import Path

import pytest

from catalog.outcome import Outcome
from deid.errors import Reason
from flows.deidentifier import Deidentifier, load
from flows.errors import SourceError
from flows.keys.sides import offline_keys
from flows.offline import folder, one_file
from flows.offline.folder import deidentify_folder
from flows.offline.lines import Line, Watch, tally
from flows.offline.resume import state_of
from flows.people.protection import CONFIDENTIAL
from flows.walk.verdict import TWO_PATIENTS
from tests import archives, objects
from tests.flows.interrupting import interrupted, tree
from tests.flows.making import four_views, put
from tests.objects import INSTANCE, STUDY, mammogram, part10


@pytest.fixture
def keyed(tmp_path) -> Deidentifier:
    return load(offline_keys(tmp_path / "mammo.key"))


@pytest.fixture
def goes_on(keyed, tmp_path, export_folder):
    """Go on with the run into `clean`, and compare it with one that is begun now."""

    def go() -> tuple[Line, ...]:
        shutil.rmtree(tmp_path / "whole", ignore_errors=True)
        whole = deidentify_folder(export_folder, tmp_path / "whole", keyed)
        lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
        assert lines == whole
        assert tree(tmp_path / "clean") == tree(tmp_path / "whole")
        assert not state_of(tmp_path / "clean").exists()
        return lines

    return go


@pytest.fixture
def begun(keyed, tmp_path, export_folder):
    """End a run over four views when three are done."""
    put(export_folder, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed, after=3)
    assert len(tree(tmp_path / "clean")) > 1
    return export_folder


def more(**overrides: object) -> bytes:
    return part10(mammogram(**{"SOPInstanceUID": f"{INSTANCE}.9", **overrides}))


def confidential() -> bytes:
    return more(ConfidentialityConstraintOnPatientDataDescription="SEKRETESS")


def flooded(**overrides: object) -> bytes:
    """Make an object with more names in it than anybody has."""
    names = [
        "Å" + chr(97 + n // 676) + chr(97 + n // 26 % 26) + chr(97 + n % 26) for n in range(8000)
    ]
    return more(OtherPatientNames=names, **overrides)


@pytest.mark.parametrize(
    ("added", "outcome", "reason"),
    [
        (confidential(), Outcome.REFUSED, CONFIDENTIAL),
        (more(PatientID="19490805-9829"), Outcome.REFUSED, TWO_PATIENTS),
        (flooded(), Outcome.SUSPECT, Reason.UNCHECKED.value),
    ],
    ids=["confidential", "two patients", "flooded"],
)
def test_a_study_that_may_not_pass_any_more_is_taken_back(goes_on, begun, added, outcome, reason):
    put(begun, added, start=5)
    assert {(line.outcome, line.reason) for line in goes_on()} == {(outcome, reason)}


def test_it_is_taken_back_before_anything_else_is_done(goes_on, begun, keyed, tmp_path):
    put(begun, confidential(), start=5)
    interrupted(begun, tmp_path / "clean", keyed, after=1)
    assert tree(tmp_path / "clean") == {}
    goes_on()


def test_a_file_that_became_a_link_is_taken_back(goes_on, begun):
    (begun / "IM00001").rename(begun.parent / "moved")
    (begun / "IM00001").symlink_to(begun.parent / "moved")
    assert tally(goes_on()) == {Outcome.ADMITTED: 3, Outcome.UNREADABLE: 1}


def test_members_of_an_archive_that_broke_are_taken_back(goes_on, keyed, tmp_path, export_folder):
    members = {f"a/{number}.dcm": view for number, view in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    interrupted(export_folder, tmp_path / "clean", keyed)
    (export_folder / "cd.zip").write_bytes(b"no archive any more")
    assert tally(goes_on()) == {Outcome.UNREADABLE: 1}
    assert tree(tmp_path / "clean") == {}


def test_a_file_taken_out_of_the_source_is_taken_out_of_the_target(goes_on, begun):
    (begun / "IM00001").unlink()
    assert tally(goes_on()) == {Outcome.ADMITTED: 3}


def test_a_file_taken_out_and_put_back_is_done_again(goes_on, begun, keyed, tmp_path):
    away = tmp_path / "away"
    (begun / "IM00001").rename(away)
    interrupted(begun, tmp_path / "clean", keyed, after=1)
    away.rename(begun / "IM00001")
    assert tally(goes_on()) == {Outcome.ADMITTED: 4}


def test_a_study_that_grew_is_done_again(goes_on, keyed, tmp_path, export_folder):
    put(export_folder, *four_views(StudyDescription="Mammografi"))
    interrupted(export_folder, tmp_path / "clean", keyed, after=3)
    put(export_folder, more(OtherPatientNames="Mammografi^Zäta"), start=5)
    assert tally(goes_on()) == {Outcome.ADMITTED: 5}


def test_another_study_that_grew_changes_nothing(begun, keyed, tmp_path, monkeypatch):
    put(begun, more(StudyInstanceUID=f"{STUDY}.2"), start=5)
    again = []
    genuine = folder.bring

    def counted(deidentifier, job):
        again.append(job.number)
        return genuine(deidentifier, job)

    monkeypatch.setattr(folder, "bring", counted)
    deidentify_folder(begun, tmp_path / "clean", keyed)
    assert again == [4, 5]


def test_a_name_that_turns_out_to_be_a_womans_is_hidden(goes_on, keyed, tmp_path, export_folder):
    inner = export_folder / "Mammografi"
    inner.mkdir()
    put(inner, *four_views())
    interrupted(export_folder, tmp_path / "clean", keyed, after=3)
    assert (tmp_path / "clean" / "Mammografi").exists()
    hers = {"PatientName": "Mammografi^Ebba", "PatientID": "19490805-9829"}
    put(export_folder, more(StudyInstanceUID=f"{STUDY}.2", **hers))
    assert tally(goes_on()) == {Outcome.ADMITTED: 5}
    assert not (tmp_path / "clean" / "Mammografi").exists()


@pytest.mark.parametrize("before", [True, False])
def test_death_while_it_is_taken_back_leaves_nothing(
    goes_on, begun, keyed, tmp_path, monkeypatch, before
):
    put(begun, confidential(), start=5)
    genuine, calls = os.unlink, []

    def dying(path, **options):
        if str(path).startswith("IM"):
            calls.append(path)
            if before and len(calls) == 2:
                raise KeyboardInterrupt
        genuine(path, **options)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", dying)
        with pytest.raises(KeyboardInterrupt):
            deidentify_folder(begun, tmp_path / "clean", keyed)
    goes_on()


def test_members_expanded_by_a_killed_run_are_not_used_again(
    goes_on, keyed, tmp_path, export_folder, monkeypatch
):
    def holding(text):
        members = {"a.dcm": part10(mammogram()), "b.dcm": more(StudyDescription=text)}
        (export_folder / "cd.zip").write_bytes(archives.zip_of(members))

    holding("Mammografi")
    with monkeypatch.context() as patch:  # a killed process tidies nothing up
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        interrupted(export_folder, tmp_path / "clean", keyed, after=1)
    assert any((state_of(tmp_path / "clean") / "landing").iterdir())
    holding("Tomosyntes")
    goes_on()


# ---- while it runs -------------------------------------------------------------------------


def swap(path: Path, content: bytes) -> None:
    other = path.with_name("swapping")
    other.write_bytes(content)
    other.replace(path)


@pytest.fixture
def once(monkeypatch):
    """Do something just before, or after, the first file is brought to its outcome."""

    def arrange(does, *, after=False):
        genuine, calls = folder.bring, []

        def bring(deidentifier, job):
            calls.append(job)
            if len(calls) == 1 and not after:
                does()
            done = genuine(deidentifier, job)
            if len(calls) == 1 and after:
                does()
            return done

        monkeypatch.setattr(folder, "bring", bring)

    return arrange


@pytest.mark.parametrize("content", [confidential(), more(PatientID="19490805-9829"), more()])
@pytest.mark.parametrize("number", [1, 3])
def test_a_file_swapped_after_it_was_looked_at_does_not_pass(
    once, keyed, tmp_path, export_folder, content, number
):
    put(export_folder, *four_views())
    name = f"IM{number:05}"
    once(lambda: swap(export_folder / name, content))
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tally(lines) == {Outcome.ADMITTED: 3, Outcome.UNAVAILABLE: 1}
    assert lines[number - 1].reason == one_file.CHANGED
    assert name not in tree(tmp_path / "clean")


def test_a_file_nobody_could_look_at_does_not_pass_either(once, keyed, tmp_path, export_folder):
    put(export_folder, *four_views()[:3], objects.truncated())
    once(lambda: swap(export_folder / "IM00004", confidential()))
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert (lines[3].outcome, lines[3].reason) == (Outcome.UNAVAILABLE, one_file.CHANGED)


def test_a_file_swapped_once_it_was_read_is_done_again(
    once, goes_on, keyed, tmp_path, export_folder
):
    put(export_folder, *four_views())
    once(lambda: swap(export_folder / "IM00001", more(StudyDescription="Bröst")), after=True)
    interrupted(export_folder, tmp_path / "clean", keyed, after=1)
    assert tally(goes_on()) == {Outcome.ADMITTED: 4}


def test_an_object_too_full_to_look_at_is_still_confidential(keyed, tmp_path, export_folder):
    secret = flooded(ConfidentialityConstraintOnPatientDataDescription="SEKRETESS")
    put(export_folder, *four_views(), secret)
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert {(line.outcome, line.reason) for line in lines} == {(Outcome.REFUSED, CONFIDENTIAL)}


def test_a_name_from_an_object_too_full_to_look_at_is_hidden(keyed, tmp_path, export_folder):
    for name in ("Annanström", "Provbröst"):
        (export_folder / name).mkdir()
    hers = {"PatientName": "Annanström^Ebba", "PatientID": "19490805-9829"}
    put(export_folder / "Annanström", part10(mammogram()))
    put(export_folder / "Provbröst", flooded(StudyInstanceUID=f"{STUDY}.2", **hers))
    lines = deidentify_folder(export_folder, tmp_path / "clean", keyed)
    assert tally(lines) == {Outcome.ADMITTED: 1, Outcome.SUSPECT: 1}
    assert "Annanström" not in tree(tmp_path / "clean")


def test_what_is_told_of_a_file_is_told_after_its_target_is_gone(begun, keyed, tmp_path):
    put(begun, confidential(), start=5)
    left = []
    watch = Watch(told=lambda _report: left.append(tree(tmp_path / "clean")))
    deidentify_folder(begun, tmp_path / "clean", keyed, watch=watch)
    assert left == [{}] * 5


def test_a_target_that_cannot_be_taken_back_stops_the_run(begun, keyed, tmp_path, monkeypatch):
    put(begun, confidential(), start=5)

    def denied(_path, **_options):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", denied)
        with pytest.raises(SourceError, match="cannot be taken out"):
            deidentify_folder(begun, tmp_path / "clean", keyed)
    assert state_of(tmp_path / "clean").exists()
