"""A manifest of SHA-256 digests, as `sha256sum` writes it, compared with what is there."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flows.errors import SourceError
from flows.sources.folder.lying import telling
from flows.sources.source import Stop

LARGEST = 256 << 20
#: Of the line of a file: `\` before it where its name is escaped, then text or binary mode.
_LINE = re.compile(r"(\\?)([0-9A-Fa-f]{64}) [ *](.+)")
_BLOCK = 1 << 20

UNREADABLE = "the manifest cannot be read: it must be as sha256sum writes it"


@dataclass(frozen=True)
class Compared:
    """How an export differs from its manifest.

    Attributes:
        listed: Files in the manifest.
        missing: Files that are listed and not there; `wrong` those with other bytes; `extra`
            those that are there and not listed.
    """

    listed: int
    missing: int = 0
    wrong: int = 0
    extra: int = 0

    @property
    def told(self) -> str:
        """Say how it differs; empty if it does not."""
        if not self.missing + self.wrong + self.extra:
            return ""
        return (
            f"the manifest lists {self.listed} files: {self.missing} of them are missing, "
            f"{self.wrong} have other bytes, and {self.extra} files are not listed"
        )


def read(path: Path) -> Mapping[str, str]:
    """Read a manifest: digests by relative path.

    Raises:
        SourceError: It is not as `sha256sum` writes it.
        SourceAwayError: It cannot be read any more.
    """
    with telling():
        if path.stat().st_size > LARGEST:
            raise SourceError(UNREADABLE)
        told = path.read_bytes().decode("utf-8", "surrogateescape")
    found: dict[str, str] = {}
    for line in told.replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise SourceError(UNREADABLE)
        escaped, digest, name = match.groups()
        name = _unescaped(name) if escaped else name
        parts = PurePosixPath(name.replace("\\", "/") if not escaped else name).parts
        key = "/".join(part for part in parts if part != ".")
        if not key or found.setdefault(key, digest.lower()) != digest.lower():
            raise SourceError(UNREADABLE)
    return found


def _unescaped(name: str) -> str:
    known = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\.", lambda match: known.get(match[0], match[0]), name)


def compare(
    root: Path, files: Iterable[str], listed: Mapping[str, str], stop: Stop
) -> Compared | None:
    """Compare the files of an export with its manifest; None if we were told to stop.

    Args:
        root: Where the files are.
        files: Their relative paths, without the manifest's own and the marker's.
        listed: What the manifest says.
        stop: Tells whether to go on.

    Raises:
        SourceAwayError: A file cannot be read any more.
    """
    there = set(files)
    wrong = 0
    for name in sorted(there & listed.keys()):
        digest = _digest(root / name, stop)
        if digest is None:
            return None
        wrong += digest != listed[name]
    missing, extra = len(listed.keys() - there), len(there - listed.keys())
    return Compared(len(listed), missing, wrong, extra)


def _digest(path: Path, stop: Stop) -> str | None:
    digest = hashlib.sha256()
    with telling():
        if path.is_symlink() or not path.is_file():
            return ""  # a link or a pipe has no bytes of its own
    with telling(), path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if stop.reason():
                return None
    return digest.hexdigest()
