"""What a service account signs to get a token at `POST /token` (RFC 7523 §3).

header  alg ES256 · kid the key's thumbprint · typ client-authentication+jwt
claims  iss = sub the account's id · aud the door · iat, exp at most five minutes later · jti
"""

import re
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

PREFIX: Final = "spe-"
NAMED: Final = re.compile(rf"{PREFIX}[a-z0-9][a-z0-9-]{{0,59}}")
ALGORITHM: Final = "ES256"
TYPE: Final = "client-authentication+jwt"
LONGEST: Final = timedelta(minutes=5)
JTI: Final = re.compile(r"[A-Za-z0-9._~-]{16,64}")


def sign(key: ECKey, account: str, audience: str, *, at: datetime) -> str:
    """Sign an assertion that lives five minutes, for one token.

    Args:
        key: The account's private key.
        account: Its id.
        audience: The door's (MAMMO_API_AUDIENCE).
        at: Now.
    """
    claims = {
        "iss": account,
        "sub": account,
        "aud": audience,
        "iat": int(at.timestamp()),
        "exp": int((at + LONGEST).timestamp()),
        "jti": uuid4().hex,
    }
    header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": TYPE}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])
