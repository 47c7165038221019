"""The door does what its description says, whatever it is asked (schemathesis, all checks)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)
from starlette.testclient import TestClient

from tests.access_api.issuer import Issuer
from tests.access_api.test_access import WHO_MAY, parts_of, role_for
from tests.access_api.world import ANNA, PERMIT_A, World

DESCRIBED = [name for name in WHO_MAY if not re.search("/(docs|openapi|client)", name)]
ASKS_NOTHING = {"GET /health", "GET /audit/anchor", "GET /permits"}
Credentials = Callable[[str], dict[str, str]]
BOUNDED = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="session")
def described(app: FastAPI, client: TestClient) -> Any:
    """Give the hub's description; `client` keeps the application open."""
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.fixture(scope="session")
def credentials(issuer: Issuer) -> Credentials:
    """Give the header of somebody who may go a way."""

    def make(name: str) -> dict[str, str]:
        if name == "POST /token":
            return {}  # a second way to show who one is, is refused
        return {"Authorization": f"Bearer {issuer.token(ANNA, role_for(name), exp=4_000_000_000)}"}

    return make


def asked(operation: Any, mode: GenerationMode, ask: Callable[[Any], None]) -> None:
    """Ask an operation many things: the same ones on every run, so that no run is a lottery."""
    BOUNDED(given(case=operation.as_strategy(generation_mode=mode))(ask))()


def validate(case: Any, credentials: Credentials) -> None:
    """Ask, and run every check; what no description can say of a value is left out of them."""
    header = credentials(name_of(case))
    validate_answer(case.call(headers=header), case, header)


def name_of(case: Any) -> str:
    return f"{case.operation.method.upper()} {case.operation.path}"


def validate_answer(answer: Any, case: Any, header: dict[str, str], *more: Any) -> None:
    """Run every check but those that would need to know what no description says.

    That is which cursors there are, which version an application has by now, how long a URL gets.
    """
    of_a_page = {"cursor", "before"} & {*(case.query or {})}
    of_a_version = answer.status_code in {412, 428}
    left_out = [*more, *([positive_data_acceptance] if of_a_page or of_a_version else [])]
    if answer.status_code in {412, 414}:
        left_out.append(negative_data_rejection)
    case.validate_response(answer, headers=header, excluded_checks=left_out)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, GenerationMode.POSITIVE) for name in DESCRIBED),
        *((name, GenerationMode.NEGATIVE) for name in DESCRIBED if name not in ASKS_NOTHING),
    ],
)
def test_whatever_is_asked_is_answered_as_described(
    described: Any, credentials: Credentials, name: str, mode: GenerationMode
) -> None:
    method, path = name.split()
    asked(described[path][method], mode, lambda case: validate(case, credentials))


@pytest.mark.parametrize("name", [one for one in DESCRIBED if re.match("GET .*{permit}", one)])
def test_inside_a_permit_too(
    described: Any, credentials: Credentials, world: World, name: str
) -> None:
    method, path = name.split()
    real = parts_of(world.of(PERMIT_A), PERMIT_A)

    def ask(case: Any) -> None:
        case.path_parameters |= {part: real[part] for part in case.path_parameters}
        validate(case, credentials)

    asked(described[path][method], GenerationMode.POSITIVE, ask)


def test_the_description_has_every_route(described: Any) -> None:
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in described.get_all_operations()}
    assert found == set(DESCRIBED)


RELEASE = {
    "/releases/{permit}": ("list_released_studies", {"permit": "$request.path.permit"}),
    "/releases/{permit}/studies": (
        "list_released_instances",
        {"permit": "$request.path.permit", "study_uid": "$response.body#/studies/0/study_uid"},
    ),
    "/releases/{permit}/studies/{study_uid}": (
        "download_instance",
        {"permit": "$request.path.permit", "sop_uid": "$response.body#/instances/0/sop_uid"},
    ),
    "/releases/{permit}/instances/{sop_uid}": (
        "show_preview",
        {"permit": "$request.path.permit", "sop_uid": "$request.path.sop_uid"},
    ),
}
PAGES = {
    "/studies": ("search_studies", {"cursor": "$response.body#/next_cursor"}),
    "/audit/lines": ("seen_by", {"person": "$response.body#/lines/0/actor"}),
    "/audit/seen-by": ("seen_by", {"after": "$response.body#/next_after"}),
}
Links = dict[str, tuple[str, dict[str, str]]]


@pytest.mark.parametrize(
    ("links", "reached"),
    [(RELEASE, "/releases/{permit}/instances/{sop_uid}"), (PAGES, "/audit/seen-by")],
)
def test_one_answer_leads_to_the_next(
    app: FastAPI, client: TestClient, credentials: Credentials, links: Links, reached: str
) -> None:
    """Values of an answer are asked in the next call; `client` keeps the application open."""
    linked = schemathesis.openapi.from_asgi("/openapi.json", app)
    for path, (operation, parameters) in links.items():
        link = {"operationId": operation, "parameters": parameters}
        linked.raw_schema["paths"][path]["get"]["responses"]["200"]["links"] = {"next": link}
    linked = linked.include(path=[*links, reached])
    statuses: set[tuple[str, int]] = set()

    class Walk(linked.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            case.headers = credentials(name_of(case))
            if "permit" in case.path_parameters:
                case.path_parameters["permit"] = PERMIT_A

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            statuses.add((case.operation.path, response.status_code))
            # What was wrong with the path, `before_call` has put right.
            validate_answer(response, case, case.headers, negative_data_rejection)

    Walk.run(settings=settings(BOUNDED, max_examples=40, stateful_step_count=6))
    assert (reached, 200) in statuses
