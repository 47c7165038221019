"""A caller of the intake that can do everything wrong: it signs what it is told to sign."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from catalog.arrivals.regions import key_id
from flows.intake.keys import load_key
from tests.intake.conftest import Hub

COMPONENTS = '("@method" "@authority" "@path" "@query" "content-digest")'


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@dataclass(repr=False)
class Caller:
    """One who holds a region's key; `headers` signs, and every part of it can be said otherwise."""

    hub: Hub
    key: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        import ssl

        context = ssl.create_default_context(cafile=str(self.hub.ca))
        self.client = httpx.Client(base_url=self.hub.url, verify=context, timeout=20)

    def headers(
        self, method: str, path: str, body: bytes = b"", /, **said: object
    ) -> dict[str, str]:
        key = load_key(self.key)
        told = {
            "method": method,
            "authority": self.hub.settings.authority,
            "path": path.partition("?")[0],
            "query": path.partition("?")[2],
            "digest": digest(body),
            "created": int(time.time()),
            "nonce": secrets.token_urlsafe(18),
            "key_id": key_id(key.public_key().public_bytes_raw()),
            "alg": "ed25519",
            "tag": "mammo-intake",
        } | said
        params = (
            f'{COMPONENTS};created={told["created"]};nonce="{told["nonce"]}"'
            f';keyid="{told["key_id"]}";alg="{told["alg"]}";tag="{told["tag"]}"'
        )
        base = (
            f'"@method": {told["method"]}\n"@authority": {told["authority"]}\n'
            f'"@path": {told["path"]}\n"@query": ?{told["query"]}\n'
            f'"content-digest": {told["digest"]}\n"@signature-params": {params}'
        )
        signature = base64.b64encode(key.sign(base.encode())).decode()
        return {
            "Content-Digest": str(told["digest"]),
            "Signature-Input": f"mammo={params}",
            "Signature": f"mammo=:{signature}:",
        }

    def call(self, method: str, path: str, body: bytes = b"", /, **said) -> httpx.Response:
        headers = self.headers(method, path, body, **said)
        return self.client.request(method, path, content=body, headers=headers)

    def put(self, holder: str, body: bytes, **said) -> httpx.Response:
        path = f"/objects/{holder}/{hashlib.sha256(body).hexdigest()}"
        return self.call("PUT", path, body, **said)
