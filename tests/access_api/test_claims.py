"""What a token must be and say: algorithms, types, and where its roles are."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.testclient import TestClient

from access_api.app import create_app
from access_api.doorstep import open_log
from access_api.errors import AuthenticationError, Doubt, RolesError
from access_api.identity.keys import ALGORITHMS
from access_api.identity.roles import APART, Role
from access_api.tokens import Verifier
from tests.access_api.conftest import settings_for
from tests.access_api.issuer import AUDIENCE, Issuer
from tests.access_api.test_tokens import settings
from tests.access_api.world import World, log_lines

KEYS = {
    "ES256": ECKey.generate_key("P-256", {"kid": "a"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "b"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "c"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "d", "alg": "PS256"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "e"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "f"}),
}


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    made = Issuer(tmp_path / "jwks.json")
    made.publish(made.key, *KEYS.values())
    return made


def doubt(verifier: Verifier, token: str) -> Doubt:
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(token)
    return caught.value.reason


def test_every_algorithm_of_the_list_has_a_key_here() -> None:
    assert set(KEYS) == set(ALGORITHMS)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", KEYS)
def test_each_algorithm_takes_its_own_kind_of_key(issuer: Issuer, algorithm: str) -> None:
    verifier = Verifier(settings(issuer))
    key = KEYS[algorithm]
    claims = issuer.claims("anna", "researcher")
    token = issuer.sign(claims, key=key, alg=algorithm, kid=key.kid)
    assert verifier.verify(token).subject == "anna"
    for other in KEYS.values():
        if other is not key:
            assert doubt(verifier, issuer.sign(claims, key=key, alg=algorithm, kid=other.kid))


def test_a_key_is_used_for_the_algorithm_that_it_names_alone(issuer: Issuer) -> None:
    claims = issuer.claims("anna", "researcher")
    unbound = RSAKey.import_key({**KEYS["PS256"].as_dict(private=True), "alg": "RS256"})
    token = issuer.sign(claims, key=unbound, alg="RS256", kid="d")
    assert doubt(Verifier(settings(issuer)), token) is Doubt.KEY


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", "RSA-OAEP", "", 7, None, "es256"])
def test_other_algorithms_are_not_even_tried(issuer: Issuer, algorithm: Any) -> None:
    token = issuer.token()
    head = issuer.part(json.dumps({"alg": algorithm, "kid": "a", "typ": "at+jwt"}).encode())
    forged = f"{head}.{token.partition('.')[2]}"
    assert doubt(Verifier(settings(issuer)), forged) is Doubt.ALGORITHM


def test_two_keys_of_one_name_and_kind_are_none(issuer: Issuer) -> None:
    other = ECKey.generate_key("P-256", {"kid": issuer.key.kid})
    issuer.publish(issuer.key, other)
    assert doubt(Verifier(settings(issuer)), issuer.token()) is Doubt.KEY


@pytest.mark.parametrize("more", [{"crit": ["x"], "x": 1}, {"crit": []}, {"crit": "x"}])
def test_extensions_that_nobody_here_knows_are_refused(
    issuer: Issuer, more: dict[str, Any]
) -> None:
    def signed(**extension: Any) -> str:
        head = {"alg": "ES256", "kid": issuer.key.kid, "typ": "at+jwt"} | extension
        claims = issuer.claims("anna", "researcher")
        said = ".".join(issuer.part(json.dumps(part).encode()) for part in (head, claims))
        der = issuer.key.private_key.sign(said.encode(), ECDSA(SHA256()))
        pair = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
        return f"{said}.{issuer.part(pair)}"

    verifier = Verifier(settings(issuer))
    assert verifier.verify(signed()).subject == "anna"
    assert doubt(verifier, signed(**more)) is Doubt.SHAPE


MARKED = {"scope": "openid mammo", "azp": "portal"}
PLAIN = {
    "keycloak": MARKED | {"typ": "Bearer"},
    "scope": {"scope": "mammo"},
    "entra": {"scp": "mammo.read"},
    "cognito": {"token_use": "access", "client_id": "portal"},
}
NO_ACCESS_TOKEN = {
    "nothing says so": {},
    "keycloak's ID token": {"typ": "ID", "azp": "portal"},
    "keycloak's refresh token": MARKED | {"typ": "Refresh"},
    "cognito's ID token": {"token_use": "id"},
    "a nonce": MARKED | {"nonce": "n"},
    "at_hash": MARKED | {"at_hash": "h"},
    "a logout token": MARKED | {"events": {}},
    "a client of our name": {"scope": "x", "azp": AUDIENCE},
    "a client of our name, too": {"scope": "x", "client_id": AUDIENCE},
}


@pytest.mark.parametrize("claims", PLAIN.values(), ids=PLAIN)
def test_providers_that_write_jwt_are_taken_if_that_is_said(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    token = issuer.sign(issuer.claims("anna", "researcher", **claims), typ="JWT")
    assert doubt(Verifier(settings(issuer)), token) is Doubt.TYPE
    assert Verifier(settings(issuer, plain_jwt=True)).verify(token).roles == {Role.RESEARCHER}


@pytest.mark.parametrize("claims", NO_ACCESS_TOKEN.values(), ids=NO_ACCESS_TOKEN)
def test_but_never_what_is_no_access_token(issuer: Issuer, claims: dict[str, Any]) -> None:
    token = issuer.sign(issuer.claims("anna", "researcher", **claims), typ="JWT")
    assert doubt(Verifier(settings(issuer, plain_jwt=True)), token) is Doubt.ID_TOKEN


@pytest.mark.parametrize("kind", ["", "logout+jwt", "dpop+jwt", "client-authentication+jwt"])
@pytest.mark.parametrize("plain", [False, True])
def test_no_other_type_is_taken(issuer: Issuer, kind: str, plain: bool) -> None:
    token = issuer.sign(issuer.claims("anna", "researcher", **MARKED), typ=kind)
    assert doubt(Verifier(settings(issuer, plain_jwt=plain)), token) is Doubt.TYPE


@pytest.mark.parametrize(
    ("place", "claims"),
    [
        ("roles", {"roles": ["researcher"]}),
        ("realm_access.roles", {"realm_access": {"roles": ["researcher", "offline_access"]}}),
        ("https://x.test/roles", {"https://x.test/roles": ["researcher"]}),
        ("a.b.c", {"a": {"b": {"c": ["researcher"]}}}),
    ],
)
def test_where_the_roles_are_is_said(issuer: Issuer, place: str, claims: dict[str, Any]) -> None:
    verifier = Verifier(settings(issuer, roles_claim=place))
    token = issuer.sign(issuer.claims("anna") | {"roles": None} | claims)
    assert verifier.verify(token).roles == {Role.RESEARCHER}
    assert doubt(verifier, issuer.sign(issuer.claims("anna") | {"roles": None})) is Doubt.ROLES


@pytest.mark.parametrize("said", [{"a": "b"}, {"a": {"b": 7}}, {"a": ["b"]}, {"a": None}, {}])
def test_roles_that_are_not_where_they_should_be(issuer: Issuer, said: dict[str, Any]) -> None:
    verifier = Verifier(settings(issuer, roles_claim="a.b"))
    assert doubt(verifier, issuer.sign(issuer.claims("anna") | said)) is Doubt.ROLES


def test_the_provider_s_words_are_mapped_and_only_those(issuer: Issuer) -> None:
    names = {"/mammo/research": "researcher", "pacs-norr": "pacs_admin:norr"}
    verifier = Verifier(settings(issuer, roles=names))
    caller = verifier.verify(issuer.token("anna", "/mammo/research", "pacs-norr", "operator"))
    assert caller.roles == {Role.RESEARCHER, Role.PACS_ADMIN}
    assert caller.regions == {"norr"}


@pytest.mark.parametrize(
    "word",
    ["pacs_admin", "pacs_admin:", "pacs_admin:Å", "pacs_admin:a b", "PACS_ADMIN:norr", "spe"],
)
def test_words_that_give_nothing(issuer: Issuer, word: str) -> None:
    caller = Verifier(settings(issuer)).verify(issuer.token("anna", word))
    assert (caller.roles, caller.regions, caller.service) == (frozenset(), frozenset(), "")


def test_a_mapping_does_not_join_what_is_kept_apart(issuer: Issuer) -> None:
    verifier = Verifier(settings(issuer, roles={"x": "assessor", "y": "data_preparer"}))
    assert verifier.verify(issuer.token("anna", "x")).roles == {Role.ASSESSOR}
    with pytest.raises(RolesError) as caught:
        verifier.verify(issuer.token("anna", "x", "y"))
    assert "55(3)" in caught.value.reason


def test_the_three_functions_of_article_55_are_kept_apart() -> None:
    assert APART[0].roles == {Role.ASSESSOR, Role.DATA_PREPARER, Role.SPE_OPERATOR}


def test_the_log_says_why_and_the_caller_is_not_told(world: World, issuer: Issuer) -> None:
    log = io.StringIO()
    app = create_app(settings_for(world, issuer), log=open_log(log))
    with TestClient(app) as client:
        for token in (issuer.token(aud="other"), issuer.token(exp=1), "x"):
            answer = client.get("/studies", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
            assert set(answer.json()) == {"type", "title", "status"}
    reasons = [line["reason"] for line in log_lines(log.getvalue())]
    assert reasons == [Doubt.CLAIMS, Doubt.CLAIMS, Doubt.SHAPE]
