"""What the third party's key service answers, read: digests, or what helps; nothing is quoted."""

import binascii
import re
from base64 import b64decode
from typing import NamedTuple

import httpx

from flows.errors import KeyServiceError

DIGEST_BYTES = 32
_VALUE = re.compile(r"vault:v(?P<version>[1-9]\d{0,5}):(?P<digest>[A-Za-z0-9+/]{43}=)")
_OK, BAD, DENIED, _TOO_LARGE = 200, 400, 403, 413
_ABSENT = frozenset({404, 405})
#: Besides 5xx: a read that is too early for its node (412), the quota (429), a standby (307, 47x).
_BUSY = frozenset({307, 408, 412, 429, 472, 473})
_SERVER_ERROR = 500

REFUSED = (
    "the third party's key service refuses this region: its certificate, token or policy does not "
    "allow to re-key pseudonyms with this key. Ask the third party; nothing was published"
)
_NO_KEY = (
    "the third party has no such key. If it was destroyed, nothing more can be linked with what "
    "it made, and no run will make another. Ask the third party; see docs/third-party.md"
)
_TOO_OLD = (
    "the third party no longer computes an earlier version of its key. Once all Subjects have been "
    "carried over, say so with MAMMO_REGION_PSEUDONYMS_PREVIOUS=0"
)
_NO_SERVICE = (
    "there is no transit engine at this address; "
    "see MAMMO_REGION_PSEUDONYMS_URL, _MOUNT and _NAMESPACE"
)
_LARGE = "the third party takes smaller requests only; lower MAMMO_REGION_PSEUDONYMS_BATCH"
STRANGE = "the third party's key service answered something else than pseudonyms"


class Rekeyed(NamedTuple):
    """Digests under one version of the key, in the order they were asked for."""

    version: int
    digests: tuple[bytes, ...]


def require_answer(answer: httpx.Response) -> None:
    """Pass a whole answer; of every other say what helps.

    Raises:
        KeyServiceError: The answer refuses, or is none.
    """
    status = answer.status_code
    if status == _OK:
        return
    if status == BAD and "key not found" in answer.text:
        raise KeyServiceError(_NO_KEY)
    if status == BAD and "version is too old" in answer.text:
        raise KeyServiceError(_TOO_OLD)
    if status in _ABSENT:
        raise KeyServiceError(_NO_SERVICE)
    if status == _TOO_LARGE:
        raise KeyServiceError(_LARGE)
    raise KeyServiceError(REFUSED if status == DENIED else f"{STRANGE} ({status})")


def rekeyed(answer: httpx.Response) -> Rekeyed:
    """Read an answer; one item that is not what it must be spoils all.

    Raises:
        KeyServiceError: It is not what a key service says.
    """
    try:
        values = [one["hmac"] for one in answer.json()["data"]["batch_results"]]
        found = [_VALUE.fullmatch(value) for value in values]
        digests = tuple(b64decode(one["digest"], validate=True) for one in found if one)
        versions = {int(one["version"]) for one in found if one}
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise KeyServiceError(STRANGE) from None
    whole = len(digests) == len(values) and all(len(one) == DIGEST_BYTES for one in digests)
    if not whole or len(versions) != 1:
        raise KeyServiceError(STRANGE)
    return Rekeyed(versions.pop(), digests)


def is_busy(answer: httpx.Response) -> bool:
    """Tell whether the same request may be answered later."""
    return answer.status_code in _BUSY or answer.status_code >= _SERVER_ERROR
