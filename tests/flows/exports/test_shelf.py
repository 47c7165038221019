"""Exports that are put into a watched folder come in once, whole, by the plan's decision."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.plans.records import KnownSource, Plan, PlanState
from flows.cli import plan_lines
from flows.deidentifier import Deidentifier
from flows.errors import ExportRefusedError, PlanError, SourceAwayError, StudyError
from flows.exports import planning, shelf
from flows.exports.content import content_of, read_content
from flows.exports.index import NO_STUDY, enroll
from flows.exports.shelf import Shelf, look_through
from flows.ingest import shelves
from flows.sources.definition import FolderSource, describe
from flows.sources.folder.exports import ExportFolder
from flows.sources.landing import Landing
from flows.sources.opening import open_folder, prove, to_enter
from flows.walk.study import StudyRun, settle
from flows.wiring import RegionParts
from tests.flows.conftest import DECISION, decision
from tests.flows.making import counts, four_views, put
from tests.flows.sources.peers import Go
from tests.objects import INSTANCE, mammogram, part10

EVERYTHING = {"selection": {"everything": True}}


def other(number: int) -> bytes:
    """An image of another study."""
    uids = {"StudyInstanceUID": f"{INSTANCE}.9.{number}", "SeriesInstanceUID": f"{INSTANCE}.8"}
    return part10(mammogram(SOPInstanceUID=f"{INSTANCE}.7.{number}", **uids))


class Region:
    """A region with a folder that exports are put into, each complete when `done` is there."""

    def __init__(self, parts: RegionParts, loaded: Deidentifier, root: Path) -> None:
        self.parts, self.root, self._loaded = parts, root, loaded
        told = {"kind": "FOLDER", "path": str(root), "marker": "done"}
        self.known: KnownSource = describe("export", told)
        self.plan = Plan(
            "p-1", "prov", "export", DECISION, read_content(EVERYTHING).model_dump_json(),
            PlanState.ACTIVE, "Eva",
        )  # fmt: skip
        self.ingested: list[str] = []
        self.told: list[dict[str, Any]] = []

    def add(self, name: str, *files: bytes) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        put(folder, *files)
        (folder / "done").touch()
        return folder

    def ingest(self, export_id: str) -> None:
        """Walk an export as the ingest flow does, without Prefect."""
        export = self.parts.ledger.export(export_id)
        landing = self.parts.landing / export.id
        limit = self.parts.expansion_limit
        enroll(self.parts.ledger, export, landing, limit=limit, run="run")
        for ordinal in sorted({NO_STUDY, *self.parts.ledger.studies(export.id)}):
            settle(StudyRun(self.parts, self._loaded, export, ordinal, "norr", "run", None))
        self.ingested.append(export_id)

    def run(self, stop: Any = None) -> str:
        return shelves.from_folder(self.parts, self.plan, self.known, stop or Go())


@pytest.fixture
def watched(
    region: RegionParts, deidentify_with: Deidentifier, tmp_path: Path, monkeypatch: Any
) -> Region:
    root = tmp_path / "share"
    root.mkdir()
    made = Region(region, deidentify_with, root)
    monkeypatch.setattr(shelves, "ingest", made.ingest)
    monkeypatch.setattr(shelves, "create_table_artifact", lambda **told: made.told.append(told))
    return made


def test_every_complete_export_comes_in_once(watched: Region) -> None:
    watched.add("Provström Åsa", *four_views())
    watched.add("second", other(1))
    (watched.root / "third").mkdir()
    put(watched.root / "third", other(2))
    assert watched.run() == (
        "exports in the folder: 2 taken, 1 not complete yet (its marker is not there)"
    )
    assert {row["exports"] for row in watched.told[0]["table"]} == {1, 2}
    assert "Prov" not in str(watched.told)
    tallies = [counts(watched.parts.ledger.tally(one)) for one in watched.ingested]
    assert [tally["ADMITTED"] for tally in tallies] == [4, 1]
    (watched.root / "third" / "done").touch()
    assert watched.run() == "exports in the folder: 2 came in before, 1 taken"
    assert watched.run() == "exports in the folder: 3 came in before"
    assert len(watched.ingested) == 3


def test_what_changed_after_it_came_in_is_told(watched: Region) -> None:
    folder = watched.add("first", other(1))
    watched.run()
    put(folder, other(2), start=2)
    assert watched.run() == f"exports in the folder: 1 {shelf.CHANGED}"
    assert len(watched.ingested) == 1


def test_what_a_crash_left_is_finished_first(watched: Region, monkeypatch: Any) -> None:
    watched.add("first", other(1))
    (begun,) = Shelf(watched.parts, watched.plan, open_folder(watched.known), Go()).take()
    assert watched.ingested == []
    watched.add("a new one", other(2))
    assert watched.run() == "exports in the folder: 1 begun, and not finished, 1 taken"
    assert watched.ingested[0] == begun
    assert len(watched.ingested) == 2


def test_it_stops_between_exports(watched: Region) -> None:
    watched.add("first", other(1))
    watched.add("second", other(2))
    stop = Go(after=2)
    assert watched.run(stop) == "the window ends"
    assert len(watched.ingested) < 2
    watched.run()
    assert len(watched.ingested) == 2


def test_what_a_dicomdir_lists_and_is_not_there_is_unavailable(
    watched: Region, tmp_path: Path
) -> None:
    from tests.flows.sources.test_folder import on_media

    disc = on_media(tmp_path / "disc")
    first = next(
        path for path in sorted(disc.rglob("*")) if path.is_file() and path.name != "DICOMDIR"
    )
    first.unlink()
    (disc / "done").touch()
    shutil.move(disc, watched.root / "disc")
    told = watched.run()
    assert "1 taken (of 4 files that a DICOMDIR lists, 1 are not there)" in told
    tally = watched.parts.ledger.tally(watched.ingested[0])
    assert tally.claimed == 4
    assert counts(tally)["UNAVAILABLE"] == 1


def test_a_failed_export_keeps_no_other_out(watched: Region, monkeypatch: Any) -> None:
    watched.add("first", other(1))
    watched.add("second", other(2))
    ingest, failing = watched.ingest, [True]

    def sometimes(export_id: str) -> None:
        if failing:
            failing.pop()
            raise StudyError
        ingest(export_id)

    monkeypatch.setattr(shelves, "ingest", sometimes)
    with pytest.raises(StudyError, match="1 exports could not be finished"):
        watched.run()
    assert len(watched.ingested) == 1
    watched.run()
    assert len(watched.ingested) == 2


def test_a_share_that_goes_away_ends_no_file(
    watched: Region, deidentify_with: Deidentifier
) -> None:
    folder = watched.add("first", *four_views())
    (export_id,) = Shelf(watched.parts, watched.plan, open_folder(watched.known), Go()).take()
    export, ledger = watched.parts.ledger.export(export_id), watched.parts.ledger
    enroll(ledger, export, watched.parts.landing / export_id, limit=1 << 30, run="run")
    away = folder.rename(watched.root.parent / "away")
    with pytest.raises(SourceAwayError, match="mounted"):
        settle(StudyRun(watched.parts, deidentify_with, export, 1, "norr", "run", None))
    assert not any(ledger.progress(export_id).counts.values())
    watched.root.rmdir()
    with pytest.raises(SourceAwayError, match="mounted"):
        watched.run()
    watched.root.mkdir()
    away.rename(folder)
    watched.run()
    assert counts(ledger.tally(export_id))["ADMITTED"] == 4


def test_a_decision_that_is_over_takes_nothing(watched: Region) -> None:
    watched.add("first", other(1))
    over = decision(valid_until=datetime.now(UTC).date() - timedelta(days=1))
    there = open_folder(watched.known)
    plan = Plan("p-1", "prov", "export", over, watched.plan.content, PlanState.ACTIVE, "Eva")
    with pytest.raises(ExportRefusedError):
        list(Shelf(watched.parts, plan, there, Go()).take())
    assert watched.parts.ledger.exports() == ()


def test_a_preview_counts_and_takes_nothing(watched: Region) -> None:
    watched.add("Provström Åsa", other(1))
    watched.run()
    watched.add("second", other(2), b"foreign")
    (watched.root / "third").mkdir()
    rows = look_through(watched.parts.ledger, open_folder(watched.known))
    assert {word: (row.exports, row.files) for word, row in rows.items()} == {
        "came in before": (1, 2),
        "complete": (1, 3),
        "not complete yet: its marker is not there": (1, 0),
    }
    lines = list(plan_lines.folder_lines(watched.parts, open_folder(watched.known)))
    assert lines[-1] == "nothing was moved"
    assert not [line for line in lines if "Prov" in line or "second" in line]
    assert len(watched.parts.ledger.exports()) == 1


def test_a_folder_and_a_pacs_are_planned_differently(
    watched: Region, tmp_path: Path, decided: Callable[[], Path]
) -> None:
    plans = watched.parts.ledger.plans
    plans.set_source(watched.known)
    plans.set_source(describe("web", {"kind": "DICOMWEB", "url": "https://pacs.example/web"}))
    days = read_content({"selection": {"first": "2026-01-01"}})
    everything = read_content(EVERYTHING)
    for source, content, wrong in (
        ("export", days, "taken whole"),
        ("web", everything, "only folders"),
    ):
        with pytest.raises(PlanError, match=wrong):
            planning.enter(watched.parts, "prov", source, content, decision=decided(), who="Eva")
    for source, content in (("export", everything), ("web", days)):
        kept = planning.enter(watched.parts, "prov", source, content, decision=decided(), who="Eva")
        assert content_of(plans.get(kept.id).content) == content
    with pytest.raises(PlanError, match="nothing besides"):
        read_content({"selection": {"everything": True, "first": "2026-01-01"}})


@pytest.fixture
def decided(tmp_path: Path) -> Callable[[], Path]:
    def write() -> Path:
        path = tmp_path / "decision.toml"
        until = datetime.now(UTC).date() + timedelta(days=1)
        path.write_text(
            'reference = "D-1"\nlegal_basis = "EHDS 60"\npurpose = "test"\ncontroller = "P"\n'
            f"valid_until = {until}\n"
        )
        return path

    return write


def test_a_folder_is_tried_and_told(watched: Region) -> None:
    watched.add("Provström Åsa", other(1))
    steps = list(prove(watched.known, Landing(watched.parts.landing)))
    assert all(step.ok for step in steps)
    assert not [step for step in steps if "Prov" in step.told]
    assert any("archive.zip.done" in line for line in to_enter(watched.known))
    assert ExportFolder(FolderSource(path=watched.root)).paths()
