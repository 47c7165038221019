"""`make demo ONCE=1`, run as its user runs it; then a search for the invented women."""

import contextlib
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.needles import identity_needles
from tests.servers import free_block

ROOT = Path(__file__).parents[2]
SECONDS = 900
#: Shorter ones stand in random bytes by chance.
LEAST_BYTES = 5
#: What the holders are called is no secret: it is in the catalogue, and in their decisions.
HOLDERS = ("Österskogs universitetssjukhus", "Bröstmottagningen Älvdala")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    state = tmp_path_factory.mktemp("demo") / "var"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(state.parent),
        "MAMMO_STATE": str(state),
        "MAMMO_PORT_BASE": str(free_block(20)),
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["make", "demo", "ONCE=1"],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return state, done.stdout


def test_it_shows_what_happened(demo):
    _, said = demo
    for words in (
        "ADMITTED",
        "REFUSED",
        "UNREADABLE",
        "before-after.png",
        "every sha256 as in the manifest",
        "stopped",
    ):
        assert words in said


def test_it_leaves_no_process(demo):
    state, _ = demo
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    assert not [command for command in commands if str(state) in " ".join(command)]


def test_it_leaves_a_picture(demo):
    state, _ = demo
    assert (state / "demo" / "before-after.png").read_bytes().startswith(b"\x89PNG")


def forms(needle: str) -> set[bytes]:
    """Write a needle as files, databases and JSON would."""
    codes = {needle.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-le")}
    return codes | {json.dumps(needle)[1:-1].encode()}


def test_the_invented_women_are_nowhere_but_in_their_exports(demo):
    """Logs, databases of both sides and of Prefect, the object store, spools, pid files."""
    state, said = demo
    needles = {
        form: needle
        for needle in identity_needles()
        if not any(needle in holder for holder in HOLDERS)
        for form in forms(needle)
        if len(form) >= LEAST_BYTES
    }
    assert [needle for form, needle in needles.items() if form in said.encode()] == []
    searched = 0
    for path in sorted(state.rglob("*")):
        if not path.is_file() or path.relative_to(state).parts[0] == "demo":
            continue
        content = path.read_bytes()
        searched += len(content)
        assert [needle for form, needle in needles.items() if form in content] == [], path
    assert searched > 100_000_000  # the clean objects were among what was searched
    exported = b"".join(p.read_bytes() for p in (state / "demo").rglob("IM*") if p.is_file())
    assert sum(form in exported for form in needles) > 20  # the search can find


def test_prefect_was_told_of_exports_by_their_ids_alone(demo):
    state, _ = demo
    database = sqlite3.connect(state / "prefect" / "server" / "prefect.db")
    with contextlib.closing(database):
        runs = "SELECT flow.name, flow_run.parameters FROM flow_run JOIN flow ON flow.id = flow_id"
        told = [(name, set(json.loads(parameters))) for name, parameters in database.execute(runs)]
        assert [one for name, one in told if name == "ingest"] == [{"export_id"}] * 2
        assert {str(one) for name, one in told if name != "ingest"} <= {"set()"}
        kinds = [row[0] for row in database.execute("SELECT type FROM artifact ORDER BY type")]
        assert kinds == [*["markdown"] * 2, *["progress"] * 2, *["table"] * 2]
        shown = "SELECT data FROM artifact WHERE type = 'progress'"
        assert {float(row[0]) for row in database.execute(shown)} == {100.0}
        tags = "SELECT tags FROM flow_run WHERE name LIKE 'export-%' ORDER BY tags"
        (first, second) = [json.loads(row[0]) for row in database.execute(tags)]
        assert [one.partition(":")[0] for one in first] == ["holder", "export"]
        assert {first[0], second[0]} == {"holder:alvdala", "holder:osterskog"}
        names = {row[0] for row in database.execute("SELECT name FROM task_run")}
        assert names <= {f"study-{number}" for number in range(20)}
