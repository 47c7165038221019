"""The real MinIO server, built from source by `make test-minio`, in SeaweedFS's place.

Its users have the very policies that infra/compose.yaml gives them, on the tests' buckets.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minio.credentials import StaticProvider
from minio.error import MinioAdminException
from minio.minioadmin import MinioAdmin

from tests.servers import S3Server

POLICIES = Path(__file__).parents[1] / "infra" / "minio" / "policies"
#: Which policies the tests' identities have.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "region": ("region", "publisher"),
    "hub": ("hub",),
    "door": ("door",),
}
PROGRAM = "MAMMO_MINIO"


@dataclass(repr=False)
class MinioServer(S3Server):
    """One MinIO on one folder, every object encrypted by the server."""

    def __post_init__(self) -> None:
        self._kms = base64.b64encode(secrets.token_bytes(32)).decode()
        self._has_users = False

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    def _write_identities(self) -> None:
        """They are told to the server when it runs."""

    def _takes_writes(self) -> bool:
        return super()._takes_writes() and self._users()

    def _users(self) -> bool:
        if self._has_users:
            return True
        root = self.credentials["admin"]
        admin = MinioAdmin(
            endpoint=self.endpoint,
            credentials=StaticProvider(root.access_key, root.secret_key),
            secure=False,
        )
        try:
            for name, policies in GIVEN.items():
                who = self.credentials[name]
                admin.user_add(who.access_key, who.secret_key)
                for policy in policies:
                    admin.policy_add(policy, policy=_policy(policy))
                admin.attach_policy(list(policies), user=who.access_key)
        except MinioAdminException:
            return False
        self._has_users = True
        return True

    def _command(self) -> list[str]:
        return [
            os.environ[PROGRAM],
            "server",
            f"--address={self.endpoint}",
            f"--certs-dir={self.folder / 'certs'}",
            str(self.folder / "data"),
        ]

    def _environment(self) -> dict[str, str]:
        root = self.credentials["admin"]
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "MINIO_ROOT_USER": root.access_key,
            "MINIO_ROOT_PASSWORD": root.secret_key,
            "MINIO_KMS_SECRET_KEY": f"tests:{self._kms}",
            "MINIO_KMS_AUTO_ENCRYPTION": "on",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "GOMEMLIMIT": "800MiB",
        }


def _policy(name: str) -> dict[str, Any]:
    text = (POLICIES / f"{name}.json").read_text()
    told: dict[str, Any] = json.loads(text.replace("arn:aws:s3:::mammo-", "arn:aws:s3:::"))
    return told
