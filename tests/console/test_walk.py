"""A PACS's administrator at the console, step by step, by HTTP alone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.errands import visits
from catalog.errands.records import ErrandState
from catalog.ledgers.records import Ending, NewItem, Original
from catalog.ledgers.records import Export as RegisteredExport
from catalog.outcome import Outcome
from catalog.plans.records import Announced, Window
from catalog.records import DisclosureDecision
from catalog.vocabulary import ProtectionSource
from tests.console.conftest import Side, decision
from tests.console.running import EVA, Console
from tests.flows.sources.conftest import Hospital
from tests.flows.sources.peers import HOST, OURS, QRSCP

ACCESSION = "SEPROV0000000042"
PLAN: dict[str, Any] = {
    "selection": {"first": "2026-01-01", "last": "2026-01-31"},
    "limits": {"settling_days": 0, "days": 366},
    "schedule": {"cron": ""},
}


@pytest.fixture(scope="module")
def source(answered: Console, hospital: Hospital) -> str:
    told = {"kind": "DICOM", "ae_title": QRSCP, "host": HOST, "port": hospital.pacs.port}
    definition = {**told, "our_ae_title": OURS, "retrieve": "get"}
    said = answered.done("/sources", {"name": "pacs", "definition": definition})
    assert said == {"source": "pacs", "kind": "DICOM", "new": True}
    return "pacs"


@pytest.fixture(scope="module")
def plan(answered: Console, source: str) -> str:
    told = {"holder": "prov", "source": source, "plan": PLAN, "decision": decision()}
    said = answered.done("/plans", told)
    assert "schedules follow" in said["note"]  # this test has no Prefect server
    return str(said["plan"])


def test_a_source_is_there_and_proven(answered: Console, source: str) -> None:
    assert [one["name"] for one in answered.get("/sources")] == ["pacs"]
    said = answered.done(f"/sources/{source}/test")
    assert said["ok"] is True
    assert [step["name"] for step in said["steps"]][:2] == ["echo", "query"]
    assert any(OURS in line for line in said["enter"])


def test_a_preview_counts_and_estimates_and_moves_nothing(
    answered: Console, source: str, side: Side
) -> None:
    said = answered.done("/previews", {"source": source, "plan": PLAN})
    assert said["studies"] == sum(said["by_month"].values()) == 4
    assert said["days"] == ["2026-01-01", "2026-01-31"]
    assert said["bytes"] > 0
    assert said["seconds"] > 0
    assert not list(side.landing.rglob("*.dcm"))


def test_a_plan_is_entered_shown_paused_resumed_and_cancelled(answered: Console, plan: str) -> None:
    (shown,) = [one for one in answered.get("/plans") if one["id"] == plan]
    assert (shown["holder"], shown["source"], shown["who"]) == ("prov", "pacs", EVA)
    for word, state in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("cancel", "CANCELLED")):
        assert answered.done(f"/plans/{plan}/{word}")["state"] == state
        assert answered.get(f"/plans/{plan}")["plan"]["state"] == state
    assert "as it stands" in answered.refused(f"/plans/{plan}/resume")
    assert "resume it first" in answered.refused(f"/plans/{plan}/run")
    assert "no such plan" in answered.refused("/plans/p-00000000/run")


def test_a_plan_s_progress_is_shown(answered: Console, side: Side, source: str) -> None:
    told = {"holder": "prov", "source": source, "plan": PLAN, "decision": decision()}
    plan = answered.done("/plans", told)["plan"]
    days = (datetime(2026, 1, 1, tzinfo=UTC).date(), datetime(2026, 1, 31, tzinfo=UTC).date())
    side.ledger.plans.add_windows(plan, [days])
    (window,) = side.ledger.plans.windows(plan)
    registered(side, "20260101-00000001", window)
    (shown,) = answered.get(f"/plans/{plan}")["windows"]
    assert shown["state"] == "BEGUN"
    assert shown["export"]["files"] == {"PENDING": 1}
    assert answered.get("/exports/20260101-00000001") == shown["export"]
    assert answered.get("/exports")[0]["id"] == "20260101-00000001"
    (lag,) = answered.get("/work")
    assert (lag["holder"], lag["source"], lag["windows"]) == ("prov", "pacs", {"BEGUN": 1})


def test_the_region_is_stopped_and_goes_on(answered: Console, side: Side) -> None:
    assert answered.done("/stop") == {"stopped": True}
    assert (side.landing / "STOP").exists()
    assert answered.done("/go") == {"stopped": False}
    assert not (side.landing / "STOP").exists()


def test_an_examination_is_traced_by_its_accession_number_which_is_written_nowhere(
    answered: Console, side: Side
) -> None:
    (item,) = registered(side, "20260101-00000002")
    original = Original("1.2.3.4", "1.2.3.4.5", ACCESSION)
    side.ledger.record(
        Ending(item, Outcome.ADMITTED, "", original=original, clean_sop_uid="2.25.7"), run="r"
    )
    side.ledger.announced.announce("20260101-00000002", [Announced("1.2.3.4", ACCESSION)])
    asked = answered.ask("/traces", {"accession": ACCESSION})
    (waits,) = asked["answer"]["studies"]
    assert set(waits) == {"export_id", "ordinal", "state", "claimed", "why", "changed_at"}
    (found,) = asked["answer"]["files"]
    assert (found["outcome"], found["clean_sop_uid"], found["number"]) == ("ADMITTED", "2.25.7", 1)
    assert answered.done("/traces", {"accession": "SEPROV0000000043"})["files"] == []
    assert "sealed" not in asked
    for written in (side.written(), answered.log.read_bytes(), json.dumps(asked).encode()):
        assert b"SEPROV" not in written
        assert b"1.2.3.4" not in written
    assert b"SEPROV" not in (side.folder / "worker.log").read_bytes()


def test_somebody_else_s_answer_is_not_there(answered: Console) -> None:
    asked = answered.ask("/traces", {"accession": ACCESSION})
    with answered.client("karin.provberg") as other:
        assert other.get(f"/errands/{asked['id']}").status_code == 404
        (listed,) = [one for one in other.get("/errands").json() if one["id"] == asked["id"]]
    assert (listed["who"], listed["kind"], listed["answer"]) == (EVA, "TRACE", None)


def test_every_call_is_written_down(answered: Console, side: Side) -> None:
    asked = answered.ask("/go")
    found = [one for _, one in visits.visits(side.engine) if one.errand == asked["id"]]
    assert [(one.who, one.action, one.outcome) for one in found] == [(EVA, "POST /go", "202")]
    assert len(found[0].request) == 16
    assert found[0].request.encode() in answered.log.read_bytes()


def test_what_ended_is_no_longer_there_to_be_opened(answered: Console, side: Side) -> None:
    asked = answered.ask("/traces", {"accession": ACCESSION})
    assert side.ledger.errands.get(asked["id"]).state is ErrandState.DONE
    with side.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM errand WHERE ended_at IS NOT NULL")
        assert {row[0] for row in rows} == {None}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"kind": "DICOM"}, "ae_title"),
        ({"kind": "PAPER"}, "not described right"),
        ({"kind": "FOLDER", "path": "/"}, "CONSOLE_FOLDERS"),
        ({"kind": "DICOMWEB", "url": "https://x.example", "token_file": "/etc/passwd"}, "FOLDERS"),
    ],
)
def test_what_is_no_source_is_refused_with_the_reason(
    answered: Console, told: dict[str, str], why: str
) -> None:
    assert why in answered.refused("/sources", {"name": "odd", "definition": told})


def test_a_token_goes_to_its_own_host_only(answered: Console, side: Side) -> None:
    for host in ("pacs.example", "other.example"):
        (side.sources / host).mkdir(exist_ok=True)
    (side.sources / "pacs.example" / "token").write_text("t")
    told = {"kind": "DICOMWEB", "token_file": str(side.sources / "pacs.example" / "token")}
    mine, other = ({**told, "url": f"https://{it}/"} for it in ("pacs.example", "other.example"))
    assert "named as the host" in answered.refused("/sources", {"name": "w", "definition": other})
    assert answered.done("/sources", {"name": "w", "definition": mine})["new"] is True
    link = side.sources / "pacs.example" / "link"
    link.symlink_to(side.key_file)
    told = {**mine, "token_file": str(link)}
    assert "CONSOLE_FOLDERS" in answered.refused("/sources", {"name": "w", "definition": told})


def test_a_source_that_is_planned_is_not_pointed_elsewhere(answered: Console, plan: str) -> None:
    told = {"kind": "DICOM", "ae_title": "OTHER", "host": "elsewhere.example"}
    reason = answered.refused("/sources", {"name": "pacs", "definition": told})
    assert "command line" in reason


def registered(side: Side, export_id: str, window: Window | None = None) -> tuple[int, ...]:
    until = datetime.now(UTC).date() + timedelta(9)
    known = DisclosureDecision("D", "EHDS", "test", "Prov", until, ProtectionSource.FILTERED_EXPORT)
    export = RegisteredExport(export_id, "prov", "/x", 1, known)
    if window is None:
        side.ledger.register_export(export)
    else:
        side.ledger.begin_stretch(export, [], window)
    side.ledger.enroll(export_id, [NewItem("a.dcm", 1, 10)])
    return tuple(one.id for one in side.ledger.items(export_id, 1))
