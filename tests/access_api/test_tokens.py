import hmac
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from access_api.errors import AuthenticationError, KeysError
from access_api.settings import DEVELOPMENT_ISSUER, DoorSettings
from access_api.tokens import Role, Verifier
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "jwks.json")


def settings(keys: Issuer | None = None, /, **other: Any) -> DoorSettings:
    values: dict[str, Any] = {
        "environment": "production",
        "catalogue_url": "sqlite://",
        "s3_endpoint": "127.0.0.1:1",
        "s3_access_key": "key",
        "s3_secret_key": "secret",
        "clean_bucket": "clean",
        "releases_bucket": "releases",
        "jwks_file": keys and keys.path,
        "issuer": ISSUER,
        "audience": AUDIENCE,
    }
    return DoorSettings(**values | other)


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(settings(issuer))


def test_a_good_token(issuer: Issuer, verifier: Verifier) -> None:
    caller = verifier.verify(issuer.token("anna", "researcher", "admin"))
    assert caller.subject == "anna"
    assert caller.roles == {Role.RESEARCHER}
    assert "anna" not in repr(caller)


NOW = int(time.time())  # of the collection: the whole run may take many minutes


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"iss": DEVELOPMENT_ISSUER},
        {"aud": "urn:other"},
        {"aud": None},
        {"aud": []},
        {"exp": NOW - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW + 86_400},
        {"iat": NOW + 86_400},
        {"iat": None},
        {"sub": "spe-norr"},
        {"cnf": {"jkt": "x"}},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"roles": None},
        {"roles": "researcher"},
        {"roles": [["researcher"]]},
    ],
)
def test_refused_claims(issuer: Issuer, verifier: Verifier, claims: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify(issuer.token(**claims))


@pytest.mark.parametrize("seconds", [{"exp": -5}, {"nbf": 20}, {}])
def test_allowed_claims(issuer: Issuer, verifier: Verifier, seconds: dict[str, int]) -> None:
    now = int(time.time())  # of this test: the whole run may take longer than the leeway
    claims = {name: now + later for name, later in seconds.items()}
    token = issuer.token(**claims, aud=["x", AUDIENCE])
    assert verifier.verify(token).subject == "anna"


def _head_and_claims(issuer: Issuer, algorithm: str) -> str:
    head = {"alg": algorithm, "kid": issuer.key.kid}
    parts = (head, issuer.claims("anna", "researcher"))
    return ".".join(Issuer.part(json.dumps(part).encode()) for part in parts)


def _unsigned(issuer: Issuer) -> str:
    return _head_and_claims(issuer, "none") + "."


def _symmetric(issuer: Issuer) -> str:
    """The public key used as an HMAC secret: the classic confusion of algorithms."""
    signed = _head_and_claims(issuer, "HS256")
    secret = issuer.key.as_pem(private=False)
    return f"{signed}.{Issuer.part(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _with_own_key(issuer: Issuer) -> str:
    own = ECKey.generate_key("P-256")
    claims = issuer.claims("anna", "researcher")
    return issuer.sign(claims, key=own, jwk=own.as_dict(private=False), kid=None)


FORGERIES = {
    "unsigned": _unsigned,
    "public key as secret": _symmetric,
    "another key, same kid": lambda i: i.sign(i.claims("a", "researcher"), key=Issuer(i.path).key),
    "an ID token": lambda i: i.sign(i.claims("a", "researcher"), typ="JWT"),
    "no type": lambda i: i.sign(i.claims("a", "researcher"), typ=""),
    "unknown kid": lambda i: i.sign(i.claims("a", "researcher"), kid="k2"),
    "kid is no text": lambda i: i.sign(i.claims("a", "researcher"), kid="../../etc/passwd"),
    "own key in the header": _with_own_key,
    "signature changed": lambda i: i.token()[:-8] + "AAAAAAAA",
    "no token": lambda _: "x",
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "not ascii": lambda _: "å.ä.ö",
    "too long": lambda i: i.token("anna", "researcher", filler="x" * 9000),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_forgeries(tmp_path: Path, issuer: Issuer, verifier: Verifier, forge: Any) -> None:
    known = issuer.path.read_text()
    token = forge(issuer)
    issuer.path.write_text(known)
    with pytest.raises(AuthenticationError):
        verifier.verify(token)


def test_changed_payload(issuer: Issuer, verifier: Verifier) -> None:
    head, _, signature = issuer.token("anna", "researcher").split(".")
    _, payload, _ = issuer.token("eve", "researcher").split(".")
    with pytest.raises(AuthenticationError):
        verifier.verify(f"{head}.{payload}.{signature}")


def test_keys_are_read_again_when_the_file_changes(issuer: Issuer, verifier: Verifier) -> None:
    before = issuer.token()
    verifier.verify(before)
    old, issuer.key = issuer.key, ECKey.generate_key("P-256", {"kid": "k2"})
    issuer.publish(issuer.key)
    os.utime(issuer.path, ns=(1, 1))
    assert verifier.verify(issuer.token()).subject == "anna"
    with pytest.raises(AuthenticationError):
        verifier.verify(before)
    issuer.publish(old, issuer.key)
    os.utime(issuer.path, ns=(2, 2))
    verifier.verify(before)


def _break(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


def key_set(*keys: Any) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def weak_key() -> Any:
    with pytest.warns(SecurityWarning):
        return RSAKey.generate_key(1024)


UNFIT = {
    "weak": key_set(weak_key()),
    "to encrypt": key_set(ECKey.generate_key("P-256", {"use": "enc"})),
    "to agree": key_set(ECKey.generate_key("P-256", {"key_ops": ["deriveBits"]})),
    "other curve": key_set(ECKey.generate_key("P-521")),
    "symmetric": json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}]}),
    "many": json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)] * 65}),
    **{name: name for name in ("", "{", "[]", "{}", '{"keys": []}', '{"keys": [1]}', "[" * 9999)},
    "gone": None,
}


@pytest.mark.parametrize("text", UNFIT.values(), ids=[name[:12] for name in UNFIT])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_broken_keys_open_nothing(issuer: Issuer, verifier: Verifier, text: str | None) -> None:
    token = issuer.token()
    verifier.verify(token)
    _break(issuer.path, text)
    with pytest.raises(KeysError):
        verifier.verify(token)


def test_a_private_key_in_the_file_opens_nothing(issuer: Issuer, verifier: Verifier) -> None:
    issuer.publish(issuer.key, private=True)
    with pytest.raises(KeysError):
        verifier.verify(issuer.token())


def test_development_issuer_only_in_development(issuer: Issuer) -> None:
    with pytest.raises(ValidationError):
        settings(issuer, issuer=DEVELOPMENT_ISSUER)
    allowed = Verifier(settings(issuer, issuer=DEVELOPMENT_ISSUER, environment="development"))
    assert allowed.verify(issuer.token(iss=DEVELOPMENT_ISSUER)).subject == "anna"
    smuggled = settings(issuer).model_copy(update={"issuer": DEVELOPMENT_ISSUER})
    with pytest.raises(KeysError):
        Verifier(smuggled)
