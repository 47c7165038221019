"""The public keys that tokens are checked with (RFC 7517), and which algorithm takes which key."""

import json
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from access_api.errors import AuthenticationError, Doubt, KeysError

MAX_KEY_FILE: Final = 1 << 20
MAX_KEYS: Final = 64
RSA_BITS: Final = 2048
KEY_TYPES: Final = frozenset({"EC", "OKP", "RSA"})

#: Signatures that are believed (RFC 7518 §3.1, RFC 8037), and the key type and curve each takes.
#: Neither `none` nor anything symmetric will ever be here.
ALGORITHMS: Final = MappingProxyType(
    {
        "ES256": (ECKey, "P-256"),
        "ES384": (ECKey, "P-384"),
        "RS256": (RSAKey, ""),
        "PS256": (RSAKey, ""),
        "EdDSA": (OKPKey, "Ed25519"),
        "Ed25519": (OKPKey, "Ed25519"),
    }
)


class KeySource(Protocol):
    """Where the issuer's keys are."""

    def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the key a token names; raises AuthenticationError, KeysError."""


def read_keys(text: bytes) -> tuple[Key, ...]:
    """Read a key set; keys of kinds that no algorithm here takes are left out.

    Raises:
        KeysError: It is none, a private key is in it, or nothing that can be used.
    """
    try:
        entries = json.loads(text)["keys"]
        if not isinstance(entries, list) or len(entries) > MAX_KEYS:
            raise KeysError
        found = tuple(key for entry in entries if (key := _read(entry)) is not None)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise KeysError from None
    if any(key.is_private for key in found):
        raise KeysError
    usable = tuple(key for key in found if any(fits(key, name) for name in ALGORITHMS))
    if not usable:
        raise KeysError
    return usable


def _read(entry: object) -> Key | None:
    """Read one key; None if nobody here knows its kind (RFC 7517 §5), or it is damaged."""
    if not isinstance(entry, dict) or entry.get("kty") not in KEY_TYPES:
        return None
    try:
        return import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def fits(key: Key, algorithm: str) -> bool:
    """Tell whether a key is of the algorithm's kind, and meant for signatures."""
    kind, curve = ALGORITHMS[algorithm]
    if not isinstance(key, kind):
        return False
    if isinstance(key, ECKey | OKPKey) and key.curve_name != curve:
        return False
    if isinstance(key, RSAKey) and key.raw_value.key_size < RSA_BITS:
        return False
    said: dict[str, Any] = key.as_dict(private=False)
    return (
        said.get("use", "sig") == "sig"
        and said.get("alg", algorithm) == algorithm
        and "verify" in said.get("key_ops", ("verify",))
    )


def pick(keys: Iterable[Key], kid: str | None, algorithm: str) -> Key:
    """Choose the one key that a token names; without a `kid`, the only one that fits.

    Raises:
        AuthenticationError: There is none, or more than one.
    """
    found = [key for key in keys if fits(key, algorithm) and (kid is None or key.kid == kid)]
    if len(found) != 1:
        raise AuthenticationError(Doubt.KEY)
    return found[0]


class KeyFile:
    """The issuer's keys in a file, read again when it changes.

    Fails closed: a file that cannot be read, or without a key that can be used, opens nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the key a token names; raises AuthenticationError, KeysError."""
        return pick(self._read(), kid, algorithm)

    def _read(self) -> tuple[Key, ...]:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            with self._lock:
                if stamp != self._stamp:
                    with self._path.open("rb") as file:
                        self._keys = read_keys(file.read(MAX_KEY_FILE))
                    self._stamp = stamp
                return self._keys
        except OSError:
            raise KeysError from None
