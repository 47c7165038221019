"""The keys of an OpenID Connect provider: found, kept, rotated, and nobody else's."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from pydantic import ValidationError

from access_api.errors import AuthenticationError, Doubt, KeysError
from access_api.identity.provider import MAX_ANSWER, WELL_KNOWN, Patience
from access_api.identity.provider import Provider as Keys
from access_api.tokens import Role, Verifier
from tests.access_api.provider import KEYS, Provider
from tests.access_api.test_tokens import settings
from tests.intake.certificates import Authority
from tests.servers import free_ports

PATIENCE = Patience(fresh=600, away=3600, pause=10)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().running() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(provider: Provider, clock: Clock) -> Verifier:
    return verifier_of(provider, clock)


def verifier_of(provider: Provider, clock: Clock, **other: Any) -> Verifier:
    chosen = settings(environment="development", issuer=provider.issuer, **other)
    return Verifier(chosen, keys=Keys(provider.issuer, patience=PATIENCE, clock=clock))


def test_a_token_of_a_real_provider(provider: Provider, verifier: Verifier) -> None:
    caller = verifier.verify(provider.token("anna"))
    assert (caller.subject, caller.roles) == ("anna", {Role.RESEARCHER})
    assert caller.token
    assert provider.asked == [WELL_KNOWN, KEYS]


def test_without_a_file_the_issuer_is_asked(provider: Provider) -> None:
    chosen = settings(environment="development", issuer=provider.issuer)
    assert Verifier(chosen).verify(provider.token()).subject == "anna"


def test_keys_are_fetched_once_and_kept(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    for _ in range(3):
        verifier.verify(provider.token())
        clock.now += 100
    assert provider.asked == [WELL_KNOWN, KEYS]
    clock.now += 400
    verifier.verify(provider.token())
    assert provider.asked == [WELL_KNOWN, KEYS] * 2


def test_a_new_key_is_found_at_once(provider: Provider, verifier: Verifier, clock: Clock) -> None:
    before = provider.token()
    verifier.verify(before)
    provider.rotate("k2", keep=True)
    clock.now += PATIENCE.pause
    verifier.verify(provider.token())
    verifier.verify(before)
    assert provider.asked == [WELL_KNOWN, KEYS] * 2


def test_a_key_that_is_removed_opens_nothing_when_keys_are_old(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    before = provider.token()
    verifier.verify(before)
    provider.rotate("k2", keep=False)
    verifier.verify(before)
    clock.now += PATIENCE.fresh + 1
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(before)
    assert caught.value.reason is Doubt.KEY


def test_strangers_cannot_make_us_hammer_the_provider(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    verifier.verify(provider.token())
    stranger = Provider()
    stranger.issuer = provider.issuer
    stranger.rotate("x", keep=False)
    for _ in range(200):
        with pytest.raises(AuthenticationError):
            verifier.verify(stranger.token())
        clock.now += 0.1
    assert provider.asked.count(KEYS) <= 1 + 200 * 0.1 / PATIENCE.pause


def test_a_provider_that_is_away_is_missed_after_a_while(clock: Clock) -> None:
    made = Provider()
    verifier = verifier_of(made, clock)
    with made.running():
        verifier.verify(made.token())
    for seconds in (PATIENCE.fresh + 1, PATIENCE.away - PATIENCE.fresh - 2):
        clock.now += seconds
        assert verifier.verify(made.token()).subject == "anna"
    clock.now += 2
    with pytest.raises(KeysError):
        verifier.verify(made.token())


def test_a_provider_that_was_never_there_opens_nothing(clock: Clock) -> None:
    made = Provider()
    made.issuer = f"http://127.0.0.1:{free_ports(1)[0]}"
    verifier = verifier_of(made, clock)
    for _ in range(3):
        with pytest.raises(KeysError):
            verifier.verify(made.token())


def test_it_is_asked_again_when_it_comes_back(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    provider.instead[KEYS] = flask.Response(status=500)
    with pytest.raises(KeysError):
        verifier.verify(provider.token())
    del provider.instead[KEYS]
    with pytest.raises(KeysError):
        verifier.verify(provider.token())
    clock.now += PATIENCE.pause
    assert verifier.verify(provider.token()).subject == "anna"


def _elsewhere(provider: Provider, other: Provider) -> dict[str, Any]:
    own = {"issuer": provider.issuer, "jwks_uri": provider.issuer + KEYS}
    moved = flask.Response(status=302, headers={"Location": other.issuer + WELL_KNOWN})
    moved_keys = flask.Response(status=307, headers={"Location": other.issuer + KEYS})
    keys = json.dumps({"keys": [key.as_dict(private=False) for key in provider.keys]})
    packed = flask.Response(keys, headers={"Content-Encoding": "gzip"})
    return {
        "another issuer": {WELL_KNOWN: own | {"issuer": other.issuer}},
        "a slash more": {WELL_KNOWN: own | {"issuer": provider.issuer + "/"}},
        "another host's keys": {WELL_KNOWN: own | {"jwks_uri": other.issuer + KEYS}},
        "a file": {WELL_KNOWN: own | {"jwks_uri": "file:///etc/passwd"}},
        "another scheme": {WELL_KNOWN: own | {"jwks_uri": f"https{provider.issuer[4:]}{KEYS}"}},
        "a name and a host": {
            WELL_KNOWN: own | {"jwks_uri": f"{provider.issuer}@{other.issuer[7:]}{KEYS}"}
        },
        "keys are a number": {WELL_KNOWN: own | {"jwks_uri": 7}},
        "no keys named": {WELL_KNOWN: {"issuer": provider.issuer}},
        "a list": {WELL_KNOWN: flask.Response("[]")},
        "no JSON": {WELL_KNOWN: "<html>"},
        "moved": {WELL_KNOWN: moved},
        "keys moved": {KEYS: moved_keys},
        "keys too large": {KEYS: flask.Response(keys + " " * MAX_ANSWER)},
        "packed": {KEYS: packed},
        "private keys": {KEYS: {"keys": [provider.keys[0].as_dict(private=True)]}},
        "no keys": {KEYS: {"keys": []}},
    }


CASES = list(_elsewhere(Provider(), Provider()))


@pytest.mark.parametrize("case", CASES)
def test_nobody_else_is_asked_and_nothing_else_believed(
    provider: Provider, verifier: Verifier, case: str
) -> None:
    with Provider().running() as other:
        other.keys = provider.keys
        provider.instead = _elsewhere(provider, other)[case]
        with pytest.raises(KeysError):
            verifier.verify(provider.token())
        assert other.asked == []


def test_in_production_its_certificate_must_be_vouched_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    made = Provider((str(authority.certificate), str(authority.key)))
    with made.running():
        token = made.token()
        trusting = settings(issuer=made.issuer, issuer_ca=authority.ca)
        assert Verifier(trusting).verify(token).subject == "anna"
        with pytest.raises(KeysError):
            Verifier(settings(issuer=made.issuer)).verify(token)


def test_those_who_wait_for_the_first_keys_ask_once(provider: Provider, verifier: Verifier) -> None:
    token, found = provider.token(), []
    threads = [
        threading.Thread(target=lambda: found.append(verifier.verify(token).subject))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == ["anna"] * 12
    assert provider.asked == [WELL_KNOWN, KEYS]


@pytest.mark.parametrize(
    "issuer",
    [
        *("urn:other", "https://", "ftp://login.test", "login.test", "http://login.test"),
        *("https://login.test/?x=1", "https://login.test/#x", "https://me@login.test"),
        *("http://127.0.0.1.login.test:80", "http://10.0.0.1"),
    ],
)
@pytest.mark.parametrize("environment", ["production", "development"])
def test_an_issuer_that_must_not_be_asked(issuer: str, environment: str) -> None:
    with pytest.raises(ValidationError):
        settings(issuer=issuer, environment=environment)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"])
def test_without_tls_only_this_machine_and_only_in_development(issuer: str) -> None:
    settings(issuer=issuer, environment="development")
    with pytest.raises(ValidationError):
        settings(issuer=issuer)


def test_an_https_issuer_may_be_asked_in_production() -> None:
    settings(issuer="https://login.test/realms/x")
