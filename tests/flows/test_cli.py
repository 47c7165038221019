import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import main
from tests import objects
from tests.flows.making import put
from tests.objects import mammogram, part10


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_STATE", str(tmp_path / "var"))


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("exports", "list"),
        ("metrics",),
        ("trace", "A1"),
        ("resume", "20261122-00000000"),
        ("ingest", "prov", "."),
        ("catalog", "search"),
        ("catalog", "holders"),
        ("permit", "me"),
        ("release", "permit-1"),
        ("revoke", "permit-1"),
        ("token", "me", "--role", "researcher"),
    ],
)
def test_without_a_stack_every_command_says_what_to_do(capsys, arguments):
    code, _, error = run(capsys, *arguments)
    assert code == 1
    assert error.startswith("mammo: ")
    assert "mammo up" in error
    assert error.count("\n") == 1


def test_a_missing_setting_is_named_and_no_secret_is_shown(capsys, monkeypatch):
    monkeypatch.setenv("MAMMO_REGION_S3_SECRET_KEY", "not-for-your-eyes")
    code, out, error = run(capsys, "exports", "list")
    assert code == 1
    assert "MAMMO_REGION_LEDGER_URL" in error
    assert "not-for-your-eyes" not in out + error


def test_status_of_no_stack_is_not_well(capsys):
    code, out, _ = run(capsys, "status")
    assert code == 1
    assert "not running" in out


def test_there_is_nothing_to_forget(capsys):
    assert run(capsys, "reset", "--yes")[:2] == (0, "there is nothing to forget\n")


def test_a_folder_is_de_identified_with_a_report(capsys, export_folder, tmp_path):
    put(export_folder, part10(mammogram()), objects.truncated())
    report = tmp_path / "report.csv"
    code, out, _ = run(capsys, "deid", export_folder, tmp_path / "clean", "--report", report)
    assert code == 3
    assert "ADMITTED          1" in out
    assert "UNREADABLE        1" in out
    assert report.stat().st_mode & 0o077 == 0
    assert "Provstr" not in out


def test_a_key_file_makes_pseudonyms_that_last(capsys, export_folder, tmp_path):
    put(export_folder, part10(mammogram()))
    for name in ("one", "two"):
        run(capsys, "deid", export_folder, tmp_path / name, "--key-file", tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    one, two = (tmp_path / name / "IM00001" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_an_error_is_one_line_and_no_traceback(capsys, tmp_path):
    code, _, error = run(capsys, "deid", tmp_path / "nowhere", tmp_path / "clean")
    assert code == 1
    assert error.splitlines()[-1].startswith("mammo: the export is neither a folder nor a ZIP")


def test_help_is_quick_and_needs_no_settings():
    mammo = Path(sys.executable).parent / "mammo"
    done = subprocess.run([mammo, "--help"], capture_output=True, text=True, check=True, env={})
    for command in ("demo", "up", "down", "reset", "status", "ingest", "deid", "catalog"):
        assert f"  {command} " in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, flows.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"prefect", "pydicom", "cv2", "onnxruntime", "sqlalchemy"}
    assert heavy.isdisjoint(loaded.stdout.split())
