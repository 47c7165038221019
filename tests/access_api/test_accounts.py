"""Secure processing environments sign for a token, and are let in until they are not."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import Engine, Table, func, select

from access_api.errors import AuthenticationError, Doubt
from access_api.tokens import Caller, Verifier
from catalog import audit
from catalog.accounts import accounts, keys, tokens
from catalog.accounts.assertion import sign
from catalog.accounts.records import Account
from catalog.accounts.tables import service_assertion, service_token
from catalog.database import connect, reading
from catalog.errors import ConflictError, NotFoundError, Reason
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.access_api.test_tokens import settings

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


def token(verifier: Verifier, assertion: str) -> str:
    return verifier.exchange(assertion, None, lambda _account: None).token


def let_in(verifier: Verifier, assertion: str) -> Caller:
    return verifier.verify(token(verifier, assertion))


def doubt(verifier: Verifier, assertion: str) -> Doubt:
    with pytest.raises(AuthenticationError) as caught:
        token(verifier, assertion)
    return caught.value.reason


def is_let_in(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except AuthenticationError:
        return False
    return True


def test_an_environment_is_a_service_and_has_no_role(verifier: Verifier, key: ECKey) -> None:
    caller = let_in(verifier, signed(key))
    assert (caller.subject, caller.service, caller.roles) == (NORR.id, NORR.id, frozenset())
    assert caller.key == key.thumbprint()


def test_an_assertion_is_taken_once_and_its_token_often(verifier: Verifier, key: ECKey) -> None:
    assertion = made(key, {"jti": "0123456789abcdef"})
    got = token(verifier, assertion)
    assert doubt(verifier, assertion) is Doubt.AGAIN
    assert doubt(verifier, made(key, {"jti": "0123456789abcdef"})) is Doubt.AGAIN
    assert all(is_let_in(verifier, got) for _ in range(3))


def test_an_assertion_opens_nothing(verifier: Verifier, key: ECKey) -> None:
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(signed(key))
    assert caught.value.reason is Doubt.NOT_BEARER


REFUSED: dict[str, tuple[dict[str, Any], Doubt]] = {
    "another door": ({"aud": "urn:other"}, Doubt.CLAIMS),
    "another door, too": ({"aud": [AUDIENCE, "urn:other"]}, Doubt.CLAIMS),
    "no audience": ({"aud": None}, Doubt.CLAIMS),
    "the provider as audience": ({"aud": ISSUER}, Doubt.CLAIMS),
    "too long": ({"later": {"exp": 3600}}, Doubt.LIFE),
    "no end": ({"exp": None}, Doubt.CLAIMS),
    "over": ({"later": {"iat": -900, "exp": -600}}, Doubt.CLAIMS),
    "of tomorrow": ({"later": {"iat": 86_400, "exp": 86_500}}, Doubt.CLAIMS),
    "no beginning": ({"iat": None}, Doubt.CLAIMS),
    "ends before it begins": ({"later": {"iat": 20, "exp": 10}}, Doubt.LIFE),
    "bound to a key": ({"cnf": {"jkt": "x"}}, Doubt.BOUND),
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
    assert let_in(verifier, made(key, {"aud": [AUDIENCE]})).service == NORR.id


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
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(issuer.token(NORR.id))
    assert caught.value.reason is Doubt.SUBJECT
    assert doubt(verifier, issuer.token(NORR.id)) is Doubt.ACCOUNT
    assert doubt(verifier, issuer.token(NORR.id, iss=NORR.id)) is Doubt.ACCOUNT


def test_without_a_catalogue_there_are_no_environments(tmp_path: Path, key: ECKey) -> None:
    alone = Verifier(settings(Issuer(tmp_path / "x.json")))
    assert doubt(alone, signed(key)) is Doubt.ACCOUNT
    with pytest.raises(AuthenticationError):
        alone.verify("mammo_spe_" + "a" * 43)


def test_revocation_counts_at_once(engine: Engine, verifier: Verifier, key: ECKey) -> None:
    before, got = signed(key), token(verifier, signed(key))
    caller = verifier.verify(got)
    with reading(engine) as connection:
        verifier.require(connection, caller)
    assert accounts.revoke(engine, NORR.id, who="eva")
    assert not is_let_in(verifier, got)
    with reading(engine) as connection, pytest.raises(AuthenticationError):
        verifier.require(connection, caller)
    assert doubt(verifier, before) is Doubt.NOT_IN_FORCE
    assert not accounts.revoke(engine, NORR.id, who="eva")
    with pytest.raises(ConflictError):
        accounts.add(engine, NORR, keys.public_text(key), who="eva")


def test_a_key_is_changed_without_a_gap(engine: Engine, verifier: Verifier, key: ECKey) -> None:
    new = keys.draw()
    accounts.add(engine, NORR, keys.public_text(new), who="eva")
    by_old, by_new = (token(verifier, signed(one)) for one in (key, new))
    assert accounts.revoke_key(engine, NORR.id, key.thumbprint(), who="eva")
    assert doubt(verifier, signed(key)) is Doubt.NOT_IN_FORCE
    assert (is_let_in(verifier, by_old), is_let_in(verifier, by_new)) == (False, True)
    let_in(verifier, signed(new))
    with pytest.raises(NotFoundError):
        accounts.revoke_key(engine, "spe-other", new.thumbprint(), who="eva")


@pytest.mark.parametrize(("days", "holds"), [(0, True), (-1, False)])
def test_the_last_day_counts(
    engine: Engine, verifier: Verifier, key: ECKey, days: int, holds: bool
) -> None:
    got = token(verifier, signed(key))
    ended = Account(NORR.id, NORR.name, TODAY + timedelta(days=days))
    accounts.add(engine, ended, keys.public_text(key), who="eva")
    assert is_let_in(verifier, got) is holds
    if holds:
        let_in(verifier, signed(key))
    else:
        assert doubt(verifier, signed(key)) is Doubt.NOT_IN_FORCE


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


def issued(engine: Engine, key: ECKey, jti: str, at: datetime) -> str | None:
    mine = tokens.Bearer(NORR.id, key.thumbprint())
    once = tokens.Assertion(jti, at + timedelta(minutes=10))
    return tokens.issue(engine, mine, once, lives=timedelta(hours=1), at=at)


def rows(engine: Engine, table: Table) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_over_is_forgotten(engine: Engine, key: ECKey) -> None:
    now = datetime.now(UTC)
    old = now - timedelta(hours=1)
    assert issued(engine, key, "a" * 16, old)
    assert issued(engine, key, "a" * 16, old) is None
    assert issued(engine, key, "b" * 16, now)
    assert issued(engine, key, "b" * 16, now) is None
    assert (rows(engine, service_assertion), rows(engine, service_token)) == (1, 1)
    assert issued(engine, key, "a" * 16, now)


def test_a_token_holds_ten_minutes_at_most(engine: Engine, key: ECKey) -> None:
    now = datetime.now(UTC)
    got = issued(engine, key, "a" * 16, now)
    assert got
    assert tokens.find(engine, got, at=now + timedelta(seconds=599))
    assert tokens.find(engine, got, at=now + timedelta(seconds=600)) is None


def test_nothing_that_is_kept_opens_anything(
    engine: Engine, verifier: Verifier, key: ECKey
) -> None:
    got = token(verifier, signed(key))
    with reading(engine) as connection:
        row = connection.execute(select(service_token)).one()
    assert got not in map(str, row)
    assert row.digest == hashlib.sha256(got.removeprefix("mammo_spe_").encode()).hexdigest()
    for kept in (row.digest, f"mammo_spe_{row.digest}", f"mammo_spe_{row.digest[:43]}"):
        with pytest.raises(AuthenticationError):
            verifier.verify(kept)


def test_an_account_has_so_many_tokens_and_the_newest_hold(engine: Engine, key: ECKey) -> None:
    start = datetime.now(UTC)
    got = [
        issued(engine, key, f"{number:016}", start + timedelta(milliseconds=number))
        for number in range(tokens.MOST + 2)
    ]
    hold = [tokens.find(engine, one or "", at=start) is not None for one in got]
    assert hold == [False] * 2 + [True] * tokens.MOST
    assert rows(engine, service_token) == tokens.MOST


def test_issuing_and_refusing_are_in_the_ledger(
    engine: Engine, verifier: Verifier, key: ECKey
) -> None:
    """A stranger, who has no key, writes no line there."""
    assertion = signed(key)
    token(verifier, assertion)
    for refused in (assertion, made(key, {"aud": "urn:other"}), signed(keys.draw())):
        doubt(verifier, refused)
    accounts.revoke(engine, NORR.id, who="eva")
    doubt(verifier, signed(key))
    lines = [line for line in audit.entries(engine) if line.action == "token"]
    assert {(line.actor, line.object) for line in lines} == {
        (NORR.id, f"account:{NORR.id}/{key.thumbprint()}")
    }
    assert [line.outcome for line in lines] == ["ALLOWED", *["invalid-client"] * 3]
