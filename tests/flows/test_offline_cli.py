import json
import os
import subprocess
import sys

import pytest

from deid.profiles.profile import load_profile
from tests import objects
from tests.flows.interrupting import tree
from tests.flows.making import four_views, put
from tests.objects import mammogram, part10


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_STATE", str(tmp_path / "var"))


def test_a_folder_is_de_identified_and_reported(mammo, export_folder, tmp_path):
    put(export_folder, part10(mammogram()), objects.truncated())
    code, out, _ = mammo("deid", export_folder, "clean", "--report", "report.csv")
    assert code == 3
    assert "ADMITTED          1  clean, in DST" in out
    assert "1 unreadable: the file ends before its data does" in out
    assert "report.csv names every file" in out
    assert "Provstr" not in out
    assert {path.name for path in tmp_path.glob("report.*")} == {
        "report.csv",
        "report.html",
        "report.json",
        "report.jsonl",
    }


def test_the_exit_code_tells_whether_all_was_released(mammo, export_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert mammo("deid", tmp_path / "empty", "none")[0] == 1
    assert not (tmp_path / "none").exists()
    put(export_folder, part10(mammogram()))
    assert mammo("deid", export_folder, "all")[0] == 0
    assert mammo("deid", export_folder, "--dry-run")[0] == 0
    put(export_folder, part10(objects.ultrasound()), start=2)
    assert mammo("deid", export_folder, "some")[0] == 3
    assert len(list((tmp_path / "some").iterdir())) == 1


def test_a_dry_run_shows_what_would_become_of_attributes(mammo, export_folder, tmp_path):
    put(export_folder, *four_views(), objects.truncated())
    code, out, _ = mammo("deid", export_folder, "--dry-run", "--report", "r.csv")
    assert code == 3
    assert "ADMITTED          4  would be cleaned; pixels were not looked at" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["(0010,0010)", "PatientName", "P", "replaced", "4", "PS3.15", "E.1-1"] in [
        line[:7] for line in lines
    ]
    told = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert len(told) == 5
    assert all(one["attributes"] for one in told if one["outcome"] == "ADMITTED")
    assert "rehearsed" in (tmp_path / "r.html").read_text()
    assert "Provstr" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deid",), "say what to read: mammo deid SRC DST"),
        (("deid", "src"), "say where clean files go: mammo deid SRC DST, or --dry-run"),
        (("deid", "src", "dst", "--dry-run"), "a dry run writes nothing, so leave DST out"),
        (("deid", "src", "dst", "--report", "dst/r.csv"), "it may not lie in DST"),
        (("deid", "src", "dst", "--report", "r.html"), "must end in .csv"),
        (("deid", "src", "dst", "--report", "no/r.csv"), "check the folder of --report"),
        (("deid", "src", "dst", "--profile", "dental"), "there is no profile dental"),
        (("deid", "src", "dst", "--profile", "mine.toml"), "mine.toml: there is no such file"),
        (("deid", "--explain", "PatientNam"), "PatientNam is no attribute of PS3.6"),
        (("deid", "nowhere", "dst"), "the source is not there"),
        (("deid", "one.dcm", "dst"), "the source is one file, and no ZIP archive"),
        (("deid", "src", "dst"), "the source holds no files"),
        (("deid", "src", "--dry-run"), "the source holds no files"),
        (("deid", "src", "src"), "the source and the target are the same folder"),
        (("deid", "src", "one.dcm"), "the target is no folder"),
        (("deid", "src", "held"), "the target is not empty, and holds no unfinished run"),
        (("deid", "src", "dst", "--key-file", "bad.key"), "the key file is malformed"),
        (("deid", "src", "src/dst"), "the target lies inside the source"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_what_to_do(mammo, tmp_path, arguments, said):
    (tmp_path / "src").mkdir()
    (tmp_path / "held").mkdir()
    put(tmp_path / "held", b"somebody's")
    if "source holds" not in said:
        put(tmp_path / "src", part10(mammogram()))
    (tmp_path / "one.dcm").write_bytes(b"one")
    (tmp_path / "bad.key").write_text("no key")
    before = set(tmp_path.rglob("*"))
    keys = () if "--key-file" in arguments else ("--key-file", "new.key")
    code, out, error = mammo(*arguments, *keys)
    assert code == 1
    assert set(tmp_path.rglob("*")) == before
    assert "reset" not in error
    *_, last = error.splitlines()
    assert last.startswith("mammo: ")
    assert said in last
    assert "Traceback" not in error + out


def test_a_run_that_is_refused_changes_nothing_and_keeps_the_report(mammo, export_folder, tmp_path):
    put(export_folder, part10(mammogram()))
    command = ("deid", export_folder, "clean", "--report", "r.csv", "--key-file", "k.key")
    assert mammo(*command)[0] == 0
    before = tree(tmp_path)
    for refused in (command, ("deid", "nowhere", *command[2:])):
        assert mammo(*refused)[0] == 1
        assert tree(tmp_path) == before
    assert "if an earlier run finished here, there is nothing to do" in mammo(*command)[2]


def test_one_rule_is_explained_without_a_folder(mammo):
    code, out, _ = mammo("deid", "--explain", "StudyDescription", "--profile", "general")
    assert code == 0
    assert out.startswith("(0008,1030) StudyDescription, VR LO\nprofile general ")
    assert "option: Clean Descriptors Option" in out


def test_a_profile_of_ones_own_is_used(mammo, export_folder, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'extends = "mammography"\nname = "mine"\nversion = "7"\nrules = [\n'
        '  { tag = "00080060", action = "K", reason = "x", clause = "y" },\n'
        '  { tag = "00081030", action = "X", reason = "not here", clause = "our house" },\n]\n'
    )
    put(export_folder, part10(mammogram(StudyDescription="Mammografi")))
    code, _, _ = mammo(
        "deid", export_folder, "clean", "--profile", "mine.toml", "--report", "r.csv"
    )
    assert code == 0
    run = json.loads((tmp_path / "r.json").read_text())
    assert (run["profile"]["name"], run["profile"]["version"]) == ("mine", "7")
    (rule,) = [one for one in run["rules"] if one["keyword"] == "StudyDescription"]
    assert (rule["done"], rule["reason"], rule["clause"]) == ("REMOVED", "not here", "our house")


def test_what_general_accepts_mammography_refuses_and_says_so(mammo, export_folder):
    put(export_folder, part10(objects.ultrasound()))
    _, out, _ = mammo("deid", export_folder, "--dry-run")
    assert "REFUSED           1" in out
    assert "an ultrasound image, not of this profile: Ultrasound Image Storage" in out
    assert "--profile general accepts Ultrasound Image Storage" in out
    _, out, _ = mammo("deid", export_folder, "--dry-run", "--profile", "general")
    assert "SUSPECT           1" in out
    assert "people have to look at before it may pass: ultrasound" in out
    assert "--profile general" not in out


def test_what_people_have_to_look_at_is_not_written(mammo, export_folder, tmp_path):
    put(export_folder, part10(mammogram(Manufacturer="Okänd AB")))
    _, out, _ = mammo("deid", export_folder, "clean", "--workers", "1")
    assert "people have to look at before it may pass: unknown device" in out
    assert not list((tmp_path / "clean").rglob("*.dcm"))


def test_it_goes_on_by_itself_with_the_same_key_file(mammo, export_folder, tmp_path):
    put(export_folder, *four_views())
    command = ("deid", export_folder, "clean", "--key-file", "mammo.key")
    interrupting = (
        "import sys\n"
        "from flows.offline import folder\n"
        "genuine, seen = folder._Run._end, []\n"
        "def ending(self, done, target):\n"
        "    genuine(self, done, target)\n"
        "    seen.append(done)\n"
        "    if len(seen) == 2: raise KeyboardInterrupt\n"
        "folder._Run._end = ending\n"
        "from flows.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(
        [sys.executable, "-c", interrupting, *map(str, command)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert ended.returncode == 130
    assert (
        b"mammo: ended; 2 of 4 files are done and kept; go on with the same command" in ended.stderr
    )
    assert len(list((tmp_path / "clean").iterdir())) == 2
    code, out, _ = mammo(*command)
    assert code == 0
    assert "ADMITTED          4" in out


def test_help_shows_examples(mammo):
    _, out, _ = mammo("deid", "--help")
    for words in ("mammo deid /mnt/export clean", "--dry-run", "--explain StudyDescription"):
        assert words in out
    assert "--no-pixels" not in out


def test_the_version_of_the_profile_is_in_every_object(mammo, export_folder, tmp_path):
    import pydicom

    put(export_folder, part10(mammogram()))
    mammo("deid", export_folder, "clean")
    ds = pydicom.dcmread(tmp_path / "clean" / "IM00001")
    assert ds.DeidentificationMethod[0] == f"mammography/{load_profile().version}"
