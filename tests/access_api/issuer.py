"""An issuer for tests: an ES256 key, its JWKS file, and tokens as we please."""

import base64
import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "https://issuer.test"
AUDIENCE = "urn:mammo:api"


class Issuer:
    def __init__(self, path: Path, kid: str = "k1") -> None:
        self.path = path
        self.key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
        self.publish(self.key)

    def publish(self, *keys: Any, private: bool = False) -> None:
        self.path.write_text(json.dumps({"keys": [key.as_dict(private=private) for key in keys]}))

    def claims(self, subject: str = "anna", *roles: str, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "roles": list(roles),
            "iat": now,
            "exp": now + 300,
        } | other
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, subject: str = "anna", *roles: str, **other: Any) -> str:
        return self.sign(self.claims(subject, *(roles or ("researcher",)), **other))

    def sign(self, claims: dict[str, Any], *, key: Any = None, **header: Any) -> str:
        head = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"} | header
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, claims, key or self.key, algorithms=[head["alg"]])

    @staticmethod
    def part(value: bytes) -> str:
        """Encode a part of a token."""
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
