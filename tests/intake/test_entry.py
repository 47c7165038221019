"""Who enters the intake: a known region, now, once; and nothing that anybody sends is a 5xx."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access_api.access import AllowAnyone
from access_api.intake.entry import _rules
from access_api.intake.errors import SignatureError
from access_api.intake.signatures import read_signature
from catalog import audit
from catalog.arrivals import regions
from catalog.errors import ConflictError, NotFoundError
from flows.intake.keys import load_key, make_key, public_text, read_public
from tests.intake.caller import Caller, digest

HOLDER = "/holders/prov"


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def norr(hub, tmp_path):
    caller = Caller(hub, hub.admit("norr", tmp_path))
    yield caller
    caller.client.close()


def test_a_region_enters_by_its_signature(norr):
    assert norr.call("GET", HOLDER).json()["name"] == "Provsjukhuset"


WRONG = {
    "another method": {"method": "POST"},
    "another hub": {"authority": "hub.example.org"},
    "another path": {"path": "/holders/annat"},
    "another query": {"query": "a=b"},
    "another body": {"digest": digest(b"x")},
    "an unknown key": {"key_id": "0" * 32},
    "a key that is none": {"key_id": "' OR 1=1 --"},
    "another algorithm": {"alg": "hmac-sha256"},
    "another tag": {"tag": "mammo-orders"},
    "a short nonce": {"nonce": "a"},
    "long ago": {"seconds": -400},
    "in the future": {"seconds": 400},
    "no moment": {"created": "now"},
}


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_signed_otherwise_is_refused(norr, what):
    signed = dict(WRONG[what])
    if seconds := signed.pop("seconds", 0):
        signed["created"] = int(time.time()) + seconds
    headers = norr.headers("GET", HOLDER, **signed)
    if what == "another body":
        headers["Content-Digest"] = digest(b"")
    answer = norr.client.get(HOLDER, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:mammo:problem:unauthenticated")


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest"])
def test_without_a_part_of_the_signature_nobody_enters(norr, name):
    headers = norr.headers("GET", HOLDER)
    del headers[name]
    assert norr.client.get(HOLDER, headers=headers).status_code == 401
    twice = [*norr.headers("GET", HOLDER).items()]
    twice += [one for one in twice if one[0] == name]
    assert norr.client.get(HOLDER, headers=twice).status_code == 401


def test_a_request_is_taken_once(norr):
    headers = norr.headers("GET", HOLDER)
    assert norr.client.get(HOLDER, headers=headers).status_code == 200
    assert norr.client.get(HOLDER, headers=headers).status_code == 401


def test_another_body_than_was_signed_is_refused(norr):
    headers = norr.headers("POST", "/holds", b"{}")
    answer = norr.client.post("/holds", content=b'{"version":1}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mammo:problem:digest")


def test_a_forged_signature_is_refused(norr, hub, tmp_path):
    make_key(tmp_path / "thief.pem")
    thief = Caller(hub, tmp_path / "thief.pem")
    mine = norr.headers("GET", HOLDER)["Signature-Input"].split('keyid="')[1][:32]
    assert thief.call("GET", HOLDER, key_id=mine).status_code == 401
    assert thief.call("GET", HOLDER).status_code == 401
    thief.client.close()


def test_keys_rotate_and_are_revoked_for_good(norr, hub, tmp_path):
    (tmp_path / "next").mkdir()
    newer = Caller(hub, hub.admit("norr", tmp_path / "next"))
    assert {norr.call("GET", HOLDER).status_code, newer.call("GET", HOLDER).status_code} == {200}
    public = load_key(norr.key).public_key()
    name = regions.key_id(public.public_bytes_raw())
    assert regions.revoke_key(hub.engine, name, who="operator")
    assert not regions.revoke_key(hub.engine, name, who="operator")
    assert norr.call("GET", HOLDER).status_code == 401
    assert newer.call("GET", HOLDER).status_code == 200
    with pytest.raises(ConflictError):
        regions.add_key(hub.engine, "norr", read_public(public_text(public)), who="operator")
    other = load_key(newer.key).public_key().public_bytes_raw()
    with pytest.raises(ConflictError):
        regions.add_key(hub.engine, "soder", other, who="operator")
    with pytest.raises(NotFoundError):
        regions.add_key(hub.engine, "nowhere", b"x" * 32, who="operator")
    newer.client.close()


def test_every_visit_is_recorded_and_nothing_of_strangers(norr, hub):
    norr.call("GET", HOLDER)
    norr.call("GET", "/holders/annat")
    norr.client.get(HOLDER)
    lines = [one for one in audit.entries(hub.engine) if one.action.startswith("intake.")]
    assert [(one.object, one.outcome) for one in lines] == [
        ("/holders/{holder}", "200"),
        ("/holders/{holder}", "404"),
    ]
    assert all(one.actor.startswith("region:norr/") for one in lines)


def test_a_region_that_hurries_is_slowed_down(make_hub, tmp_path):
    hub = make_hub(requests_a_second=0.001, burst=3)
    caller = Caller(hub, hub.admit("norr", tmp_path))
    found = [caller.call("GET", HOLDER) for _ in range(4)]
    assert [one.status_code for one in found] == [200, 200, 200, 429]
    assert found[-1].headers["retry-after"]
    caller.client.close()


def test_every_route_asks_who_enters(hub):
    from access_api.intake.app import create_app

    app = create_app(hub.settings)
    open_to_all = {
        route.path
        for route in app.routes
        if any(isinstance(rule, AllowAnyone) for rule in _rules(route.dependant))
    }
    assert open_to_all == {"/health", "/openapi.json"}
    methods = {method for route in app.routes for method in route.methods}
    assert methods == {"GET", "HEAD", "POST", "PUT"}


#: RFC 9421, B.1.4 and B.2.6: the standard's own key, message and signature.
PEM = (
    b"-----BEGIN PRIVATE KEY-----\n"
    b"MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
    b"-----END PRIVATE KEY-----\n"
)


def test_the_base_is_built_as_in_the_standard():
    """The same rule for each line as RFC 9421 §2.5; the standard's key signs what we read."""
    key = load_pem_private_key(PEM, password=None)
    assert isinstance(key, Ed25519PrivateKey)
    assert public_text(key.public_key()) == "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
    params = (
        '("@method" "@authority" "@path" "@query" "content-digest");created=1618884473'
        ';nonce="aaaaaaaaaaaaaaaaaaaaaaaa";keyid="' + "0" * 32 + '";alg="ed25519"'
        ';tag="mammo-intake"'
    )
    base = (
        '"@method": POST\n"@authority": example.com\n"@path": /foo\n"@query": ?param=Value\n'
        f'"content-digest": {digest(b"{}")}\n"@signature-params": {params}'
    )
    import base64

    headers = {
        "signature-input": [f"mammo={params}"],
        "signature": [f"mammo=:{base64.b64encode(key.sign(base.encode())).decode()}:"],
        "content-digest": [digest(b"{}")],
    }
    read = read_signature("POST", "example.com", ("/foo", "param=Value"), headers)
    assert read.base == base.encode()
    read.require_by(key.public_key().public_bytes_raw())
    with pytest.raises(SignatureError):
        read.require_by(b"\0" * 32)


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode("utf-8", "surrogatepass")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
POSTS = (
    "/arrivals",
    "/standing",
    "/contradiction",
    "/published-as",
    "/tallies",
    "/holds",
    "/instance-holds",
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from((*POSTS, "/merges")),
    body=st.binary(max_size=200) | JSON.map(_json),
)
def test_no_record_is_answered_by_a_fault(norr, path, body):
    answer = norr.call("POST", path, body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS"]),
    parts=st.lists(st.text("abcdef0123456789.-_~%2/é\x00 ", max_size=70), max_size=4),
    query=st.text("after=&0123456789-x%", max_size=30),
)
def test_no_path_is_answered_by_a_fault(norr, method, parts, query):
    import urllib.parse

    first = ["objects", "arrivals", "holders", "orders"]
    path = "/" + "/".join(urllib.parse.quote(part) for part in (first[len(parts) % 4], *parts))
    whole = f"{path}?{urllib.parse.quote(query, safe='&=')}"
    answer = norr.call(method, whole)
    assert answer.status_code < 500
