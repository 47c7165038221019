"""Where a page of a search ended, in a text that belongs to that search only."""

import base64
import hashlib
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from catalog.errors import CursorError

if TYPE_CHECKING:
    from catalog.search import Query

_CURSOR = re.compile(r"(?P<key>[0-9a-f]{32})(?P<mark>[0-9a-f]{16})")
_MARK_LENGTH = 16


def _mark(key: str, query: "Query") -> str:
    asked = json.dumps(asdict(query), sort_keys=True)
    return hashlib.sha256(f"{key} {asked}".encode()).hexdigest()[:_MARK_LENGTH]


def write_cursor(key: str, query: "Query") -> str:
    """Write where a page of a query ended."""
    return base64.urlsafe_b64encode(bytes.fromhex(key + _mark(key, query))).decode()


def read_cursor(cursor: str, query: "Query") -> str:
    """Give the handle after which the next page of a query begins.

    Raises:
        CursorError: It was not given for this query.
    """
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).hex()
    except ValueError:
        raise CursorError from None
    parts = _CURSOR.fullmatch(text)
    if parts is None or parts["mark"] != _mark(parts["key"], query):
        raise CursorError
    return parts["key"]
