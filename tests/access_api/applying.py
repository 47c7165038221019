"""Callers who apply and decide over HTTP; everybody is made up, and new in each test."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from starlette.testclient import TestClient

from tests.catalog.applying import ANNA as NAMED
from tests.catalog.applying import form

Bearer = Callable[..., dict[str, str]]
CANARY = "Kanariefågel"
_NUMBERS = count(1)


def written(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(form().model_dump_json())
    return told | {"intended_use": CANARY} | changes


@dataclass
class Person:
    """A caller; `ask` names the version that was answered last of an application."""

    client: TestClient
    header: dict[str, str]
    name: str

    def ask(self, method: str, path: str, told: Any = None, version: int = 0) -> Any:
        header = self.header | ({"If-Match": f'"{version}"'} if version else {})
        return self.client.request(method, path, json=told, headers=header)

    def draft(self, **changes: Any) -> dict[str, Any]:
        answer = self.ask("POST", "/applications", written(**changes))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        assert answer.headers["location"] == f"/applications/{made['id']}"
        assert answer.headers["etag"] == f'"{made["version"]}"'
        return made

    def does(self, found: dict[str, Any], what: str, told: Any = None) -> dict[str, Any]:
        path = f"/applications/{found['id']}/{what}"
        answer = self.ask("POST", path, told, found["version"])
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made


def person(client: TestClient, bearer: Bearer, *roles: str, name: str = "") -> Person:
    who = name or f"person-{next(_NUMBERS)}"
    return Person(client, bearer(who, *(roles or ("researcher",))), who)


def processed(applicant: Person, assessor: Person, **changes: Any) -> dict[str, Any]:
    found = applicant.does(applicant.draft(**changes), "submission")
    for event in ("screen", "process"):
        found = assessor.does(found, "steps", {"event": event})
    return found


GRANT = {
    "verdict": "GRANTED",
    "justification": "It meets every condition.",
    "terms": {"valid_from": "2026-01-01", "valid_until": "2035-12-31"},
}
REFUSE = {"verdict": "REFUSED", "justification": "It is not necessary."}
__all__ = ["CANARY", "GRANT", "NAMED", "REFUSE", "Person", "person", "processed", "written"]
