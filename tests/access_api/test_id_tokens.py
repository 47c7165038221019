"""A second provider, that signs in by a browser: its ID tokens are no access tokens."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from access_api.errors import AuthenticationError, Doubt
from access_api.tokens import Verifier
from tests.access_api.test_tokens import settings
from tests.flows.sources.peers import wait_for
from tests.servers import free_ports

BACK = "http://127.0.0.1:9/back"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def id_token(provider: str) -> str:
    """Sign in as Anna, as a browser and its application do."""
    client = {"client_id": "viewer", "redirect_uri": BACK}
    asked = client | {"response_type": "code", "scope": "openid", "nonce": "n1"}
    with httpx.Client(base_url=provider) as browser:
        back = browser.post("/oauth2/authorize", params=asked, data={"sub": "anna"})
        (code,) = parse_qs(urlsplit(back.headers["location"]).query)["code"]
        told = client | {"grant_type": "authorization_code", "code": code}
        answer = browser.post("/oauth2/token", data=told, auth=("viewer", "any"))
    return str(answer.raise_for_status().json()["id_token"])


@pytest.mark.parametrize("plain", [False, True])
def test_an_id_token_is_no_access_token(provider: str, id_token: str, plain: bool) -> None:
    """Its signature holds: discovery and keys are the provider's own."""
    chosen = settings(
        environment="development", issuer=provider, audience="viewer", plain_jwt=plain
    )
    with pytest.raises(AuthenticationError) as caught:
        Verifier(chosen).verify(id_token)
    assert caught.value.reason is (Doubt.ID_TOKEN if plain else Doubt.TYPE)


def test_the_provider_s_own_signature_holds_and_another_s_does_not(
    provider: str, id_token: str
) -> None:
    chosen = settings(environment="development", issuer=provider, audience="viewer")
    head, claims, signature = id_token.split(".")
    changed = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"
    with pytest.raises(AuthenticationError) as caught:
        Verifier(chosen).verify(changed)
    assert caught.value.reason is Doubt.SIGNATURE
