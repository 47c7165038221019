"""The head of a store's answer (RFC 9112 §4, §5): only what a GET of known bytes needs."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from catalog.errors import NotFoundError, Reason, StorageError

MOST: Final = 16 * 1024
END: Final = b"\r\n\r\n"
TROUBLE: Final = frozenset({500, 502, 503, 504})
"""Of these a store may have got the better when it is asked again."""

_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(?:\d{1,19}|\*)", re.ASCII)


@dataclass(frozen=True)
class Head:
    """Status and fields of one answer.

    Attributes:
        fields: By names in small letters.
        again: Whether the connection may be asked again (RFC 9112 §9.3).
    """

    status: int
    fields: dict[str, str]
    again: bool

    def require(self, start: int, stop: int) -> None:
        """Refuse what is not exactly the bytes from `start` up to but not including `stop`.

        Raises:
            NotFoundError: There is no such object.
            StorageError: It is something else.
        """
        if self.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError
        if self.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise StorageError(Reason.REFUSED)
        coded = {"transfer-encoding", "content-encoding"} & self.fields.keys()
        if coded or self.fields.get("content-length") != str(stop - start):
            raise StorageError(Reason.DAMAGED)
        if self.status == HTTPStatus.OK:
            part = (0, stop - 1) if start == 0 else None
        else:
            found = _RANGE.fullmatch(self.fields.get("content-range", ""))
            part = (int(found[1]), int(found[2])) if found else None
        if part != (start, stop - 1):
            raise StorageError(Reason.DAMAGED)


class _Fields:
    """What the parser found."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field; one that comes twice is none that we would believe."""
        key, said = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        self.found[key] = f"{self.found[key]}, {said}" if key in self.found else said


def read_head(data: bytes) -> Head:
    """Read a head with its end.

    Raises:
        StorageError: It is none.
    """
    fields = _Fields()
    parser = HttpResponseParser(fields)
    try:
        parser.feed_data(data)
    except (HttpParserError, HttpParserUpgrade):
        raise StorageError from None
    if parser.get_http_version() != "1.1":
        raise StorageError
    return Head(parser.get_status_code(), fields.found, parser.should_keep_alive())
