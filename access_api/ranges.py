"""One byte range of one object, and the validators around it (RFC 9110 §13, §14)."""

import re
from dataclasses import dataclass
from typing import Final

from access_api.errors import RangeError

_SINGLE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII | re.IGNORECASE)
_ETAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
MAX_VALIDATOR: Final = 4096


@dataclass(frozen=True)
class Extent:
    """Bytes `start` up to but not including `stop` of an object of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes that is."""
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """Whether that is the entire object."""
        return self.length == self.size

    @property
    def content_range(self) -> str:
        """The Content-Range field value (RFC 9110 §14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def choose_extent(header: str | None, size: int) -> Extent | None:
    """Return the range asked for; None when there is none we serve, so the whole object is.

    Several ranges, other units and malformed fields are ignored, as RFC 9110 §14.2 allows;
    one well-formed range outside the object raises RangeError.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    if found is None or found.group(0)[6:] == "-":
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeError(size)
    return Extent(start, stop, size)


def names_etag(header: str | None, etag: str) -> bool:
    """Tell whether If-None-Match names `etag`, by weak comparison (RFC 9110 §13.1.2)."""
    if not header or len(header) > MAX_VALIDATOR:
        return False
    return header.strip() == "*" or etag in _ETAG.findall(header)
