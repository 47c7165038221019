"""Parts of a multipart/related answer (RFC 2046 §5.1, RFC 2387), block by block as they come.

Nothing is kept but what one block and one delimiter need; whatever is not as it should be ends the
answer with an error, and a part that has no end is never taken for whole.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

#: RFC 2046 §5.1.1; a space may be within, not at the end.
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
LONGEST_HEADERS = 1 << 14
LONGEST_PREAMBLE = 1 << 16
MULTIPART = "multipart/related"

_END = b"--"
_LINE = b"\r\n"


class MalformedError(ValueError):
    """The answer is no whole multipart message; the text quotes nothing of it."""


@dataclass(frozen=True, repr=False)
class Part:
    """One part.

    Attributes:
        kind: Its media type in lower case; empty where it is not said.
        length: The bytes it says it has, if it does.
        blocks: Its bytes; to be read before the next part is asked for, or not at all.
    """

    kind: str
    length: int | None
    blocks: Iterator[bytes]


def media_type(told: str) -> tuple[str, str]:
    """Return a media type in lower case, and its boundary, which may be empty."""
    message = Message()
    message["Content-Type"] = told
    if not told:
        return "", ""
    boundary = message.get_param("boundary", "")
    return message.get_content_type(), boundary if isinstance(boundary, str) else ""


def parts(blocks: Iterator[bytes], boundary: str) -> Iterator[Part]:
    """Give the parts of a message, one after another.

    Raises:
        MalformedError: It has no boundary, or does not keep to it; also while a part is read.
    """
    if not BOUNDARY.fullmatch(boundary):
        message = "the answer is divided by something that is no boundary"
        raise MalformedError(message)
    stream = _Stream(blocks, f"\r\n--{boundary}".encode("ascii"))
    _drop(stream.body(), "the answer does not begin with its boundary")
    while stream.goes_on():
        headers = stream.headers()
        kind, _ = media_type(headers.get("content-type", ""))
        length = headers.get("content-length", "")
        body = stream.body()
        yield Part(kind, int(length) if re.fullmatch(r"\d{1,18}", length) else None, body)
        _drop(body)
    # What was packed is only known to be whole at its end.
    _drop(blocks, "the answer goes on after its end")


def _drop(blocks: Iterator[bytes], wrong: str = "") -> None:
    """Pass over bytes; not over many, where that is wrong."""
    dropped = 0
    for block in blocks:
        dropped += len(block)
        if wrong and dropped > LONGEST_PREAMBLE:
            raise MalformedError(wrong)


class _Stream:
    """What has come and is not given on yet; never more than a block and a delimiter."""

    def __init__(self, blocks: Iterator[bytes], delimiter: bytes) -> None:
        self._blocks, self._delimiter = blocks, delimiter
        # The first delimiter need not come after a line's end.
        self._data = bytearray(_LINE)

    def body(self) -> Iterator[bytes]:
        """Give the bytes before the next delimiter, and pass it."""
        size = len(self._delimiter)
        while True:
            at = self._data.find(self._delimiter)
            if at < 0:
                yield from self._given(len(self._data) - size + 1)
                self._fill()
                continue
            while len(self._data) < at + size + len(_END):
                self._fill()
            after = bytes(self._data[at + size : at + size + len(_END)])
            if after in {_END, _LINE} or after[:1] in {b" ", b"\t"}:
                yield from self._given(at)
                del self._data[:size]
                return
            # It only begins like one: RFC 2046 wants it to be a line of its own.
            yield from self._given(at + size)

    def goes_on(self) -> bool:
        """Tell whether another part follows the delimiter that was passed."""
        if self._data.startswith(_END):
            return False
        while not (line := self._data.lstrip(b" \t")).startswith(_LINE):
            if len(self._data) > LONGEST_HEADERS or len(line) >= len(_LINE):
                message = "something follows a boundary of the answer on its line"
                raise MalformedError(message)
            self._fill()
        self._data = line
        return True

    def headers(self) -> Mapping[str, str]:
        """Read a part's headers, names in lower case; there may be none."""
        while (at := self._data.find(_LINE + _LINE)) < 0:
            if len(self._data) > LONGEST_HEADERS:
                break
            self._fill()
        if not 0 <= at <= LONGEST_HEADERS:
            message = "the headers of a part have no end"
            raise MalformedError(message)
        told = bytes(self._data[len(_LINE) : at]).decode("latin-1")
        del self._data[: at + len(_LINE + _LINE)]
        lines = re.sub(r"\r\n[ \t]+", " ", told).split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _given(self, count: int) -> Iterator[bytes]:
        if count > 0:
            block = bytes(self._data[:count])
            del self._data[:count]
            yield block

    def _fill(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            message = "the answer ends before its last part does"
            raise MalformedError(message)
        self._data += block
