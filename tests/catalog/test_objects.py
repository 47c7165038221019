"""Objects are written once, read back, and outlive their server; errors name no key."""

import hashlib
import io
import os
import secrets
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, BinaryIO, cast

import pytest

from catalog.errors import (
    AlreadyStoredError,
    CatalogError,
    NotFoundError,
    Reason,
    RetriableError,
    StorageError,
)
from catalog.minio_body import BLOCK_BYTES
from catalog.minio_store import PART_BYTES, MinioStore, ensure_buckets
from catalog.objects import StoredObject
from tests.servers import S3Server, free_ports


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: MinioStore, key: str, data: bytes) -> None:
    store.put(key, io.BytesIO(data), len(data), digest(data))


@pytest.fixture
def clean(s3: S3Server) -> MinioStore:
    return s3.store("clean", "region")


def test_bytes_come_back_whole_and_in_ranges(clean: MinioStore) -> None:
    data = os.urandom(3 * BLOCK_BYTES + 17)
    put(clean, "a/ranges", data)
    assert clean.stat("a/ranges") == StoredObject(len(data), digest(data))
    blocks = list(clean.get("a/ranges"))
    assert b"".join(blocks) == data
    assert max(map(len, blocks)) == BLOCK_BYTES
    assert b"".join(clean.get("a/ranges", 5, 10)) == data[5:15]
    assert b"".join(clean.get("a/ranges", len(data) - 3)) == data[-3:]
    assert list(clean.get("a/ranges", 5, 0)) == []


def test_an_empty_object_can_be_stored(clean: MinioStore) -> None:
    put(clean, "a/empty", b"")
    assert list(clean.get("a/empty")) == []


class Zeros(io.RawIOBase):
    """A stream that is larger than what may be in memory, made as it is read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0

    def read(self, size: int = -1) -> bytes:
        given = self.left if size < 0 else min(size, self.left)
        self.largest = max(self.largest, given)
        self.left -= given
        return bytes(given)


def test_a_large_object_goes_in_parts(clean: MinioStore) -> None:
    size = 3 * PART_BYTES + 1
    whole = hashlib.sha256()
    for _ in range(3):
        whole.update(bytes(PART_BYTES))
    whole.update(b"\0")
    stream = Zeros(size)
    tracemalloc.start()
    try:
        clean.put("a/large", cast("BinaryIO", stream), size, whole.hexdigest())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.largest <= PART_BYTES
    assert peak < 2.5 * PART_BYTES
    assert clean.stat("a/large").size == size


def test_the_same_bytes_again_are_no_news_and_others_are_refused(clean: MinioStore) -> None:
    put(clean, "a/once", b"first")
    put(clean, "a/once", b"first")
    for other in (b"other", b"longer than the first"):
        with pytest.raises(AlreadyStoredError):
            put(clean, "a/once", other)
    assert b"".join(clean.get("a/once")) == b"first"


def test_what_is_put_again_is_wanted_anew(s3: S3Server, clean: MinioStore, monkeypatch) -> None:
    put(clean, "a/wanted", b"bytes")
    put(clean, "a/left", b"bytes")
    time.sleep(1.1)  # a store's clock tells seconds
    put(clean, "a/wanted", b"bytes")
    assert clean.age("a/wanted") >= timedelta(seconds=1)
    monkeypatch.setattr("catalog.minio_store.FRESH", timedelta(0))
    put(clean, "a/wanted", b"bytes")
    assert clean.age("a/wanted") < clean.age("a/left")
    assert clean.stat("a/wanted") == StoredObject(5, digest(b"bytes"))
    wanted, left = (next(clean.listed(key)) for key in ("a/wanted", "a/left"))
    assert (wanted.key, wanted.size) == ("a/wanted", 5)
    assert wanted.modified > left.modified


def test_what_is_removed_while_it_is_put_again_is_uploaded(clean: MinioStore, monkeypatch) -> None:
    put(clean, "a/swept", b"bytes")
    want = MinioStore._want

    def swept(store: MinioStore, key: str, sha256: str) -> None:
        store.remove(key)
        want(store, key, sha256)

    monkeypatch.setattr(MinioStore, "_want", swept)
    put(clean, "a/swept", b"bytes")
    assert b"".join(clean.get("a/swept")) == b"bytes"


def test_bytes_that_are_not_what_was_promised_do_not_stay(clean: MinioStore) -> None:
    with pytest.raises(StorageError) as caught:
        clean.put("a/liar", io.BytesIO(b"others"), 6, digest(b"promise"))
    assert caught.value.reason is Reason.DAMAGED
    with pytest.raises(NotFoundError):
        clean.stat("a/liar")
    with pytest.raises(StorageError):
        clean.put("a/short", io.BytesIO(b"short"), 6, digest(b"short"))


def test_damage_under_a_right_label_is_seen_and_made_good(s3: S3Server, clean: MinioStore) -> None:
    label: dict[str, Any] = {"sha256": digest(b"right")}
    s3.store("clean")._client.put_object("clean", "a/bad", io.BytesIO(b"wrong"), 5, metadata=label)
    with pytest.raises(StorageError):
        put(clean, "a/bad", b"right")
    put(clean, "a/bad", b"right")
    assert b"".join(clean.get("a/bad")) == b"right"


def test_keys_are_listed_by_prefix(clean: MinioStore) -> None:
    for key in ("list/b", "list/a/1", "list/a/2", "lists"):
        put(clean, key, b"x")
    assert list(clean.keys("list/")) == ["list/a/1", "list/a/2", "list/b"]


def test_an_absent_object_is_not_found(clean: MinioStore) -> None:
    for act in (clean.get, clean.stat):
        with pytest.raises(NotFoundError):
            act("a/absent")


def test_what_is_removed_is_gone_and_only_its_own_identity_removes(s3: S3Server) -> None:
    mine = s3.store("quarantine", "region")
    put(mine, "a/removed", b"x")
    for who in ("door", "hub"):
        with pytest.raises(StorageError):
            s3.store("quarantine", who).remove("a/removed")
    assert mine.stat("a/removed").size == 1
    for _ in range(2):
        mine.remove("a/removed")
    with pytest.raises(NotFoundError):
        mine.stat("a/removed")


def test_an_identity_has_its_own_buckets_only(s3: S3Server) -> None:
    put(s3.store("quarantine"), "secret-key", b"x")
    put(s3.store("clean"), "secret-key", b"x")
    door = s3.store("clean", "door")
    assert b"".join(door.get("secret-key")) == b"x"
    refused: list[Callable[[], object]] = [
        lambda: put(door, "new-secret-key", b"x"),
        lambda: s3.store("quarantine", "door").get("secret-key"),
        lambda: s3.store("quarantine", "hub").stat("secret-key"),
        lambda: put(s3.store("releases", "region"), "secret-key", b"x"),
    ]
    for act in refused:
        with pytest.raises(CatalogError) as caught:
            act()
        assert isinstance(caught.value, StorageError)
        shown = "".join(traceback.format_exception_only(caught.value)) + repr(caught.value)
        assert "secret-key" not in shown


def test_a_traceback_names_no_key(s3: S3Server) -> None:
    key = secrets.token_hex(8)
    for store in (s3.store("quarantine", "door"), nobody(s3)):
        with pytest.raises(StorageError) as caught:
            store.get(key)
        assert key not in "".join(traceback.format_exception(caught.value))


def nobody(s3: S3Server) -> MinioStore:
    endpoint = f"127.0.0.1:{free_ports(1)[0]}"
    return MinioStore(endpoint, s3.credentials["door"], "clean", secure=False, timeout=1.0)


def test_a_server_that_is_away_is_retriable(s3: S3Server) -> None:
    with pytest.raises(RetriableError):
        nobody(s3).stat("a")
    with pytest.raises(RetriableError):
        list(nobody(s3).keys())


def test_a_connection_is_given_back_however_reading_ends(s3: S3Server) -> None:
    store = s3.store("clean", "region")
    put(store, "a/half", bytes(4 * BLOCK_BYTES))
    pools: Any = store._client._http.pools
    with store.get("a/half") as body:
        next(body)
    assert list(body) == []
    next(store.get("a/half"))
    list(store.get("a/half"))
    (pool,) = (pools[key] for key in pools.keys())  # noqa: SIM118 # its container has no iterator
    # As many places are free as there were: no connection is still lent out.
    assert pool.pool.qsize() == pool.pool.maxsize


def test_ensuring_buckets_twice_changes_nothing(s3: S3Server) -> None:
    for _ in range(2):
        ensure_buckets(s3.endpoint, s3.credentials["admin"], ["clean", "extra"], secure=False)
    put(s3.store("extra"), "a", b"x")


@pytest.fixture(scope="module")
def fragile(
    s3_server: type[S3Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3Server]:
    server = s3_server(tmp_path_factory.mktemp("fragile"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Slow(io.RawIOBase):
    """A stream that lets the server be killed when its second part is asked for."""

    def __init__(self, size: int, kill: S3Server) -> None:
        self.left = size
        self.kill = kill

    def read(self, size: int = -1) -> bytes:
        if self.left < size or self.left <= PART_BYTES:
            self.kill.kill()
        given = min(size, self.left)
        self.left -= given
        return bytes(given)


def test_a_server_killed_while_it_is_written_to_loses_nothing(fragile: S3Server) -> None:
    store = fragile.store("clean", "region", timeout=5.0)
    put(store, "kept", b"acknowledged")
    size = 2 * PART_BYTES
    whole = digest(bytes(size))
    with pytest.raises(StorageError):
        store.put("victim", cast("BinaryIO", Slow(size, fragile)), size, whole)
    fragile.start()
    with pytest.raises(NotFoundError):
        store.stat("victim")
    store.put("victim", io.BytesIO(bytes(size)), size, whole)
    assert store.stat("victim") == StoredObject(size, whole)
    assert b"".join(store.get("kept")) == b"acknowledged"


def test_a_server_killed_while_it_is_read_from_says_so(fragile: S3Server) -> None:
    store = fragile.store("clean", "region", timeout=5.0)
    put(store, "large", bytes(64 * BLOCK_BYTES))
    body = store.get("large")
    next(body)
    fragile.kill()
    with pytest.raises(StorageError):
        list(body)


def test_threads_share_a_store(clean: MinioStore) -> None:
    errors: list[CatalogError] = []

    def work(number: int) -> None:
        try:
            put(clean, f"threads/{number % 2}", b"same")
        except CatalogError as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
