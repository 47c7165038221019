"""Who may enter a region at the third party, and its set-up: on a real OpenBao."""

import re
from base64 import b64encode
from collections.abc import Iterator

import pytest

from flows.errors import KeyServiceError
from flows.keys.key_service import KeyService
from tests.key_service import HOST, SETUP, Authority, OpenBao

NAME = "region-ost"
PATH = f"auth/cert/certs/{NAME}"


@pytest.fixture
def enrol(key_service):
    """Try to enter a region; what is given replaces what would be right, None leaves it out."""

    def attempt(token: str, path: str = PATH, **changes: str | None) -> None:
        right = {
            "certificate": key_service.authority.certificate.read_text().strip(),
            "allowed_common_names": NAME,
            "token_policies": "region",
            "token_no_default_policy": "true",
            "token_bound_cidrs": f"{HOST}/32",
            "token_num_uses": "5",
            "token_ttl": "1h",
            "token_max_ttl": "1h",
        }
        told = [f"{name}={value}" for name, value in (right | changes).items() if value is not None]
        key_service.bao("bao", "write", path, *told, token=token)

    return attempt


@pytest.fixture
def enroller(key_service) -> str:
    told = (NAME, str(key_service.authority.certificate))
    return key_service.bao("sh", str(SETUP / "enroller.sh"), *told).strip()


def test_an_operator_enters_no_region_and_gives_nobody_the_right_to(key_service, enrol):
    operator = key_service.given("operator")
    for attempt in (
        lambda: enrol(operator),
        lambda: enrol(operator, token_policies="root"),
        lambda: key_service.enter("region-vast") and enrol(operator, "auth/cert/certs/region-vast"),
        lambda: key_service.bao(
            *("sh", str(SETUP / "enroller.sh"), NAME, str(key_service.authority.certificate)),
            token=operator,
        ),
        lambda: key_service.bao(
            "bao", "token", "create", f"-policy=enroller-{NAME}", token=operator
        ),
        lambda: key_service.bao("bao", "write", "auth/cert/config", "x=y", token=operator),
        lambda: key_service.bao("bao", "auth", "enable", "userpass", token=operator),
    ):
        with pytest.raises(RuntimeError, match=r"(?s)403.*permission denied"):
            attempt()


def test_an_operator_shuts_a_region_out_alone(key_service):
    service = KeyService(key_service.enter("region-ut"))
    try:
        operator = key_service.given("operator")
        assert "region-ut" in key_service.bao("bao", "list", "auth/cert/certs", token=operator)
        key_service.bao("bao", "delete", "auth/cert/certs/region-ut", token=operator)
        with pytest.raises(KeyServiceError, match="refuses this region"):
            service.rekey([bytes(32)])
    finally:
        service.close()


def test_an_enroller_enters_that_region_with_its_authority_and_name_and_nothing_else(
    key_service, enrol, enroller, tmp_path
):
    enrol(enroller)
    own = Authority(tmp_path, "own").certificate.read_text().strip()
    for changes in (
        {"certificate": own},
        {"allowed_common_names": "mine"},
        {"allowed_common_names": f"{NAME},mine"},
        {"allowed_common_names": "*"},
        {"token_policies": "root"},
        {"token_policies": "region,operator"},
        {"token_num_uses": "0"},
        {"token_num_uses": "+0"},
        {"token_ttl": "768h"},
        {"token_type": "batch"},
        {"path": "auth/cert/certs/mine"},
        *({name: None} for name in ("certificate", "allowed_common_names", "token_num_uses")),
        *({name: None} for name in ("token_policies", "token_bound_cidrs", "token_ttl")),
    ):
        with pytest.raises(RuntimeError, match=r"(?s)403.*permission denied"):
            enrol(enroller, **changes)
    for words in (
        ("write", "transit/hmac/people/sha2-256", "input=YQ=="),
        ("write", "-f", "transit/keys/people/rotate"),
        ("write", f"sys/quotas/rate-limit/{NAME}", "rate=1000"),
        ("write", f"sys/policies/acl/enroller-{NAME}", "policy=x"),
        ("token", "create", "-policy=region"),
    ):
        with pytest.raises(RuntimeError, match="permission denied"):
            key_service.bao("bao", *words, token=enroller)


def test_an_enrolment_and_a_refused_one_are_in_the_audit_log(key_service, enrol, enroller):
    before = len(key_service.audited())
    enrol(enroller)
    with pytest.raises(RuntimeError, match="denied"):
        enrol(key_service.given("operator"))
    seen = [
        (one["auth"]["policies"], "error" in one)
        for one in key_service.audited()[before:]
        if one["type"] == "response" and one["request"]["path"] == PATH
    ]
    assert seen == [([f"enroller-{NAME}"], False), (["default", "operator"], True)]


def test_the_right_to_enter_takes_two_key_holders(key_service):
    operator = key_service.given("operator")

    def words(*more: str) -> str:
        return key_service.bao("bao", "operator", "generate-root", *more, token=operator)

    begun = dict(re.findall(r"^(\w+) +(\S+)$", words("-init"), re.MULTILINE))
    one, other = key_service.unseal_keys
    nonce = f"-nonce={begun['Nonce']}"
    said = words(nonce, one)
    assert re.search(r"Complete +false", said)
    assert "Encoded Token" not in said
    encoded = re.search(r"Encoded Token +(\S+)", words(nonce, other))
    root = words(f"-decode={encoded[1]}", f"-otp={begun['OTP']}").strip()
    told = (NAME, str(key_service.authority.certificate))
    enroller = key_service.bao("sh", str(SETUP / "enroller.sh"), *told, token=root).strip()
    key_service.bao("bao", "token", "revoke", "-self", token=root)
    entered = (*told, f"{HOST}/32", "5")
    assert NAME in key_service.bao("sh", str(SETUP / "region.sh"), *entered, token=enroller)


@pytest.mark.parametrize("name", ["", "*", "../x", 'a"', "a b", "Region", "region-norr,mine"])
def test_a_name_that_is_none_is_refused(key_service, name):
    for script, more in (("enroller.sh", ()), ("region.sh", (f"{HOST}/32", "5"))):
        told = (name, str(key_service.authority.certificate), *more)
        with pytest.raises(RuntimeError, match="small letters"):
            key_service.bao("sh", str(SETUP / script), *told)


def test_a_file_that_is_no_certificate_is_refused(key_service, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(RuntimeError, match="no certificate"):
        key_service.bao("sh", str(SETUP / "enroller.sh"), NAME, str(tmp_path / "ca.pem"))


@pytest.fixture
def bare(tmp_path) -> Iterator[OpenBao]:
    """A service that was never set up."""
    service = OpenBao(tmp_path)
    try:
        service.start(set_up=False)
        yield service
    finally:
        service.kill()


def test_a_setup_that_broke_off_anywhere_is_finished_by_the_next_with_the_same_key(bare, tmp_path):
    (tmp_path / "bin").mkdir()
    breaks = tmp_path / "bin" / "bao"
    breaks.write_text(
        '#!/bin/sh\nn=$(cat "$COUNT"); echo $((n - 1)) >"$COUNT"; [ "$n" -gt 0 ] || exit 9\n'
        'PATH=${PATH#*:} exec bao "$@"\n'
    )
    breaks.chmod(0o755)
    count, made = tmp_path / "count", set()
    script = f"PATH={tmp_path}/bin:$PATH COUNT={count} exec sh {SETUP}/setup.sh"
    digest = {"input": b64encode(bytes(32)).decode()}
    for calls in range(40):
        count.write_text(str(calls))
        try:
            said = bare.bao("sh", "-c", script)
        except RuntimeError as error:
            said = str(error)
        else:
            break
        assert "set up already" not in said
        answer = bare._request("PUT", "transit/hmac/people/sha2-256", json=digest)
        if answer.is_success:
            made.add(answer.json()["data"]["hmac"])
    assert calls > 6
    assert "ready" in said
    made.add(bare.call("PUT", "transit/hmac/people/sha2-256", digest)["data"]["hmac"])
    assert len(made) == 1
    with pytest.raises(RuntimeError, match="set up already"):
        bare.bao("sh", str(SETUP / "setup.sh"))
    service = KeyService(bare.enter("region-norr"))
    assert service.rekey([bytes(32)]).version == 1
    service.close()
