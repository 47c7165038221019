"""The door and oidc-provider, a certified OpenID Connect provider, run by node."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from access_api.errors import AuthenticationError, Doubt
from access_api.identity.provider import Patience, Provider
from access_api.tokens import Role, Verifier
from tests.access_api.test_tokens import settings
from tests.full.identity import NodeProvider


def drawn(algorithm: str, kid: str) -> Any:
    said = {"kid": kid, "use": "sig", "alg": algorithm}
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", said)
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384"}[algorithm], said)
    return RSAKey.generate_key(2048, said)


def verifier_of(provider: NodeProvider, **other: Any) -> Verifier:
    chosen = settings(environment="development", issuer=provider.issuer, **other)
    return Verifier(chosen, keys=Provider(provider.issuer, patience=Patience(pause=0)))


def doubt(verifier: Verifier, token: str) -> Doubt:
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(token)
    return caught.value.reason


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_its_access_tokens_are_taken(algorithm: str) -> None:
    provider = NodeProvider(algorithm)
    with provider.running(drawn(algorithm, "k1")):
        caller = verifier_of(provider).verify(provider.program_s_token())
    assert (caller.subject, caller.roles) == ("program", {Role.RESEARCHER})


@pytest.mark.parametrize("plain", [False, True])
def test_a_person_signs_in_and_only_the_access_token_opens(plain: bool) -> None:
    provider = NodeProvider("ES256", claims={"realm_access": {"roles": ["auditor"]}})
    chosen = {"plain_jwt": plain, "roles_claim": "realm_access.roles"}
    with provider.running(drawn("ES256", "k1")):
        tokens = provider.person_s_tokens("anna")
        verifier = verifier_of(provider, **chosen)
        caller = verifier.verify(tokens["access_token"])
        assert (caller.subject, caller.roles) == ("anna", {Role.AUDITOR})
        assert doubt(verifier, tokens["id_token"]) is Doubt.CLAIMS
        meant_for_the_portal = verifier_of(provider, audience="portal", **chosen)
        refused = doubt(meant_for_the_portal, tokens["id_token"])
        assert refused is (Doubt.ID_TOKEN if plain else Doubt.TYPE)


def test_its_keys_change_while_the_door_is_open() -> None:
    provider = NodeProvider("ES256")
    old, new = drawn("ES256", "k1"), drawn("ES256", "k2")
    verifier = verifier_of(provider)
    with provider.running(old):
        before = provider.program_s_token()
        verifier.verify(before)
    with provider.running(new, old):
        verifier.verify(provider.program_s_token())
        verifier.verify(before)
    with provider.running(new):
        assert doubt(verifier_of(provider), before) is Doubt.KEY
        verifier.verify(provider.program_s_token())
