"""infra/minio/setup.sh makes of an empty MinIO what infra/compose.yaml promises of it."""

import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from minio import Minio
from minio.error import S3Error

from tests.minio_server import PROGRAM
from tests.servers import free_ports

INFRA = Path(__file__).parents[2] / "infra"
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())


@dataclass
class Side:
    endpoint: str
    secrets: Path
    setup: dict[str, str]

    def client(self, name: str) -> Minio:
        secret = (self.secrets / f"store_{name}").read_text()
        return Minio(self.endpoint, name, secret, secure=False, region="us-east-1")

    def root(self) -> Minio:
        path = self.secrets / Path(self.setup["ROOT"]).name
        told = dict(line.split("=", 1) for line in path.read_text().splitlines())
        user, password = told["MINIO_ROOT_USER"], told["MINIO_ROOT_PASSWORD"]
        return Minio(self.endpoint, user, password, secure=False, region="us-east-1")

    def run(self) -> None:
        told = self.setup | {
            "STORE": f"http://{self.endpoint}",
            "ROOT": str(self.secrets / Path(self.setup["ROOT"]).name),
            "SECRETS": str(self.secrets),
            "MC_CONFIG_DIR": str(self.secrets / "mc"),
            "PATH": f"{Path(os.environ[PROGRAM]).parent}:{os.defpath}",
            "HOME": str(self.secrets),
        }
        subprocess.run(["sh", str(INFRA / "minio" / "setup.sh")], env=told, check=True)


@pytest.fixture(scope="module", params=["region", "hub"])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp(request.param)
    script = ["sh", str(INFRA / "images" / "secrets.sh")]
    told = {"MAMMO_SECRETS": str(folder / "secrets"), "PATH": os.defpath}
    subprocess.run(script, env=told, capture_output=True, check=False)
    services = COMPOSE["services"]
    setup = services[f"{request.param}-store-setup"]["environment"]
    server = services[f"{request.param}-store"]["environment"]
    known = Side(f"127.0.0.1:{free_ports(1)[0]}", folder / "secrets", setup)
    config = known.secrets / Path(server["MINIO_CONFIG_ENV_FILE"]).name
    process = subprocess.Popen(
        [os.environ[PROGRAM], "server", str(folder / "data"), f"--address={known.endpoint}"],
        env=server | {"HOME": str(folder), "MINIO_CONFIG_ENV_FILE": str(config)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        known.run()
        known.run()  # a second time, nothing changes
        yield known
    finally:
        process.kill()
        process.wait()


def test_buckets_are_encrypted_some_keep_versions_and_the_audits_is_locked(side: Side) -> None:
    root, setup = side.root(), side.setup
    for bucket in (*setup["BUCKETS"].split(), setup["LOCKED"]):
        kept = bucket in setup["VERSIONED"].split() or bucket == setup["LOCKED"]
        # Erasing an original must erase it.
        assert (root.get_bucket_versioning(bucket).status == "Enabled") == kept
        assert root.get_bucket_encryption(bucket).rule.sse_algorithm == "AES256"
    lock = root.get_object_lock_config(setup["LOCKED"])
    assert (lock.mode, lock.duration) == ("COMPLIANCE", 3650)


def test_who_writes_the_audit_can_neither_read_nor_take_back(side: Side) -> None:
    (name,) = (pair.split(":")[0] for pair in side.setup["USERS"].split() if "audit" in pair)
    writer, bucket = side.client(name), side.setup["LOCKED"]
    kept = writer.put_object(bucket, "line", io.BytesIO(b"x"), 1).version_id
    for act in (
        lambda: writer.get_object(bucket, "line"),
        lambda: writer.remove_object(bucket, "line"),
        lambda: side.root().remove_object(bucket, "line", version_id=kept),
    ):
        with pytest.raises(S3Error):
            act()


def test_every_user_reaches_the_buckets_of_its_policy_alone(side: Side) -> None:
    for pair in side.setup["USERS"].split():
        name, policy = pair.split(":")
        text = (INFRA / "minio" / "policies" / f"{policy}.json").read_text()
        for bucket in side.setup["BUCKETS"].split():
            listing = side.client(name).list_objects(bucket)
            if f":::{bucket}" in text:
                assert list(listing) == []
            else:
                with pytest.raises(S3Error):
                    list(listing)
