"""A folder that exports are put into: complete or not, as their lists say or not."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydicom.fileset import FileSet

from flows.errors import SourceAwayError, SourceError, SourceRefusedError
from flows.sources.definition import FolderSource
from flows.sources.folder import manifest, media
from flows.sources.folder.exports import ExportFolder, Found, State
from flows.sources.folder.lying import lying
from tests.archives import zip_of
from tests.flows.sources.dicomweb import part10
from tests.flows.sources.peers import Go, image

DAY = 86_400.0


class Clock:
    """A clock that goes on as long as somebody waits; and what happens meanwhile."""

    def __init__(self, now: float, meanwhile: Any = None) -> None:
        self.now, self.waited, self._meanwhile = now, 0.0, meanwhile

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        if self._meanwhile is not None:
            self._meanwhile()
            self._meanwhile = None


def folder(root: Path, *, later: float = DAY, meanwhile: Any = None, **told: Any) -> ExportFolder:
    """A folder as it is seen so much later than now."""
    clock = Clock(root.stat().st_ctime + later, meanwhile)
    source = FolderSource(path=root, **told)
    return ExportFolder(
        source, now=lambda: clock.now, clock=lambda: clock.waited, sleep=clock.sleep
    )


def judged(there: ExportFolder, *, wait: bool = True) -> list[Found]:
    return [there.judge(there.look(path), Go(), wait=wait) for path in there.paths()]


def states(there: ExportFolder) -> dict[str, State]:
    return {found.path.name: found.state for found in judged(there)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two folders and an archive, each with images."""
    root = tmp_path / "Provström"
    for name in ("first", "second"):
        (root / name / "deep").mkdir(parents=True)
        (root / name / "deep" / "IM1").write_bytes(part10(image(1)))
        (root / name / "IM2").write_bytes(part10(image(1, 1, 2)))
    (root / "third.zip").write_bytes(zip_of({"IM3": part10(image(2))}))
    (root / "README.txt").write_text("not an export")
    return root


def test_what_lies_still_is_complete(root: Path) -> None:
    assert states(folder(root)) == dict.fromkeys(("first", "second", "third.zip"), State.READY)
    assert set(states(folder(root, later=5)).values()) == {State.GROWING}


def test_a_clock_of_the_share_is_not_believed(root: Path) -> None:
    def grow() -> None:
        (root / "first" / "IM9").write_bytes(b"more")

    there = folder(root, later=90, meanwhile=grow)
    first = [there.look(path) for path in there.paths()]
    found = {one.path.name: there.judge(one, Go()).state for one in first}
    assert found == {"first": State.GROWING, "second": State.READY, "third.zip": State.READY}
    assert there.judge(first[1], Go(after=0)).state is State.READY  # it has waited already


def test_told_to_stop_it_waits_no_longer(root: Path) -> None:
    there = folder(root, later=90)
    assert there.judge(there.look(root / "first"), Go(after=3)).state is State.GROWING


def test_a_marker_says_that_an_export_is_complete(root: Path) -> None:
    there = folder(root, later=0, marker=".done")
    assert set(states(there).values()) == {State.GROWING}
    (root / "first" / ".done").touch()
    (root / "third.zip.done").touch()
    assert states(there) == {
        "first": State.READY, "second": State.GROWING, "third.zip": State.READY,
    }  # fmt: skip


def test_an_archive_without_its_end_is_growing(root: Path) -> None:
    whole = (root / "third.zip").read_bytes()
    (root / "third.zip").write_bytes(whole[: len(whole) // 2])
    (root / "third.zip.done").touch()
    assert states(folder(root))["third.zip"] is State.GROWING
    assert states(folder(root, marker="done"))["third.zip"] is State.GROWING


@pytest.mark.parametrize("what", ["DICOMDIR", "SHA256SUMS", "complete", "IM1"])
def test_a_folder_of_images_is_one_export(root: Path, what: str) -> None:
    (root / "third.zip").unlink()
    (root / what).write_bytes(part10(image(1)))
    assert folder(root, marker="complete").paths() == (root.resolve(),)


def test_links_and_hidden_folders_are_no_exports(root: Path) -> None:
    (root / "link").symlink_to(root / "first")
    (root / ".snapshot").mkdir()
    assert [path.name for path in folder(root).paths()] == ["first", "second", "third.zip"]


def sums(path: Path) -> Path:
    """Write a manifest as sha256sum itself does."""
    told = subprocess.run(
        "find . -type f ! -name SHA256SUMS -print0 | xargs -0 sha256sum",
        shell=True, cwd=path, capture_output=True, check=True,
    )  # fmt: skip
    (path / "SHA256SUMS").write_bytes(told.stdout)
    return path / "SHA256SUMS"


def test_a_manifest_that_holds_is_no_hindrance(root: Path) -> None:
    (root / "first" / "odd\nname\\ Åsa").write_bytes(b"x")
    (root / "first" / "Thumbs.db").write_bytes(b"litter")
    listed = sums(root / "first")
    kept = [line for line in listed.read_text().splitlines() if "Thumbs" not in line]
    listed.write_text("\n".join(kept))
    assert states(folder(root))["first"] is State.READY


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda path: (path / "IM2").unlink(), "1 of them are missing, 0 have other bytes, and 0"),
        (lambda path: (path / "IM2").write_bytes(b"y"), "0 of them are missing, 1 have other"),
        (lambda path: (path / "IM9").write_bytes(b"y"), "and 1 files are not listed"),
        (lambda path: (path / "SHA256SUMS").write_text("CANARY"), "as sha256sum writes it"),
        (lambda path: (path / "SHA256SUMS").write_bytes(b"\xff\0"), "as sha256sum writes it"),
    ],
)
def test_what_differs_from_its_manifest_is_refused_with_counts(
    root: Path, harm: Any, why: str
) -> None:
    sums(root / "first")
    harm(root / "first")
    (found,) = (one for one in judged(folder(root)) if one.path.name == "first")
    assert found.state is State.REFUSED
    assert why in found.why
    assert "IM" not in found.why + str(found)
    assert "CANARY" not in found.why


def test_what_is_no_file_hinders_nobody(root: Path) -> None:
    sums(root / "first")
    for name in ("pipe", "DICOMDIR"):
        os.mkfifo(root / "first" / name)
    (root / "second" / "IM2").unlink()
    (root / "second" / "IM2").symlink_to("/etc/hostname")
    (root / "second" / "SHA256SUMS").write_text(f"{'a' * 64}  IM2\n{'b' * 64}  deep/IM1\n")
    found = {one.path.name: one for one in judged(folder(root))}
    assert "and 1 files are not listed" in found["first"].why
    assert "2 have other bytes" in found["second"].why


def test_what_changes_while_it_is_compared_is_growing(root: Path, monkeypatch: Any) -> None:
    sums(root / "first")
    compare = media.compare

    def meanwhile(path: Path, files: Any) -> media.Listed:
        (path / "IM9").write_bytes(b"more")
        return compare(path, files)

    monkeypatch.setattr(media, "compare", meanwhile)
    there = folder(root)
    assert there.judge(there.look(root / "first"), Go()).state is State.GROWING


def test_an_archive_has_its_digest_beside_it(root: Path) -> None:
    digest = hashlib.sha256((root / "third.zip").read_bytes()).hexdigest()
    (root / "SHA256SUMS").write_text(f"{digest} *third.zip\n")
    assert states(folder(root))["third.zip"] is State.READY
    (root / "SHA256SUMS").write_text(f"{digest[::-1]}  third.zip\n")
    assert states(folder(root))["third.zip"] is State.REFUSED
    (root / "SHA256SUMS").write_text(f"{digest}  other.zip\n")
    assert states(folder(root))["third.zip"] is State.REFUSED


def test_a_manifest_that_says_two_things_is_none(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{'a' * 64}  x\n{'b' * 64}  ./x\n")
    with pytest.raises(SourceError, match="sha256sum"):
        manifest.read(tmp_path / "SHA256SUMS")


def on_media(path: Path) -> Path:
    """Write four images as media do, with a DICOMDIR (PS3.10 §8)."""
    made = FileSet()
    for number in range(1, 5):
        ds = image(1, 1, number, PatientBirthDate="", PatientSex="F")
        ds.StudyDescription = ""
        source = path.parent / f"made{number}.dcm"
        source.write_bytes(part10(ds))
        made.add(source)
    path.mkdir()
    made.write(path)
    made._stage["t"].cleanup()
    return path


def test_what_a_dicomdir_lists_is_counted(tmp_path: Path) -> None:
    path = on_media(tmp_path / "cd")
    there = sorted(one for one in lying(path).files if one != "DICOMDIR")
    assert len(there) == 4
    assert media.compare(path, lying(path).files) == media.Listed(listed=4)
    (path / there[0]).unlink()
    (path / there[1]).rename((path / there[1]).with_name((path / there[1]).name.lower() + ";1"))
    (path / "EXTRA").write_bytes(part10(image(9)))
    (path / "viewer.exe").write_bytes(b"MZ")
    (found,) = judged(folder(path))
    assert (found.state, found.absent) == (State.READY, 1)
    assert "of 4 files that a DICOMDIR lists, 1 are not there; 1 DICOM files" in found.why


def test_a_dicomdir_in_an_archive_is_read(tmp_path: Path) -> None:
    path = on_media(tmp_path / "cd")
    first = next(one for one in lying(path).files if one != "DICOMDIR")
    with zipfile.ZipFile(tmp_path / "cd.zip", "w") as archive:
        for name in lying(path).files:
            if name != first:
                archive.write(path / name, f"disc/{name}")
    assert media.compare(tmp_path / "cd.zip", ()) == media.Listed(listed=4, absent=1)


@pytest.mark.parametrize("content", [b"", b"CANARY", bytes(128) + b"DICM" + b"\xff" * 99])
def test_a_dicomdir_that_cannot_be_read_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "DICOMDIR").write_bytes(content)
    (tmp_path / "IM1").write_bytes(part10(image(1)))
    assert media.compare(tmp_path, ("DICOMDIR", "IM1")).unreadable == 1


def test_a_share_that_is_not_there_is_away_for_now(root: Path) -> None:
    there = folder(root)
    seen = there.look(root / "first")
    shutil.rmtree(root)
    with pytest.raises(SourceAwayError, match="mounted"):
        there.paths()
    with pytest.raises(SourceAwayError, match="mounted"):
        there.judge(seen, Go())


def test_a_folder_that_may_not_be_read_is_told(root: Path, monkeypatch: Any) -> None:
    def denied(_self: Path) -> None:
        raise PermissionError(13, "CANARY")

    there = folder(root)
    monkeypatch.setattr(Path, "iterdir", denied)  # the tests may run as root, who may all
    with pytest.raises(SourceRefusedError, match="permissions") as refused:
        there.paths()
    assert "CANARY" not in str(refused.value)


def test_a_trial_says_what_is_right_and_wrong(root: Path, tmp_path: Path) -> None:
    sums(root / "second")
    (root / "second" / "IM2").write_bytes(b"other")
    steps = list(folder(root).prove())
    assert [(step.name, step.ok) for step in steps] == [
        ("folder", True), ("exports", True), ("manifest", False),
    ]  # fmt: skip
    assert "3 complete, with 6 files" in steps[1].told
    assert "1 have other bytes" in steps[2].told
    (tmp_path / "empty").mkdir()
    assert "mounted" in list(folder(tmp_path / "empty").prove())[-1].told
    assert [step.ok for step in ExportFolder(FolderSource(path=tmp_path / "no")).prove()] == [False]
