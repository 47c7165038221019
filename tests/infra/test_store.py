import io
from typing import Any

import httpx
import psutil
import pytest
from minio.error import S3Error

from infra import process
from infra.credentials import CLEAN, PROBE, QUARANTINE, RELEASES
from infra.ports import HOST
from tests.infra.killing import end

BUCKETS = (QUARANTINE, CLEAN, RELEASES)
READ = {
    "region": {QUARANTINE},
    "publisher": {CLEAN},
    "hub": {CLEAN, RELEASES},
    "door": {CLEAN, RELEASES},
    "probe": set(),
}
WRITE = {
    "region": {QUARANTINE},
    "publisher": {CLEAN},
    "hub": {RELEASES},
    "door": set(),
    "probe": set(),
}


def allowed(action: Any) -> bool:
    try:
        action()
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        return False
    return True


def put(client: Any, bucket: str, name: str) -> None:
    client.put_object(bucket, name, io.BytesIO(b"bytes"), 5)


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("identity", sorted(READ))
def test_each_identity_does_what_it_is_for_and_nothing_else(
    store: Any, identity: str, bucket: str
) -> None:
    put(store.client("admin"), bucket, "seed")
    client = store.client(identity)

    def read() -> None:
        with client.get_object(bucket, "seed") as answer:
            answer.read()

    assert allowed(read) == (bucket in READ[identity])
    assert allowed(lambda: list(client.list_objects(bucket))) == (bucket in READ[identity])
    assert allowed(lambda: put(client, bucket, "new")) == (bucket in WRITE[identity])
    assert allowed(lambda: client.remove_object(bucket, "seed")) == (bucket in WRITE[identity])
    assert not allowed(lambda: client.remove_bucket(bucket))
    assert not allowed(lambda: client.make_bucket(f"mammo-of-{identity}"))


def test_only_the_probe_reaches_its_bucket(store: Any) -> None:
    for identity in ("admin", "region", "publisher", "hub", "door"):
        client = store.client(identity)
        assert not allowed(lambda client=client: list(client.list_objects(PROBE)))


def test_a_bucket_that_holds_something_is_not_removed_even_by_the_admin(store: Any) -> None:
    admin = store.client("admin")
    put(admin, CLEAN, "kept")
    with pytest.raises(S3Error, match="BucketNotEmpty"):
        admin.remove_bucket(CLEAN)


def test_no_bucket_comes_of_itself(store: Any) -> None:
    with pytest.raises(S3Error, match=r"AccessDenied|NoSuchBucket"):
        put(store.client("admin"), "mammo-unheard-of", "x")


def test_nobody_gets_in_without_a_credential(store: Any) -> None:
    put(store.client("publisher"), CLEAN, "private")
    s3 = f"http://{HOST}:{store.ports.s3}/{CLEAN}/private"
    filer = f"http://{HOST}:{store.ports.inside[4]}/buckets/{CLEAN}/private"
    assert httpx.get(s3).status_code == 403
    assert httpx.get(filer).status_code == 401
    assert httpx.delete(filer).status_code == 401
    assert httpx.put(filer, content=b"other").status_code == 401
    with store.client("publisher").get_object(CLEAN, "private") as answer:
        assert answer.read() == b"bytes"


def test_it_listens_on_loopback_only_and_only_where_it_was_told(store: Any) -> None:
    record = process.read_record(store.state / "run" / "s3.json")
    sockets = psutil.Process(record.pid).net_connections("inet")
    listening = {place.laddr for place in sockets if place.status == psutil.CONN_LISTEN}
    assert {address.ip for address in listening} == {HOST}
    assert {address.port for address in listening} == {store.ports.s3, *store.ports.inside}


def test_it_sees_nothing_of_the_callers_environment(store: Any) -> None:
    record = process.read_record(store.state / "run" / "s3.json")
    seen = psutil.Process(record.pid).environ()
    assert "CANARY_OF_THE_CALLER" not in seen
    assert not [name for name in seen if name.startswith(("AWS_", "MAMMO_REGION", "PREFECT"))]
    assert seen["HOME"] == str(store.state / "home")


def test_no_secret_is_on_its_command_line(store: Any) -> None:
    record = process.read_record(store.state / "run" / "s3.json")
    words = " ".join(psutil.Process(record.pid).cmdline())
    secrets = [key.secret_key for key in store.credentials.s3.values()]
    assert not [secret for secret in (*secrets, *store.credentials.jwt.values()) if secret in words]


def test_all_that_it_keeps_is_its_owners_alone(store: Any) -> None:
    assert store.state.stat().st_mode & 0o077 == 0
    private = [path for path in (store.state / "secrets").iterdir() if path.is_file()]
    assert len(private) >= 3
    assert not [path for path in private if path.stat().st_mode & 0o177]


def test_a_killed_store_starts_again_with_what_it_held(store: Any) -> None:
    put(store.client("publisher"), CLEAN, "held")
    before = process.read_record(store.state / "run" / "s3.json")
    end(before.pid)
    store.up()
    after = process.read_record(store.state / "run" / "s3.json")
    assert after.pid != before.pid
    with store.client("publisher").get_object(CLEAN, "held") as answer:
        assert answer.read() == b"bytes"


def test_a_running_store_is_left_alone(store: Any) -> None:
    before = process.read_record(store.state / "run" / "s3.json")
    store.up()
    assert process.read_record(store.state / "run" / "s3.json") == before


def test_it_keeps_its_objects_when_it_moves_to_other_ports(store: Any, another_ports: Any) -> None:
    put(store.client("publisher"), CLEAN, "moved")
    old = store.ports
    store.stack.down()
    store.stack.ports = store.ports = another_ports()
    store.up()
    assert store.ports != old
    with store.client("publisher").get_object(CLEAN, "moved") as answer:
        assert answer.read() == b"bytes"
