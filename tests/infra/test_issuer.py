import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from infra import issuer
from infra.environment import AUDIENCE, ISSUER
from infra.errors import IssuerError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    write_env(tmp_path)
    issuer.ensure_key(tmp_path)
    return tmp_path


def write_env(state: Path, environment: str = "development") -> None:
    (state / "api.env").write_text(
        f"# the door\nMAMMO_API_ENVIRONMENT={environment}\nMAMMO_API_ISSUER={ISSUER}\n"
        f"MAMMO_API_AUDIENCE={AUDIENCE}\nMAMMO_API_JWKS_FILE={state / 'hub' / 'jwks.json'}\n"
    )


def published(state: Path) -> Any:
    return KeySet.import_key_set(json.loads((state / "hub" / "jwks.json").read_text()))


def test_the_door_can_check_a_token_with_the_published_key(state: Path) -> None:
    token = issuer.issue(state, sub="anna", roles=["researcher"], lifetime=timedelta(minutes=5))
    read = jwt.decode(token, published(state), algorithms=["ES256"])
    assert read.header["typ"] == "at+jwt"
    claims = read.claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
    assert (claims["sub"], claims["roles"]) == ("anna", ["researcher"])
    assert 290 < claims["exp"] - time.time() <= 300


def test_a_changed_token_is_not_believed(state: Path) -> None:
    head, body, signature = issuer.issue(state, sub="anna", roles=[]).split(".")
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{body[:-2]}AA.{signature}", published(state), algorithms=["ES256"])


def test_only_the_public_half_is_published(state: Path) -> None:
    (key,) = json.loads((state / "hub" / "jwks.json").read_text())["keys"]
    assert "d" not in key
    assert key["use"] == "sig"
    assert (state / "secrets" / "issuer.pem").stat().st_mode & 0o177 == 0


def test_the_key_stays_the_same_key(state: Path) -> None:
    before = (state / "hub" / "jwks.json").read_text()
    issuer.ensure_key(state)
    assert (state / "hub" / "jwks.json").read_text() == before


@pytest.mark.parametrize("environment", ["production", "Development", ""])
def test_it_refuses_everywhere_but_in_development(state: Path, environment: str) -> None:
    write_env(state, environment)
    with pytest.raises(IssuerError, match="ENVIRONMENT=development"):
        issuer.issue(state, sub="anna", roles=["researcher"])


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), timedelta(hours=13)])
def test_no_token_lives_for_ever(state: Path, lifetime: timedelta) -> None:
    with pytest.raises(IssuerError, match="twelve hours"):
        issuer.issue(state, sub="anna", roles=[], lifetime=lifetime)


def test_before_the_stack_was_up_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(IssuerError, match="mammo up"):
        issuer.issue(tmp_path, sub="anna", roles=[])


def test_a_key_that_others_can_read_is_not_used(state: Path) -> None:
    (state / "secrets" / "issuer.pem").chmod(0o640)
    with pytest.raises(IssuerError, match="read by others"):
        issuer.issue(state, sub="anna", roles=[])


def test_a_damaged_key_is_not_replaced_in_silence(state: Path) -> None:
    (state / "secrets" / "issuer.pem").write_text("not a key")
    with pytest.raises(IssuerError, match="damaged"):
        issuer.issue(state, sub="anna", roles=[])
