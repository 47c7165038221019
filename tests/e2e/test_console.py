"""The region's console on a whole stack: from a source to what became of an examination."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.test_plan import SECONDS, STUDIES, Stack, pacs, stack  # noqa: F401 -- fixtures
from tests.flows.sources.peers import OURS, QRSCP


class Desk:
    """A person at the console, by HTTP."""

    def __init__(self, port: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        base = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=base, headers=headers, timeout=60)

    def done(self, path: str, told: Any = None) -> Any:
        asked = self.client.post(path, json=told) if told else self.client.post(path)
        assert asked.status_code == 202, asked.text
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = self.client.get(asked.headers["location"], params={"wait": 20}).json()
            if found["state"] not in {"ASKED", "TAKEN"}:
                assert found["state"] == "DONE", found
                return found["answer"]
        pytest.fail(f"no answer: {path}")


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Iterator[Desk]:  # noqa: F811
    stack.mammo("catalog", "add-holder", "prov", "Provsjukhuset", "--region", "norr")
    made = Desk(stack.base + 4, stack.mammo("console", "token", "add", "eva").split()[-1])
    with made.client:
        yield made


def test_an_administrator_brings_studies_in_by_http_alone(
    desk: Desk,
    stack: Stack,  # noqa: F811
    pacs: int,  # noqa: F811
) -> None:
    told = {"kind": "DICOM", "ae_title": QRSCP, "host": "127.0.0.1", "port": pacs}
    definition = {**told, "our_ae_title": OURS, "retrieve": "get"}
    desk.done("/sources", {"name": "pacs", "definition": definition})
    assert desk.done("/sources/pacs/test")["ok"] is True
    plan = {"selection": {"first": "2023-03-01", "last": "2023-03-31"}, "limits": {"days": 366}}
    found = desk.done("/previews", {"source": "pacs", "plan": plan})
    assert found["studies"] == STUDIES
    decision = {
        "reference": "D-1",
        "legal_basis": "EHDS Article 60",
        "purpose": "test",
        "controller": "Prov",
        "valid_until": (datetime.now(UTC) + timedelta(9)).date().isoformat(),
        "protection_source": "FILTERED_EXPORT",
    }
    said = desk.done(
        "/plans", {"holder": "prov", "source": "pacs", "plan": plan, "decision": decision}
    )
    assert set(said) == {"plan"}  # the schedules were made at once
    number = said["plan"]
    begun = desk.done(f"/plans/{number}/run")
    assert begun["run"]
    assert _finished(desk, number)["export"]["files"] == {"ADMITTED": 2 * STUDIES}
    traced = desk.done("/traces", {"accession": "ACC1"})
    assert [one["outcome"] for one in traced["files"]] == ["ADMITTED"] * 2
    assert all(one["clean_sop_uid"].startswith("2.25.") for one in traced["files"])
    assert [one["state"] for one in traced["studies"]] == ["SETTLED"]
    calls = stack.mammo("console", "calls")
    assert "POST /traces" in calls
    assert "ACC1" not in calls
    for path in [*(stack.state / "log").iterdir(), *(stack.state / "region").glob("ledger*")]:
        assert b"ACC1" not in path.read_bytes(), path.name


def _finished(desk: Desk, plan: str) -> Any:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        told = desk.client.get(f"/plans/{plan}").json()
        if told["windows"] and told["windows"][0]["state"] == "DONE":
            return told["windows"][0]
        time.sleep(2)
    pytest.fail(f"the plan did not end: {told}")
