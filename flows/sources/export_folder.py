"""An export folder or archive, read in place: what files it holds, and where their bytes are.

Members of ZIP archives are expanded one by one into the landing, under names that say nothing.
"""

import errno
import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from flows.errors import DiskFullError, SourceError

#: Files that media and desktops leave beside the images: not instances, so not in the Tally.
PASSED_OVER = frozenset({"dicomdir", ".ds_store", "thumbs.db", "desktop.ini", "autorun.inf"})

BLOCK = 1 << 20
#: DICOM compresses 2 to 6 fold; a member that swells more than this is a bomb, not an image.
LARGEST_RATIO = 200
SMALL_MEMBER = 64 << 20
MOST_MEMBERS = 200_000
#: Bytes that all archives of an export may expand to, where nobody says otherwise.
MOST = 1 << 40
#: No file name holds a NUL, so it divides the parts of a name without doubt.
DIVIDER = "\0"


class Fault(StrEnum):
    """Why a file of an export cannot even be opened; safe to store and show."""

    LINK = "a link, not a file"
    NOT_A_FILE = "neither a file nor a folder"
    UNSAFE_NAME = "the archive member's name leads out of the archive"
    BOMB = "the archive member expands beyond the limit"
    BROKEN_MEMBER = "the archive member is broken or encrypted"
    BROKEN_ARCHIVE = "the archive cannot be read"


@dataclass(frozen=True, repr=False)
class SourceFile:
    """One file of an export.

    Attributes:
        name: What the region ledger knows it by, unique in the export: its relative path; for a
            member, the archive's path, the member's name and how many members of that name came
            before it, with a NUL between. Identified, so it is kept encrypted.
        path: Where its bytes are: in the export itself, or in the landing.
        fault: Why it cannot be opened, if so.
    """

    name: str
    path: Path
    fault: Fault | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Give the components of its path, an archive counting as a folder."""
        archive, _, member = self.name.partition(DIVIDER)
        inside, _, twin = member.partition(DIVIDER)
        found = (*PurePosixPath(archive).parts, *PurePosixPath(inside.replace("\\", "/")).parts)
        return (*found[:-1], f"{found[-1]}.{twin}") if twin not in {"", "0"} else found


def gather(
    root: Path, landing: Path, *, limit: int, wanted: Callable[[str], bool] = lambda _name: True
) -> Iterator[SourceFile]:
    """List every file of an export, expanding archives into the landing as they are met.

    Args:
        root: The export: a folder, or a ZIP archive.
        landing: Directory of this export in the landing; made if an archive needs it.
        limit: Most bytes that all archives together may expand to.
        wanted: Tells names whose members are to be expanded.

    Raises:
        SourceError: If the export is neither a folder nor a readable archive.
        DiskFullError: If the landing's disk is full.
    """
    expansion = _Expansion(landing, limit, wanted)
    if root.is_dir():
        yield from _folder(root, expansion)
    elif root.is_file() and zipfile.is_zipfile(root):
        yield from _archive(root, "", expansion)
    else:
        require_source(root)


def require_source(root: Path) -> None:
    """Refuse what is neither a folder nor a ZIP archive.

    Raises:
        SourceError: With what to do.
    """
    if root.is_dir() or (root.is_file() and zipfile.is_zipfile(root)):
        return
    message = (
        "the source is one file, and no ZIP archive; give its folder"
        if root.is_file()
        else "the source is not there, or cannot be read; check the path"
    )
    raise SourceError(message)


@contextmanager
def listing(root: Path) -> Iterator[list[SourceFile]]:
    """List what `gather` gives; what archives hold is expanded into a private folder, then gone.

    Raises:
        SourceError: As `gather`.
    """
    with TemporaryDirectory(prefix="mammo-", ignore_cleanup_errors=True) as landing:
        yield list(gather(root, Path(landing), limit=MOST))


def locate(name: str, root: Path, landing: Path) -> Path:
    """Return where the bytes of a gathered file are."""
    return landing / _landed(name) if DIVIDER in name else root / name


@dataclass
class _Expansion:
    """Where archives expand to, how many bytes they still may, and which members."""

    landing: Path
    left: int
    wanted: Callable[[str], bool]


def _folder(root: Path, expansion: _Expansion) -> Iterator[SourceFile]:
    for path in files_below(root):
        name = path.relative_to(root).as_posix()
        if passed_over(path.name):
            continue
        if path.is_symlink():
            yield SourceFile(name, path, Fault.LINK)
        elif not path.is_file():
            # A file that vanished between listing and now is still the export's: it gets its
            # outcome when somebody tries to open it.
            yield SourceFile(name, path, Fault.NOT_A_FILE if path.exists() else None)
        elif path.suffix.lower() == ".zip":
            yield from _archive(path, name, expansion)
        else:
            yield SourceFile(name, path)


def files_below(root: Path) -> Iterator[Path]:
    """List all files below a folder in order, however deep; links are not followed."""
    pending = [root]
    while pending:
        folder = pending.pop()
        if folder is not root and (folder.is_symlink() or not folder.is_dir()):
            yield folder
            continue
        try:
            pending.extend(sorted(folder.iterdir(), reverse=True))
        except OSError:
            message = "a folder of the export cannot be read; check its permissions"
            raise SourceError(message) from None


def passed_over(file_name: str) -> bool:
    """Tell whether a file is known not to be an instance (PS3.10 §8.6 DICOMDIR, desktop litter)."""
    return file_name.lower() in PASSED_OVER or file_name.startswith("._")


def _archive(path: Path, name: str, expansion: _Expansion) -> Iterator[SourceFile]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # noqa: BLE001  # zipfile raises a dozen kinds on hostile input
        yield SourceFile(name or path.name, path, Fault.BROKEN_ARCHIVE)
        return
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_MEMBERS:
            yield SourceFile(name or path.name, path, Fault.BOMB)
            return
        seen: Counter[str] = Counter()
        for member in members:
            if passed_over(PurePosixPath(member.filename).name):
                continue
            whole = DIVIDER.join((name, member.filename, str(seen[member.filename])))
            seen[member.filename] += 1
            target = expansion.landing / _landed(whole)
            fault = _expand(archive, member, target, expansion) if expansion.wanted(whole) else None
            yield SourceFile(whole, target, fault)


def _landed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _expand(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, expansion: _Expansion
) -> Fault | None:
    """Write one member to the landing; return the Fault if it may not or cannot be written."""
    if not _is_safe(member.filename):
        return Fault.UNSAFE_NAME
    if target.exists() and target.stat().st_size == member.file_size:
        return None
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    most = min(expansion.left, max(SMALL_MEMBER, member.compress_size * LARGEST_RATIO))
    partial = target.with_suffix(".partial")
    written = _expand_to(archive, member, partial, most)
    if written is None or written > most:
        partial.unlink(missing_ok=True)
        return Fault.BROKEN_MEMBER if written is None else Fault.BOMB
    expansion.left -= written
    partial.rename(target)
    return None


def _is_safe(member: str) -> bool:
    """Tell whether a member's name stays below the archive: nowhere up, nowhere absolute."""
    parts = PurePosixPath(member.replace("\\", "/")).parts
    return bool(parts) and ".." not in parts and "/" not in parts[0] and ":" not in parts[0]


def _expand_to(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo | str, target: Path, most: int
) -> int | None:
    """Expand a member, at most one block beyond `most`; return its size, or None if broken."""
    try:
        with archive.open(member) as source, target.open("wb") as sink:
            return _copy(source, sink, most)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = "the landing's disk is full; free some space and run the export again"
            raise DiskFullError(message) from None
        return None
    except Exception:  # noqa: BLE001  # zipfile raises a dozen kinds on hostile input
        return None


def _copy(source: IO[bytes], sink: IO[bytes], most: int) -> int:
    """Copy at most one block beyond `most` bytes; return how many were copied."""
    written = 0
    while written <= most and (block := source.read(BLOCK)):
        sink.write(block)
        written += len(block)
    return written
