"""The intake does what its description says, whoever signs whatever (schemathesis, all checks)."""

import base64
import hashlib
import io
import secrets
import time
from typing import Any

import pytest
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from access_api.doorstep import open_log
from access_api.intake.app import create_app
from access_api.intake.settings import IntakeSettings
from catalog.arrivals import regions
from catalog.database import connect
from catalog.holders import add_holder, add_region
from catalog.records import Holder, Region
from tests.access_api.test_surface import asked
from tests.intake.caller import COMPONENTS, digest
from tests.intake.conftest import BUCKET, s3_bucket

AUTHORITY = "intake.test"
SIGNED_FOR = {"signature", "signature-input", "content-digest"}


class Signing:
    """ASGI middleware that signs whatever comes, as a region would that says nothing sensible."""

    def __init__(self, app: Any, key: Ed25519PrivateKey) -> None:
        self.app, self.key = app, key
        self.name = regions.key_id(key.public_key().public_bytes_raw())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        message = await receive()
        headers = [one for one in scope["headers"] if one[0].decode("latin-1") not in SIGNED_FOR]
        signed = {**scope, "headers": headers + self.signature(scope, message.get("body", b""))}
        messages = iter([message])

        async def again() -> Any:
            return next(messages, None) or await receive()

        await self.app(signed, again, send)

    def signature(self, scope: Any, body: bytes) -> list[tuple[bytes, bytes]]:
        said = digest(body)
        params = (
            f'{COMPONENTS};created={int(time.time())};nonce="{secrets.token_urlsafe(18)}"'
            f';keyid="{self.name}";alg="ed25519";tag="mammo-intake"'
        )
        base = (
            f'"@method": {scope["method"]}\n"@authority": {AUTHORITY}\n'
            f'"@path": {scope["raw_path"].decode("latin-1")}\n'
            f'"@query": ?{scope["query_string"].decode("latin-1")}\n'
            f'"content-digest": {said}\n"@signature-params": {params}'
        )
        mark = base64.b64encode(self.key.sign(base.encode("latin-1"))).decode()
        pairs = {"content-digest": said, "signature-input": f"mammo={params}"}
        pairs["signature"] = f"mammo=:{mark}:"
        return [(name.encode(), value.encode()) for name, value in pairs.items()]


@pytest.fixture(scope="module")
def described(s3: Any, sqlite_databases: Any) -> Any:
    url, key = sqlite_databases("catalogue"), Ed25519PrivateKey.generate()
    engine = connect(url)
    add_region(engine, Region("norr", "Region Norr"))
    add_holder(engine, Holder("prov", "norr", "Provsjukhuset"))
    regions.add_key(engine, "norr", key.public_key().public_bytes_raw(), who="operator")
    engine.dispose()
    who = s3.credentials["admin"]
    chosen = IntakeSettings(
        authority=AUTHORITY,
        catalogue_url=SecretStr(url),
        s3_endpoint=s3.endpoint,
        s3_secure=False,
        s3_access_key=SecretStr(who.access_key),
        s3_secret_key=SecretStr(who.secret_key),
        arrivals_bucket=BUCKET,
        requests_a_second=10_000,
        burst=10_000,
    )
    with s3_bucket(s3):
        app = create_app(chosen, log=open_log(io.StringIO()))
        with TestClient(app):
            yield schemathesis.openapi.from_asgi("/openapi.json", Signing(app, key))


OPERATIONS = {
    "GET /health",
    "PUT /objects/{holder}/{sha256}",
    "HEAD /objects/{holder}/{sha256}",
    "POST /arrivals",
    "GET /arrivals/{arrival}",
    "GET /holders/{holder}",
    *(f"POST /{name}" for name in ("standing", "contradiction", "published-as", "tallies")),
    *(f"POST /{name}" for name in ("holds", "opt-outs", "instance-holds", "merges")),
    *("GET /orders", "POST /orders/answers", "POST /erasures"),
}
SAY_LESS = {
    "PUT /objects/{holder}/{sha256}",
    *(f"POST /{name}" for name in ("arrivals", "contradiction", "merges", "tallies")),
    "POST /orders/answers",
}
"""Where no description can say what is taken: digests, sums, that 7 is not written 7.0, and that a
refusal has a ground."""


def validate(case: Any) -> None:
    answer = case.call()
    left_out = [negative_data_rejection] if answer.status_code == 414 else []
    name = f"{case.operation.method.upper()} {case.operation.path}"
    if name in SAY_LESS or answer.status_code == 409:
        left_out += [positive_data_acceptance]
    case.validate_response(answer, excluded_checks=left_out)
    assert answer.status_code < 500


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_whatever_is_signed_is_answered_as_described(
    described: Any, name: str, mode: GenerationMode
) -> None:
    method, path = name.split()
    if mode is GenerationMode.NEGATIVE and name == "GET /health":
        return  # it asks nothing
    asked(described[path][method], mode, validate)


def test_the_description_has_every_route(described: Any) -> None:
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in described.get_all_operations()}
    assert found == OPERATIONS


def test_who_signs_enters(described: Any) -> None:
    """Or else all that is asked above is told 401."""
    case = described["/holders/{holder}"]["GET"].Case(path_parameters={"holder": "prov"})
    assert case.call().json()["name"] == "Provsjukhuset"
    body = b"bytes"
    sha256 = hashlib.sha256(body).hexdigest()
    path = {"holder": "prov", "sha256": sha256}
    kept = described["/objects/{holder}/{sha256}"]["PUT"].Case(
        path_parameters=path, body=body, media_type="application/octet-stream"
    )
    assert kept.call().json() == {"size": 5}
