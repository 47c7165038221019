"""The head of a store's answer (RFC 9112 §4, §5): only what a GET of known bytes needs."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from catalog.errors import NotFoundError, Reason, StorageError

MOST: Final = 16 * 1024
END: Final = b"\r\n\r\n"
TROUBLE: Final = frozenset({500, 502, 503, 504})
"""Of these a store may have got the better when it is asked again."""

_STATUS: Final = re.compile(r"HTTP/1\.1 (\d{3})(?: .*)?", re.ASCII)
_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(?:\d{1,19}|\*)", re.ASCII)


@dataclass(frozen=True)
class Head:
    """Status and fields of one answer.

    Attributes:
        fields: By names in small letters.
    """

    status: int
    fields: dict[str, str]

    @property
    def again(self) -> bool:
        """Whether the connection may be asked again (RFC 9112 §9.3)."""
        return "close" not in self.fields.get("connection", "").lower()

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


def read_head(data: bytes) -> Head:
    """Read a head without its end; a field that comes twice is none that we would believe.

    Raises:
        StorageError: It is none.
    """
    first, *lines = data.decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise StorageError
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise StorageError
        key = name.lower()
        fields[key] = f"{fields[key]}, {value.strip()}" if key in fields else value.strip()
    return Head(int(status[1]), fields)
