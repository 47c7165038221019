"""Secure processing environments sign each request, and are let in until they are not."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from access_api.errors import AuthenticationError, Doubt
from access_api.tokens import Verifier
from catalog import audit
from catalog.accounts import accounts, keys
from catalog.accounts.assertion import sign
from catalog.accounts.records import Account
from catalog.database import connect
from catalog.errors import ConflictError, NotFoundError, Reason
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.access_api.test_tokens import settings
from tests.access_api.world import PERMIT_SPE, SPE, World

TODAY = datetime.now(UTC).date()
NORR = Account("spe-norr", "SPE of Region Norr", TODAY + timedelta(days=30))


@pytest.fixture
def engine(sqlite_databases: Callable[[str], str]) -> Iterator[Engine]:
    made = connect(sqlite_databases("catalogue"))
    yield made
    made.dispose()


@pytest.fixture
def key(engine: Engine) -> ECKey:
    drawn = keys.draw()
    accounts.add(engine, NORR, keys.public_text(drawn), who="eva")
    return drawn


@pytest.fixture
def verifier(engine: Engine, tmp_path: Path) -> Verifier:
    return Verifier(settings(Issuer(tmp_path / "jwks.json")), engine)


def signed(key: ECKey, **changes: Any) -> str:
    return sign(key, NORR.id, AUDIENCE, at=datetime.now(UTC)) if not changes else made(key, changes)


def made(key: ECKey, changes: dict[str, Any]) -> str:
    now = int(time.time())
    claims = {"iss": NORR.id, "sub": NORR.id, "aud": AUDIENCE, "iat": now, "exp": now + 300}
    claims |= {"jti": "0123456789abcdef"} | changes
    claims |= {name: now + seconds for name, seconds in claims.pop("later", {}).items()}
    head = {"alg": "ES256", "kid": key.thumbprint(), "typ": "client-authentication+jwt"}
    head |= claims.pop("header", {})
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(head, kept, key, algorithms=[head["alg"]])


def doubt(verifier: Verifier, token: str) -> Doubt:
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(token)
    return caught.value.reason


def test_an_environment_is_a_service_and_has_no_role(verifier: Verifier, key: ECKey) -> None:
    caller = verifier.verify(signed(key))
    assert (caller.subject, caller.service, caller.roles) == (NORR.id, NORR.id, frozenset())
    assert caller.token


def test_an_assertion_is_taken_once(verifier: Verifier, key: ECKey) -> None:
    token = signed(key)
    verifier.verify(token)
    assert doubt(verifier, token) is Doubt.AGAIN
    assert doubt(verifier, made(key, {"jti": verifier.verify(signed(key)).token})) is Doubt.AGAIN


REFUSED: dict[str, tuple[dict[str, Any], Doubt]] = {
    "another door": ({"aud": "urn:other"}, Doubt.CLAIMS),
    "no audience": ({"aud": None}, Doubt.CLAIMS),
    "the provider as audience": ({"aud": ISSUER}, Doubt.CLAIMS),
    "too long": ({"later": {"exp": 3600}}, Doubt.LIFE),
    "no end": ({"exp": None}, Doubt.CLAIMS),
    "over": ({"later": {"iat": -900, "exp": -600}}, Doubt.CLAIMS),
    "of tomorrow": ({"later": {"iat": 86_400, "exp": 86_500}}, Doubt.CLAIMS),
    "no beginning": ({"iat": None}, Doubt.CLAIMS),
    "ends before it begins": ({"later": {"iat": 20, "exp": 10}}, Doubt.LIFE),
    "no id": ({"jti": None}, Doubt.CLAIMS),
    "a short id": ({"jti": "1"}, Doubt.CLAIMS),
    "an id that is none": ({"jti": "x" * 20 + "\n"}, Doubt.CLAIMS),
    "a number as id": ({"jti": 7}, Doubt.CLAIMS),
    "another subject": ({"sub": "spe-other"}, Doubt.SUBJECT),
    "no subject": ({"sub": None}, Doubt.SUBJECT),
    "another account": ({"iss": "spe-other", "sub": "spe-other"}, Doubt.ACCOUNT),
    "a name that is none": ({"iss": "spe-NORR", "sub": "spe-NORR"}, Doubt.ACCOUNT),
    "a person's token": ({"header": {"typ": "at+jwt"}}, Doubt.TYPE),
    "no type": ({"header": {"typ": "JWT"}}, Doubt.TYPE),
    "an unknown key": ({"header": {"kid": "k1"}}, Doubt.ACCOUNT),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(verifier: Verifier, key: ECKey, case: str) -> None:
    changes, why = REFUSED[case]
    assert doubt(verifier, made(key, changes)) is why
    assert verifier.verify(made(key, {})).service == NORR.id


def test_a_key_that_is_not_registered(verifier: Verifier, key: ECKey) -> None:
    mine = keys.draw()
    assert doubt(verifier, signed(mine)) is Doubt.ACCOUNT
    assert doubt(verifier, made(mine, {"header": {"kid": key.thumbprint()}})) is Doubt.SIGNATURE


def test_another_algorithm_is_refused(verifier: Verifier, key: ECKey) -> None:
    other = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "kid": key.thumbprint()}
    assert doubt(verifier, made(other, {"header": head})) is Doubt.SIGNATURE  # type: ignore[arg-type]


def test_the_provider_speaks_for_no_environment(tmp_path: Path, engine: Engine, key: ECKey) -> None:
    issuer = Issuer(tmp_path / "other.json")
    verifier = Verifier(settings(issuer), engine)
    assert doubt(verifier, issuer.token(NORR.id)) is Doubt.SUBJECT
    assert doubt(verifier, issuer.token(NORR.id, iss=NORR.id)) is Doubt.ACCOUNT


def test_without_a_catalogue_there_are_no_environments(tmp_path: Path, key: ECKey) -> None:
    assert doubt(Verifier(settings(Issuer(tmp_path / "x.json"))), signed(key)) is Doubt.KEY


def test_revocation_counts_at_once(engine: Engine, verifier: Verifier, key: ECKey) -> None:
    before = signed(key)
    verifier.verify(signed(key))
    assert accounts.revoke(engine, NORR.id, who="eva")
    assert doubt(verifier, before) is Doubt.ACCOUNT
    assert not accounts.revoke(engine, NORR.id, who="eva")
    with pytest.raises(ConflictError):
        accounts.add(engine, NORR, keys.public_text(key), who="eva")


def test_a_key_is_changed_without_a_gap(engine: Engine, verifier: Verifier, key: ECKey) -> None:
    new = keys.draw()
    accounts.add(engine, NORR, keys.public_text(new), who="eva")
    for one in (key, new):
        verifier.verify(signed(one))
    assert accounts.revoke_key(engine, NORR.id, key.thumbprint(), who="eva")
    assert doubt(verifier, signed(key)) is Doubt.ACCOUNT
    verifier.verify(signed(new))
    with pytest.raises(NotFoundError):
        accounts.revoke_key(engine, "spe-other", new.thumbprint(), who="eva")


@pytest.mark.parametrize(("days", "is_let_in"), [(0, True), (-1, False)])
def test_the_last_day_counts(
    engine: Engine, verifier: Verifier, key: ECKey, days: int, is_let_in: bool
) -> None:
    ended = Account(NORR.id, NORR.name, TODAY + timedelta(days=days))
    accounts.add(engine, ended, keys.public_text(key), who="eva")
    if is_let_in:
        verifier.verify(signed(key))
    else:
        assert doubt(verifier, signed(key)) is Doubt.ACCOUNT


def test_one_key_is_one_account_s(engine: Engine, key: ECKey) -> None:
    other = Account("spe-other", "Another", NORR.valid_until)
    with pytest.raises(ConflictError) as caught:
        accounts.add(engine, other, keys.public_text(key), who="eva")
    assert caught.value.reason is Reason.OTHER_ACCOUNT
    assert accounts.list_accounts(engine) == (NORR,)


@pytest.mark.parametrize("name", ["norr", "spe-", "spe-NORR", "spe-a b", "", "spe-" + "a" * 61])
def test_names_that_are_none(engine: Engine, name: str) -> None:
    account, text = Account(name, "x", date(2030, 1, 1)), keys.public_text(keys.draw())
    with pytest.raises(ConflictError):
        accounts.add(engine, account, text, who="eva")


NO_PUBLIC_KEY = {
    "private": json.dumps(keys.draw().as_dict(private=True)),
    "another curve": json.dumps(ECKey.generate_key("P-384").as_dict(private=False)),
    "another kind": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
    "symmetric": '{"kty": "oct", "k": "c2VjcmV0"}',
    "a set": '{"keys": []}',
    "not on the curve": '{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}',
    **{text: text for text in ("", "[]", "7", "null", "-----BEGIN")},
}


@pytest.mark.parametrize("text", NO_PUBLIC_KEY.values(), ids=NO_PUBLIC_KEY)
def test_what_is_no_public_key_is_not_registered(engine: Engine, text: str) -> None:
    with pytest.raises(ConflictError) as caught:
        accounts.add(engine, NORR, text, who="eva")
    assert caught.value.reason is Reason.NO_PUBLIC_KEY
    assert accounts.list_accounts(engine) == ()


def test_what_is_done_to_accounts_is_recorded(engine: Engine, key: ECKey) -> None:
    accounts.revoke_key(engine, NORR.id, key.thumbprint(), who="eva")
    accounts.revoke(engine, NORR.id, who="nils")
    told = [(line.actor, line.action, line.object) for line in audit.entries(engine)]
    assert told == [
        ("eva", "add-account", f"account:spe-norr/{key.thumbprint()}"),
        ("eva", "revoke-key", f"account:spe-norr/{key.thumbprint()}"),
        ("nils", "revoke-account", "account:spe-norr"),
    ]


def test_used_assertions_are_forgotten_when_they_are_over(engine: Engine, key: ECKey) -> None:
    now = datetime.now(UTC)
    soon, long_ago = now + timedelta(minutes=5), now - timedelta(hours=1)
    assert accounts.use(engine, NORR.id, "a" * 16, expires=long_ago, forget=long_ago)
    assert not accounts.use(engine, NORR.id, "a" * 16, expires=long_ago, forget=long_ago)
    assert accounts.use(engine, NORR.id, "b" * 16, expires=soon, forget=now)
    assert not accounts.use(engine, NORR.id, "b" * 16, expires=soon, forget=now)
    assert accounts.use(engine, NORR.id, "a" * 16, expires=soon, forget=now)


def test_at_the_door_an_assertion_opens_once(client: TestClient, world: World) -> None:
    head = {"Authorization": f"Bearer {world.assertion(SPE)}"}
    path = f"/releases/{PERMIT_SPE}/manifest"
    assert client.get(path, headers=head).status_code == 200
    assert client.get(path, headers=head).status_code == 401
