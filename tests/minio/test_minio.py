"""What MinIO does beyond the contract, as infra/compose.yaml has it; run by `make test-minio`."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from tests.minio_server import MinioServer


def client(s3: MinioServer, who: str = "admin") -> Minio:
    return s3.store("clean", who)._client


def put(client: Minio, bucket: str, key: str) -> Any:
    return client.put_object(bucket, key, io.BytesIO(b"x"), 1)


def test_every_object_is_encrypted_without_being_asked(s3: MinioServer) -> None:
    put(client(s3), "clean", "a/encrypted")
    told = client(s3).stat_object("clean", "a/encrypted").metadata
    assert told is not None
    assert "x-amz-server-side-encryption" in {name.lower() for name in told}


def test_a_version_outlives_its_removal(s3: MinioServer) -> None:
    admin = client(s3)
    admin.make_bucket("versions")
    admin.set_bucket_versioning("versions", VersioningConfig(ENABLED))
    kept = put(admin, "versions", "a").version_id
    admin.remove_object("versions", "a")
    assert admin.get_object("versions", "a", version_id=kept).read() == b"x"


def test_what_is_locked_cannot_be_removed_even_by_root(s3: MinioServer) -> None:
    admin = client(s3)
    admin.make_bucket("audit", object_lock=True)
    admin.set_object_lock_config("audit", ObjectLockConfig(COMPLIANCE, 1, DAYS))
    kept = put(admin, "audit", "line").version_id
    with pytest.raises(S3Error):
        admin.remove_object("audit", "line", version_id=kept)
    sooner = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(S3Error):
        admin.set_object_retention("audit", "line", sooner, version_id=kept)


def test_the_door_may_neither_write_nor_administer(s3: MinioServer) -> None:
    door = client(s3, "door")
    for act in (
        lambda: put(door, "clean", "b"),
        lambda: door.remove_object("clean", "a/encrypted"),
        lambda: door.make_bucket("mine"),
        lambda: list(door.list_objects("quarantine")),
        lambda: door.get_bucket_policy("clean"),
    ):
        with pytest.raises(S3Error) as caught:
            act()
        assert caught.value.code == "AccessDenied"


def test_no_name_of_a_bucket_is_shown_to_who_may_not_see_it(s3: MinioServer) -> None:
    assert {one.name for one in client(s3, "door").list_buckets()} == {"clean", "releases"}


def test_strangers_and_wrong_secrets_are_refused(s3: MinioServer) -> None:
    for keys in ({}, {"access_key": "door-key", "secret_key": "not the secret"}):
        stranger = Minio(s3.endpoint, **keys, secure=False)
        with pytest.raises(S3Error):
            list(stranger.list_objects("clean"))


def test_a_key_below_another_is_kept_and_not_listed(s3: MinioServer) -> None:
    """So no key of ours may be the folder of another: SeaweedFS lists both."""
    for key in ("below", "below/another"):
        put(client(s3), "clean", key)
    assert client(s3).stat_object("clean", "below/another").size == 1
    assert list(s3.store("clean").keys("below")) == ["below"]
