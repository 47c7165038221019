import re
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

OPEN = {"get /health", "post /token"}


def test_the_page_works_offline(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    assert "<script>" not in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = client.get(f"/{asset}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith(("text/css", "text/javascript"))
    assert "SwaggerUIBundle" in client.get("/docs/swagger-ui-bundle.js").text


def test_every_operation_is_described(client: TestClient, app: FastAPI) -> None:
    description = client.get("/openapi.json").json()
    operations = {
        f"{method} {path}": operation
        for path, item in description["paths"].items()
        for method, operation in item.items()
    }
    assert len(operations) == sum(route.include_in_schema for route in app.routes)
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    for path, operation in operations.items():
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        assert ("security" in operation) is (path not in OPEN)
        for status in {401, 403, 422, 503} if path not in OPEN else set():
            assert _problem(operation, status)["example"]["status"] == status
    assert description["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in description["components"]["schemas"]


def _problem(operation: dict[str, Any], status: int) -> Any:
    return operation["responses"][str(status)]["content"]["application/problem+json"]
