import subprocess
import sys
from pathlib import Path

import pytest

from access_api.tokens import Role
from catalog.errors import Reason, StorageError
from flows.cli import main, place
from flows.cli.token import ROLES
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
        ("permit", "issue", "me"),
        ("release", "permit-1"),
        ("permit", "revoke", "permit-1", "--reason", "over"),
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


@pytest.mark.parametrize("command", ["status", "down"])
def test_where_there_is_no_stack_nothing_is_said_of_one(capsys, tmp_path, command):
    code, out, error = run(capsys, command)
    assert (code, out) == (1, "")
    assert f"there is no local stack in {tmp_path / 'var'}" in error
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.NOT_FOUND])
def test_a_store_that_does_not_answer_is_to_be_started(capsys, monkeypatch, reason):
    def fail():
        raise StorageError(reason)

    monkeypatch.setattr(place, "state", fail)
    error = run(capsys, "status")[2]
    hint = "; run: mammo up" if reason is Reason.UNREACHABLE else ""
    assert error == f"mammo: {reason}{hint}\n"


def test_a_role_that_nobody_knows_gets_no_token(capsys):
    code, _, error = run(capsys, "token", "me", "--role", "nonsense")
    assert (code, "operator or auditor" in error) == (2, True)
    assert {*Role} == {*ROLES}


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
    assert error.splitlines()[-1].startswith("mammo: the source is not there")


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
