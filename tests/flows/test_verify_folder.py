"""The second eye alone over a folder: what it says of each file, and what it never says."""

import csv
import io
import json
import os
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deid.pixels.detection.text_reader import load_text_reader
from flows.cli import app
from flows.errors import SourceError
from flows.verify import folder as room
from flows.verify import sought
from flows.verify.folder import verify_folder
from flows.verify.looks import Seen, Verification
from flows.verify.report import as_csv, as_json, as_page
from tests.deid.documents import report
from tests.deid.headers import finished, mammogram, profile, tomosynthesis, written

OTHER = {"PatientName": "Kvistberg^Dagny", "PatientID": "19490805-9829"}
SECRETS = ("jostrom", "jöström", "Åsa", "470802", "Kvistberg", "490805", "99999.2023")


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    folder = tmp_path / "clean"
    (folder / "her").mkdir(parents=True)
    (folder / "her" / "1.dcm").write_bytes(finished(mammogram()))
    (folder / "her" / "2.dcm").write_bytes(finished(tomosynthesis()))
    (folder / "her" / "3.dcm").write_bytes(finished(report()))
    return folder


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    folder = tmp_path / "originals"
    folder.mkdir()
    (folder / "a").write_bytes(written(mammogram()))
    (folder / "b").write_bytes(written(mammogram(**OTHER)))
    return folder


def leaky(text: str) -> bytes:
    """A finished object of hers in which a text of another stands."""
    data = finished(mammogram(StudyDescription="Screening mammografi"))
    assert b"Screening mammografi" in data
    return data.replace(b"Screening mammografi", text.ljust(20).encode("latin-1"))


def kinds(seen: Verification) -> dict[str, set[tuple[str, str]]]:
    return {
        look.shown: {(found.where, found.what) for found in look.findings} for look in seen.looks
    }


def test_finished_objects_are_clean(clean: Path, originals: Path) -> None:
    seen = verify_folder(clean, profile(), against=originals)
    assert seen.clean
    assert seen.tally == {Seen.CLEAN: 3}
    assert seen.originals == 2
    assert [look.name for look in seen.looks] == ["her/1.dcm", "her/2.dcm", "her/3.dcm"]


def test_what_is_of_any_original_is_sought_in_every_object(clean: Path, originals: Path) -> None:
    (clean / "her" / "1.dcm").write_bytes(leaky("sett av Kvistberg"))
    assert verify_folder(clean, profile()).clean
    seen = verify_folder(clean, profile(), against=originals)
    assert not seen.clean
    assert kinds(seen)["her/1.dcm"] == {("(0008,1030)", "name")}
    assert seen.tally == {Seen.CLEAN: 2, Seen.SUSPECT: 1}


def test_originals_in_an_archive_are_read(clean: Path, originals: Path, tmp_path: Path) -> None:
    (clean / "her" / "1.dcm").write_bytes(leaky("sett av Kvistberg"))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(originals / "b", "Kvistberg/b")
    seen = verify_folder(clean, profile(), against=tmp_path / "all.zip")
    assert seen.tally[Seen.SUSPECT] == 1


def test_more_people_than_fit_are_sought_in_turns(
    clean: Path, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean / "her" / "1.dcm").write_bytes(leaky("sett av Kvistberg"))
    (clean / "her" / "2.dcm").write_bytes(leaky("sett av Bergqvist"))
    whole = verify_folder(clean, profile(), against=originals)
    monkeypatch.setattr(sought, "CHUNK", 50)
    steps: list[tuple[int, int]] = []
    seen = verify_folder(
        clean,
        profile(),
        against=originals,
        progress=lambda doing, done, total: (
            steps.append((done, total)) if doing == "verify" else None
        ),
    )
    assert kinds(seen) == kinds(whole)
    assert seen.tally == whole.tally == {Seen.SUSPECT: 2, Seen.CLEAN: 1}
    assert steps[-1][0] == steps[-1][1] > 3


def test_without_originals_what_identifies_anybody_is_found(clean: Path) -> None:
    (clean / "her" / "1.dcm").write_bytes(leaky("pnr 490805-9829"))
    (clean / "her" / "2.dcm").write_bytes(finished(mammogram()) + b"tail")
    seen = verify_folder(clean, profile())
    assert kinds(seen)["her/1.dcm"] == {("(0008,1030)", "personal number")}
    assert kinds(seen)["her/2.dcm"] == {("end", "bytes behind the pixels")}
    assert seen.originals is None


def test_every_file_is_looked_at_whatever_it_is_called(clean: Path) -> None:
    (clean / "DICOMDIR").write_bytes(b"no image")
    (clean / "her" / ".DS_Store").write_bytes(b"")
    (clean / "her" / "4.dcm").write_bytes(finished(mammogram())[:-100])
    (clean / "link").symlink_to(clean / "her")
    os.mkfifo(clean / "pipe")
    seen = verify_folder(clean, profile())
    ended = {look.name: look.seen for look in seen.looks}
    assert {name for name, end in ended.items() if end is Seen.UNREADABLE} == {
        *("DICOMDIR", "her/.DS_Store", "her/4.dcm", "link", "pipe")
    }
    assert all(look.reason for look in seen.looks if look.seen is Seen.UNREADABLE)


def test_what_could_not_be_checked_is_suspect(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("sjostrom")  # noqa: EM101

    monkeypatch.setattr(room, "verify", fail)
    seen = verify_folder(clean, profile())
    assert seen.tally == {Seen.SUSPECT: 3}
    assert "jostrom" not in as_json(seen)


@pytest.mark.parametrize("name", ["Sjöström Åsa.dcm", "470802-2980/1.dcm", "x_490805-9829.dcm"])
def test_a_name_that_identifies_is_found_and_never_written(
    clean: Path, originals: Path, name: str
) -> None:
    path = clean / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(finished(mammogram()))
    seen = verify_folder(clean, profile(), against=originals)
    (stopped,) = (look for look in seen.looks if look.seen is Seen.SUSPECT)
    assert stopped.name == ""
    assert {found.where for found in stopped.findings} == {"file name"}
    for form in (as_csv, as_json, as_page):
        assert f"file {stopped.number}" in form(seen)
        assert not [secret for secret in SECRETS if secret in form(seen)]


def test_a_name_of_no_encoding_is_not_written(clean: Path) -> None:
    (clean / os.fsdecode(b"\xff\xfe.dcm")).write_bytes(finished(mammogram()))
    seen = verify_folder(clean, profile())
    assert seen.tally[Seen.SUSPECT] == 1
    for form in (as_csv, as_json, as_page):
        form(seen).encode("utf-8")


def test_originals_that_cannot_be_read_leave_a_doubt(clean: Path, originals: Path) -> None:
    (originals / "cut.dcm").write_bytes(written(mammogram())[:-50])
    (originals / "readme.txt").write_text("no image")
    seen = verify_folder(clean, profile(), against=originals)
    assert seen.unread == (3,)
    assert seen.tally == {Seen.CLEAN: 3}
    assert not seen.clean
    assert "all files are clean, but 1 original could not be read" in as_page(seen)
    command = ["verify", str(clean), "--against", str(originals)]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 3
    assert "number 3 in the CSV of `mammo deid`" in ended.output


def test_pixels_are_read_only_when_asked(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(room, "read_again", lambda *_: asked.append("pixels") or ())
    monkeypatch.setattr(room, "overlays_left", lambda *_: asked.append("overlays") or ())
    assert verify_folder(clean, profile()).pixels is False
    assert asked == []
    reader = load_text_reader()
    assert verify_folder(clean, profile(), text_reader=reader).pixels is True
    assert sorted(asked) == ["overlays"] * 3 + ["pixels"] * 2


def test_a_gigabyte_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 16384
    big = mammogram(Rows=rows, Columns=rows, PixelData=b"")
    head = finished(mammogram(Rows=64, Columns=48))
    folder = tmp_path / "big"
    folder.mkdir()
    at = head.rindex(b"\xe0\x7f\x10\x00OW\0\0")
    length = 1 << 30
    assert big.Rows == rows
    with (folder / "1.dcm").open("wb") as file:
        file.write(head[:at] + b"\xe0\x7f\x10\x00OW\0\0" + length.to_bytes(4, "little"))
        file.truncate(at + 12 + length)
    read = 0
    original = room.Original.read

    def counted(self: object, size: int = -1) -> bytes:
        nonlocal read
        data = original(self, size)  # type: ignore[arg-type]
        read += len(data)
        return data

    monkeypatch.setattr(room.Original, "read", counted)
    assert verify_folder(folder, profile()).tally == {Seen.CLEAN: 1}
    assert read < 1 << 20


def test_a_folder_that_is_not_there_or_empty_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not there"):
        verify_folder(tmp_path / "none", profile())
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no files"):
        verify_folder(tmp_path / "empty", profile())


class Page(HTMLParser):
    """Collects what a page says and what it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: set[str] = set()
        self.asked: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.asked += [value for name, value in attrs if name in {"src", "href", "action"}]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_says_it_all_and_needs_nothing(clean: Path, originals: Path) -> None:
    (clean / "her" / "1.dcm").write_bytes(leaky("sett av Kvistberg"))
    (clean / "<script>alert(1)<").mkdir()
    (clean / "<script>alert(1)<" / "script>.dcm").write_bytes(b"no image")
    text = as_page(verify_folder(clean, profile(), against=originals))
    page = Page()
    page.feed(text)
    assert not page.asked
    assert "script" not in page.tags
    said = " ".join(page.said)
    for part in ("not all files are clean", "her/1.dcm", "name at (0008,1030)", "UNREADABLE"):
        assert part in said
    assert not [secret for secret in SECRETS if secret in text]


def test_lists_are_for_machines(clean: Path) -> None:
    (clean / "=cmd.dcm").write_bytes(b"no image")
    seen = verify_folder(clean, profile())
    rows = list(csv.DictReader(io.StringIO(as_csv(seen))))
    assert [row["outcome"] for row in rows] == ["UNREADABLE", "CLEAN", "CLEAN", "CLEAN"]
    assert rows[0]["file"] == "'=cmd.dcm"
    told = json.loads(as_json(seen))
    assert told["format"] == "mammo-verify/1"
    assert told["outcomes"] == {"CLEAN": 3, "SUSPECT": 0, "UNREADABLE": 1}
    assert told["looks"][0]["reason"] == "not a DICOM file"


def test_the_command_ends_well_only_if_all_is_clean(
    clean: Path, originals: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    command = ["verify", str(clean), "--against", str(originals)]
    ended = run(app, [*command, "--report", str(tmp_path / "found.csv")])
    assert ended.exit_code == 0, ended.output
    assert "CLEAN             3" in ended.output
    assert (tmp_path / "found.csv").read_text().startswith("number,file,outcome")
    assert "all files are clean" in (tmp_path / "found.html").read_text()
    (clean / "her" / "1.dcm").write_bytes(leaky("sett av Kvistberg"))
    ended = run(app, [*command, "--report", str(tmp_path / "found.json"), "--profile", "general"])
    assert ended.exit_code == 3
    assert json.loads((tmp_path / "found.json").read_text())["clean"] is False
    assert "1 in 1 file: name (a name in the originals" in ended.output
    assert "Kvistberg" not in ended.output
    assert "--report" not in ended.output
    assert "give --report FILE.csv to see where" in run(app, command).output


@pytest.mark.parametrize(
    ("name", "says"), [("found.txt", ".csv or .json"), ("clean/f.csv", "FOLDER")]
)
def test_the_command_says_what_is_wrong(clean: Path, tmp_path: Path, name: str, says: str) -> None:
    ended = CliRunner().invoke(app, ["verify", str(clean), "--report", str(tmp_path / name)])
    assert ended.exit_code == 1
    assert says in ended.output
    assert not (tmp_path / name).exists()


def test_help_has_an_example() -> None:
    assert "Example: mammo verify" in CliRunner().invoke(app, ["verify", "--help"]).output
