"""How the client of the key service takes answers that a well one would not give."""

import dataclasses
from pathlib import Path

import httpx
import pytest

from catalog.ledgers.key_marks import KeyMarks
from flows.errors import KeyFileError, KeyServiceBusyError, KeyServiceError, SettingsError
from flows.keys.key_file import OWN_ROOTS, create
from flows.keys.key_service import Address, KeyService
from flows.settings import RegionSettings
from flows.wiring import read, wire_keys
from tests.key_service import Authority

DIGESTS = [bytes([number]) * 32 for number in range(2)]
HMAC = "vault:v3:" + "A" * 43 + "="
GOOD = {"data": {"batch_results": [{"hmac": HMAC}, {"hmac": HMAC}]}}


@pytest.fixture
def address(tmp_path) -> Address:
    ca = Authority(tmp_path, "authority").certificate
    path = tmp_path / "token"
    path.write_text("s.token\n")
    return Address("https://bao.invalid:8200/", "people", ca, token_file=path)


@pytest.fixture
def service(address):
    """A client whose answers are given, one after another, the last one again and again."""
    made: list[KeyService] = []

    def client(*answers, **changes):
        given, asked, slept = list(answers), [], []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            one = given.pop(0) if len(given) > 1 else given[0]
            if isinstance(one, Exception):
                raise one
            return httpx.Response(one) if isinstance(one, int) else httpx.Response(**one)

        service = KeyService(dataclasses.replace(address, **changes), sleep=slept.append)
        made.append(service)
        service._client._transport = httpx.MockTransport(answer)
        return service, asked, slept

    yield client
    for one in made:
        one._client.close()


def ok(body) -> dict[str, object]:
    return {"status_code": 200, "json": body}


def test_an_answer_is_read_and_a_digest_goes_in_the_body_only(service):
    client, asked, _ = service(ok(GOOD), namespace="third/party", mount="hub/transit")
    assert client.rekey(DIGESTS) == (3, (bytes(32), bytes(32)))
    (request,) = asked
    assert str(request.url) == "https://bao.invalid:8200/v1/hub/transit/hmac/people/sha2-256"
    assert request.headers["X-Vault-Namespace"] == "third/party"
    assert request.headers["X-Vault-Token"] == "s.token"


@pytest.mark.parametrize(
    "trouble", [500, 502, 503, 412, 473, 307, httpx.ReadTimeout("x"), httpx.ConnectError("x")]
)
def test_trouble_that_may_pass_is_waited_for(service, trouble):
    client, asked, slept = service(trouble, trouble, ok(GOOD))
    assert client.rekey(DIGESTS).version == 3
    assert len(asked) == 3
    assert 0.25 <= slept[0] < slept[1] <= 0.75
    client, asked, slept = service(trouble)
    with pytest.raises(KeyServiceBusyError):
        client.rekey(DIGESTS)
    assert len(asked) == 4


def test_a_used_up_quota_is_not_asked_again(service):
    client, asked, _ = service(429)
    with pytest.raises(KeyServiceBusyError, match="quota"):
        client.rekey(DIGESTS)
    assert len(asked) == 1


def test_a_redirect_is_not_followed_with_a_token(service):
    away = {"status_code": 307, "headers": {"Location": "https://elsewhere.invalid/"}}
    client, asked, _ = service(away)
    with pytest.raises(KeyServiceBusyError):
        client.rekey(DIGESTS)
    assert {request.url.host for request in asked} == {"bao.invalid"}


@pytest.mark.parametrize(
    ("status", "text", "why"),
    [
        (400, "encryption key not found", "nothing more can be linked"),
        (400, "version is too old (disallowed by policy)", "PREVIOUS=0"),
        (400, "anything 19570312-9808", "something else"),
        (403, "permission denied", "refuses this region"),
        (404, "no handler", "no transit engine"),
        (405, "", "no transit engine"),
        (413, "", "BATCH"),
        (418, "", "418"),
    ],
)
def test_a_refusal_says_what_to_do_and_quotes_nothing(service, status, text, why):
    client, _, slept = service({"status_code": status, "json": {"errors": [text]}})
    with pytest.raises(KeyServiceError, match=why) as caught:
        client.rekey(DIGESTS)
    assert "19570312" not in str(caught.value)
    assert slept == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"data": None},
        {"data": {"batch_results": []}},
        {"data": {"batch_results": [{"hmac": HMAC}]}},
        {"data": {"batch_results": [{"hmac": HMAC}] * 3}},
        {"data": {"batch_results": [{"hmac": HMAC}, {"error": "unable"}]}},
        {"data": {"batch_results": [{"hmac": HMAC}, {"hmac": None}]}},
        {"data": {"batch_results": [{"hmac": HMAC}, {"hmac": HMAC.replace("v3", "v2")}]}},
        {"data": {"batch_results": [{"hmac": HMAC}, {"hmac": "vault:v3:AAAA"}]}},
        {"data": {"batch_results": [{"hmac": HMAC}, {"hmac": HMAC.replace("v3", "v0")}]}},
    ],
)
def test_an_answer_that_is_not_whole_spoils_all(service, body):
    client, _, _ = service(ok(body))
    with pytest.raises(KeyServiceError, match="something else"):
        client.rekey(DIGESTS)


def test_another_version_than_was_asked_for_is_refused(service):
    client, _, _ = service(ok(GOOD))
    with pytest.raises(KeyServiceError, match="something else"):
        client.rekey(DIGESTS, version=2)


LOGIN = ok({"auth": {"client_token": "s.one"}})
LOGIN_AGAIN = ok({"auth": {"client_token": "s.other"}})


def test_a_new_token_that_is_denied_is_no_used_up_one(service):
    client, asked, _ = service(LOGIN, 403, token_file=None, role="region-norr")
    with pytest.raises(KeyServiceError, match="refuses this region"):
        client.rekey(DIGESTS)
    assert [request.url.path.rsplit("/", 1)[-1] for request in asked] == ["login", "sha2-256"]


def test_a_token_that_went_out_more_than_once_may_be_used_up(service):
    for answers in (
        (LOGIN, ok(GOOD), 403, LOGIN_AGAIN, ok(GOOD)),
        (LOGIN, 503, 403, LOGIN_AGAIN, ok(GOOD)),  # what did not answer may have counted it
    ):
        client, asked, _ = service(*answers, token_file=None, role="norr")
        while len(asked) < len(answers):
            assert client.rekey(DIGESTS).version == 3


def test_an_agents_token_that_stays_the_same_is_not_tried_again(service):
    client, asked, _ = service(ok(GOOD), 403)
    client.rekey(DIGESTS)
    with pytest.raises(KeyServiceError, match="refuses this region"):
        client.rekey(DIGESTS)
    assert len(asked) == 2


def test_a_denial_by_policy_takes_one_login_of_the_quota(key_service):
    address = key_service.enter("region-nekad", logins=2)
    key_service.bao("bao", "write", "auth/cert/certs/region-nekad", "token_policies=none")
    before = len(key_service.audited())
    client = KeyService(address)
    try:
        with pytest.raises(KeyServiceError, match="refuses this region"):
            client.rekey(DIGESTS)
    finally:
        client.close()
    entries = key_service.audited()[before:]
    paths = [one["request"]["path"] for one in entries if one["type"] == "response"]
    assert paths.count("auth/cert/login") == 1


def test_a_login_that_gives_no_token_is_refused(service):
    for body in ({}, {"auth": None}):
        client, _, _ = service(ok(body), token_file=None, role="region-norr")
        with pytest.raises(KeyServiceError, match="something else"):
            client.rekey(DIGESTS)


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Settings of a region in production, but for what reaches the third party."""
    create(tmp_path / "region.key", OWN_ROOTS)
    told = {
        "LANDING": tmp_path,
        "KEY_FILE": tmp_path / "region.key",
        "LEDGER_URL": "sqlite:///none",
        "CATALOGUE_URL": "sqlite:///none",
        "S3_ENDPOINT": "none",
        "S3_ACCESS_KEY": "x",
        "S3_SECRET_KEY": "x",
        "CLEAN_ACCESS_KEY": "x",
        "CLEAN_SECRET_KEY": "x",
    }

    def read_with(**more: str | Path) -> RegionSettings:
        for name, value in (told | more).items():
            monkeypatch.setenv(f"MAMMO_REGION_{name}", str(value))
        return read(RegionSettings)

    return read_with


def reached_by(address: Address) -> dict[str, str | Path | None]:
    return {
        "PSEUDONYMS_URL": address.url,
        "PSEUDONYMS_CA": address.ca,
        "PSEUDONYMS_CERTIFICATE": address.certificate,
        "PSEUDONYMS_PRIVATE_KEY": address.private_key,
        "PSEUDONYMS_ROLE": address.role,
    }


@pytest.mark.parametrize("name", ["openbao", "vault"])
def test_production_is_wired_to_a_third_party_by_settings(
    key_service, settings, ledger_engine, name
):
    reached = reached_by(key_service.enter("region-norr"))
    held = wire_keys(settings(PSEUDONYMS=name, **reached), KeyMarks(ledger_engine))
    assert held.version.startswith(f"{name}-")
    assert held.version.endswith("-v1")
    assert held.subkeys().version == held.version
    assert len(held.pseudonyms.person("195703129808").pseudonym) == 26
    held.pseudonyms._service.close()


def test_a_ledger_remembers_the_third_partys_key(key_service, settings, ledger_engine, monkeypatch):
    reached = reached_by(key_service.enter("region-norr"))
    wired = settings(PSEUDONYMS="openbao", **reached)
    for edge, noticed in ((None, False), (bytes(32), True)):
        held = wire_keys(wired, KeyMarks(ledger_engine))
        if edge is not None:  # then the same key service gives something else
            held.pseudonyms._probe = edge
        try:
            if noticed:
                with pytest.raises(KeyServiceError, match="not the one"):
                    held.pseudonyms.person("195703129808")
            else:
                held.pseudonyms.person("195703129808")
        finally:
            held.pseudonyms._service.close()


def test_production_does_not_work_with_local_keys(settings):
    with pytest.raises(KeyFileError, match="MAMMO_REGION_PSEUDONYMS"):
        wire_keys(settings(), None)


@pytest.mark.parametrize("missing", ["URL", "CA", "CERTIFICATE", "PRIVATE_KEY", "ROLE"])
def test_a_setting_that_is_missing_is_named(settings, address, missing):
    told = reached_by(
        dataclasses.replace(address, certificate=address.ca, private_key=address.ca, role="norr")
    )
    del told[f"PSEUDONYMS_{missing}"]
    with pytest.raises(SettingsError, match=f"_{missing}"):
        wire_keys(settings(PSEUDONYMS="openbao", **told), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PSEUDONYMS", "file"),
        ("PSEUDONYMS_URL", "http://bao.example.org:8200"),
        ("PSEUDONYMS_URL", "https://anna:secret@bao.example.org"),
        ("PSEUDONYMS_KEY", "people/../root"),
        ("PSEUDONYMS_BATCH", "0"),
        ("PSEUDONYMS_PREVIOUS", "-1"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_not_shown(settings, name, value):
    with pytest.raises(SettingsError, match=f"MAMMO_REGION_{name} ") as caught:
        settings(**{name: value})
    assert value not in str(caught.value)
