"""Every call is in the ledger, and auditors read it through the door; that is in it, too."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from access_api.app import create_app
from access_api.doorstep import open_log
from access_api.recorder import Recorder
from catalog import audit
from catalog.audit.proof import verify
from catalog.audit.written import read
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import Issuer
from tests.access_api.world import ANNA, BERTIL, PERMIT_A, PERMIT_B, World

Bearer = Callable[..., dict[str, str]]
EVE = "eve-auditor"
Line = tuple[str, str, str, str, str]


@pytest.fixture
def since(world: World) -> Callable[[], list[Line]]:
    """Give what was written since the test began."""
    before = len(list(audit.entries(world.engine)))

    def told() -> list[Line]:
        lines = list(audit.entries(world.engine))[before:]
        return [(one.actor, one.permit_id, one.action, one.object, one.outcome) for one in lines]

    return told


@pytest.fixture
def ask(client: TestClient, bearer: Bearer) -> Callable[..., Any]:
    def asked(path: str, **params: Any) -> Any:
        answer = client.get(f"/audit/{path}", params=params, headers=bearer(EVE, "auditor"))
        assert answer.status_code == 200, answer.text
        return answer

    return asked


def test_each_call_of_somebody_known_is_one_line(
    client: TestClient, bearer: Bearer, world: World, since: Callable[[], list[Line]]
) -> None:
    member, permit = world.of(PERMIT_A), f"/releases/{PERMIT_A}"
    for path in (
        permit,
        f"{permit}/manifest",
        f"{permit}/studies",
        f"{permit}/studies/{member.study}",
        f"{permit}/studies/{member.study}/archive",
        f"{permit}/instances/{member.sop}",
        f"{permit}/instances/{member.sop}/preview",
        "/studies?view=CC&vendor=HOLOGIC&limit=3",
        "/studies?colour=red",
        f"{permit}/instances/nonsense",
        "/releases/~~~/manifest",
        "/audit/lines",
        "/nothing",
    ):
        client.get(path, headers=bearer(ANNA))
    client.get(permit, headers=bearer(BERTIL))
    client.get("/studies")
    template = "/releases/{permit}"
    assert since() == [
        (ANNA, PERMIT_A, "show", "permit", "ALLOWED"),
        (ANNA, PERMIT_A, "manifest", "manifest", "ALLOWED"),
        (ANNA, PERMIT_A, "list", "studies", "ALLOWED"),
        (ANNA, PERMIT_A, "list", member.study, "ALLOWED"),
        (ANNA, PERMIT_A, "archive", member.study, "ALLOWED"),
        (ANNA, PERMIT_A, "download", member.sop, "ALLOWED"),
        (ANNA, PERMIT_A, "preview", member.sop, "ALLOWED"),
        (ANNA, "", "search", "studies?view=CC&vendor=HOLOGIC", "ALLOWED"),
        (ANNA, "", "get", "/studies", "422"),
        (ANNA, PERMIT_A, "get", template + "/instances/{sop_uid}", "404"),
        (ANNA, "", "get", template + "/manifest", "404"),
        (ANNA, "", "get", "/audit/lines", "403"),
        (BERTIL, PERMIT_A, "show", "permit", "not-found"),
    ]
    assert verify(audit.entries(world.engine)).broken is None


def test_a_call_that_cannot_be_recorded_is_not_answered(
    world: World, issuer: Issuer, sqlite_databases: Callable[[str], str], bearer: Bearer
) -> None:
    """The catalogue can be read and not written: search finds studies, and shows none."""
    import sqlite3

    url = sqlite_databases("catalogue")
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    connection.commit()
    connection.close()
    closed = create_app(settings_for(world, issuer, catalogue_url=url), log=open_log(io.StringIO()))
    with TestClient(closed, base_url="http://door.test") as client:
        for path in ("/studies", "/studies?colour=red", "/audit/lines"):
            answer = client.get(path, headers=bearer(ANNA))
            assert answer.status_code == 500
            assert answer.json()["type"] == "urn:mammo:problem:internal"


def test_who_saw_a_study_under_all_permits(
    client: TestClient, bearer: Bearer, world: World, ask: Callable[..., Any]
) -> None:
    mine, theirs = world.of(PERMIT_A), world.of(PERMIT_B)
    client.get(f"/releases/{PERMIT_A}/instances/{mine.sop}", headers=bearer(ANNA))
    client.get(f"/releases/{PERMIT_B}/instances/{theirs.sop}", headers=bearer(BERTIL))
    for name in (mine.study, theirs.study, mine.sop):
        told = ask("who-saw", study=name, limit=1000).json()
        seen = {(line["actor"], line["object"], line["part"]) for line in told["lines"]}
        assert {(ANNA, mine.sop, "study"), (BERTIL, theirs.sop, "study")} <= seen
        assert len(told["study_key"]) == 32


def test_an_unknown_study_is_a_404(client: TestClient, bearer: Bearer) -> None:
    answer = client.get("/audit/who-saw?study=2.25.404", headers=bearer(EVE, "auditor"))
    assert answer.status_code == 404


def test_what_a_person_did_page_by_page(
    client: TestClient, bearer: Bearer, ask: Callable[..., Any]
) -> None:
    for _ in range(3):
        client.get(f"/releases/{PERMIT_A}", headers=bearer("Åsa <'x'>"))
    whole = ask("seen-by", person="Åsa <'x'>").json()
    assert [line["outcome"] for line in whole["lines"]] == ["not-found"] * 3
    assert whole["next_after"] is None
    first = ask("seen-by", person="Åsa <'x'>", limit=2).json()
    rest = ask("seen-by", person="Åsa <'x'>", limit=2, after=first["next_after"]).json()
    assert first["lines"] + rest["lines"] == whole["lines"]
    assert rest["next_after"] is None


def test_lines_by_permit_actor_action_and_day(
    client: TestClient, bearer: Bearer, ask: Callable[..., Any]
) -> None:
    client.get(f"/releases/{PERMIT_A}", headers=bearer(ANNA))
    today = datetime.now(UTC).date()
    wanted = {"permit": PERMIT_A, "actor": ANNA, "action": "show", "since": str(today)}
    found = ask("lines", **wanted).json()["lines"]
    assert found
    assert {(one["permit_id"], one["actor"], one["action"]) for one in found} == {
        (PERMIT_A, ANNA, "show")
    }
    assert ask("lines", since=str(today + timedelta(days=1))).json()["lines"] == []
    assert ask("lines", before=str(today)).json()["lines"] == []


def test_what_is_taken_along_proves_itself(ask: Callable[..., Any]) -> None:
    kept = ask("anchor").json()
    answer = ask("export")
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    lines = list(read(answer.text.splitlines()))
    assert verify(lines).broken is None
    assert (kept["id"], kept["digest"]) in {(line.id, line.digest) for line in lines}
    assert lines[-1].action == "audit-export"
    table = ask("export", format="csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == len(lines) + 1


def test_who_asks_is_in_the_ledger_before_the_answer(
    world: World, ask: Callable[..., Any], since: Callable[[], list[Line]]
) -> None:
    key = ask("who-saw", study=world.of(PERMIT_A).study).json()["study_key"]
    for path, params in (
        ("lines", {}),
        ("export", {}),
        ("anchor", {}),
        ("seen-by", {"person": ANNA}),
    ):
        ask(path, **params)
    assert [line[:1] + line[2:] for line in since()] == [
        (EVE, "who-saw", f"study:{key}", "ALLOWED"),
        (EVE, "audit-list", "lines", "ALLOWED"),
        (EVE, "audit-export", "ledger", "ALLOWED"),
        (EVE, "audit-anchor", "ledger", "ALLOWED"),
        (EVE, "seen-by", f"person:{ANNA}", "ALLOWED"),
    ]


def test_what_fails_unforeseen_is_in_the_ledger_too() -> None:
    written: list[int] = []

    async def broken(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["state"]["caller"] = ANNA
        raise LookupError

    async def nothing(*_told: object) -> Message:
        return {"type": "http.disconnect"}

    recorder = Recorder(broken, known_by="caller", write=lambda _scope, how: written.append(how))
    with pytest.raises(LookupError):
        asyncio.run(recorder({"type": "http", "state": {}}, nothing, nothing))
    assert written == [500]
