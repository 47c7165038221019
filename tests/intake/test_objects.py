"""Objects at the intake: put once under one's own prefix; nothing else is possible."""

import hashlib
import socket
import ssl

import pytest

from catalog.arrivals import regions, visits
from catalog.arrivals.records import Limits
from flows.intake.store import IntakeStore
from tests.intake.caller import Caller, digest
from tests.servers import S3Server

BODY = b"de-identified" * 1000
NAME = hashlib.sha256(BODY).hexdigest()
PATH = f"/objects/prov/{NAME}"
LARGE = b"\x01" * (17 << 20)


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def norr(hub, tmp_path):
    caller = Caller(hub, hub.admit("norr", tmp_path))
    yield caller
    caller.client.close()


def kept(hub):
    return {key: hub.parts.arrivals.stat(key).size for key in hub.parts.arrivals.keys("")}


def test_an_object_is_kept_under_its_region_holder_and_digest(norr, hub):
    assert norr.call("HEAD", PATH).status_code == 404
    assert norr.put("prov", BODY).status_code == 201
    assert norr.call("HEAD", PATH).status_code == 200
    assert norr.put("prov", BODY).status_code == 201
    assert kept(hub) == {f"norr/prov/{NAME}": len(BODY)}
    assert visits.usage(hub.engine, "norr") == (1, len(BODY))


def test_a_large_one_passes_in_pieces(norr, hub):
    assert norr.put("prov", LARGE).status_code == 201
    assert list(kept(hub).values()) == [len(LARGE)]


@pytest.mark.parametrize("body", [BODY, LARGE], ids=["small", "large"])
def test_other_bytes_than_announced_are_never_kept(norr, hub, body):
    path = f"/objects/prov/{hashlib.sha256(body).hexdigest()}"
    headers = norr.headers("PUT", path, body)
    other = bytes([body[0] ^ 1]) + body[1:]
    answer = norr.client.put(path, content=other, headers=headers)
    assert answer.status_code == 422
    assert kept(hub) == {}


def test_the_name_is_the_digest(norr, hub):
    assert norr.call("PUT", f"/objects/prov/{'0' * 64}", BODY).status_code == 422
    assert norr.call("PUT", f"/objects/prov/{'0' * 64}", BODY, digest=digest(b"")).is_client_error
    assert kept(hub) == {}


def test_what_is_there_is_not_overwritten(norr, hub, s3: S3Server):
    """Even by whom the bytes under the name are said to be others: the store was turned."""
    planted = b"other"
    store = s3.store("arrivals")
    import io

    store.put(f"norr/prov/{NAME}", io.BytesIO(planted), 5, hashlib.sha256(planted).hexdigest())
    answer = norr.put("prov", BODY)
    assert (answer.status_code, answer.json()["reason"]) == (409, "STORED_OTHERWISE")
    assert b"".join(store.get(f"norr/prov/{NAME}")) == planted


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PATCH"])
def test_nothing_can_be_read_or_removed(norr, hub, method):
    norr.put("prov", BODY)
    answer = norr.call(method, PATH)
    assert answer.status_code == 405
    assert BODY not in answer.content
    assert list(kept(hub)) == [f"norr/prov/{NAME}"]
    for path in ("/objects", "/objects/prov", "/objects/prov/", "/objects/"):
        assert norr.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/objects/annat/{NAME}",
        f"/objects/../prov/{NAME}",
        f"/objects/%2e%2e/{NAME}",
        f"/objects/prov%2F..%2Fannat/{NAME}",
        f"/objects/prov/{NAME.upper()}",
        f"/objects/prov/{NAME}/..",
        f"/objects/soder/annat/{NAME}",
        "/objects/prov/x",
    ],
)
def test_no_other_place_can_be_named(norr, hub, path):
    assert norr.call("PUT", path, BODY).status_code in {401, 404, 405}
    assert kept(hub) == {}


def test_the_size_is_announced_and_limited(make_hub, tmp_path):
    hub = make_hub(object_bytes=1000)
    caller = Caller(hub, hub.admit("norr", tmp_path))
    assert caller.put("prov", BODY).status_code == 413
    assert caller.put("prov", b"").status_code == 413
    headers = caller.headers("PUT", PATH, BODY)
    answer = caller.client.put(PATH, content=iter([BODY]), headers=headers)  # chunked
    assert answer.status_code == 411
    assert kept(hub) == {}
    caller.client.close()


def test_a_quota_a_day(norr, hub):
    regions.set_limits(hub.engine, "norr", Limits(2, 1000), who="operator")
    found = [norr.put("prov", bytes([n]) * 400) for n in range(3)]
    assert [one.status_code for one in found] == [201, 201, 429]
    regions.set_limits(hub.engine, "norr", Limits(9, 1000), who="operator")
    assert norr.put("prov", b"c" * 300).json()["type"] == "urn:mammo:problem:quota"
    assert norr.put("prov", b"d" * 200).status_code == 201


def test_who_stops_sending_is_let_go(make_hub, tmp_path):
    hub = make_hub(idle_seconds=0.3, uploads=1)
    caller = Caller(hub, hub.admit("norr", tmp_path))
    headers = caller.headers("PUT", PATH, BODY)
    host, port = hub.settings.authority.split(":")
    context = ssl.create_default_context(cafile=str(hub.ca))
    with (
        socket.create_connection((host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=host) as sent,
    ):
        lines = [f"PUT {PATH} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(BODY)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        sent.sendall("\r\n".join([*lines, "", ""]).encode() + BODY[:100])
        assert sent.recv(4096).startswith(b"HTTP/1.1 408")
    assert kept(hub) == {}
    assert caller.put("prov", BODY).status_code == 201  # its one place is free again
    caller.client.close()


def test_what_has_come_is_not_sent_again(norr, hub):
    import io

    intake = hub.intake(norr.key)
    store = IntakeStore(intake)
    large = hashlib.sha256(LARGE).hexdigest()
    store.put("prov/x/y.dcm", io.BytesIO(LARGE), len(LARGE), large)
    hub.received.clear()
    store.put("prov/x/y.dcm", io.BytesIO(LARGE), len(LARGE), large)
    assert sum(map(len, hub.received)) < 10_000
    intake.close()
