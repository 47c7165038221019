"""The DICOMDIR of an export (PS3.10 §8, PS3.3 §F): which files it lists, and which are there."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pydicom

from flows.errors import FlowsError
from flows.sources.export_folder import passed_over
from flows.sources.folder.lying import telling

DICOMDIR = "dicomdir"
LARGEST = 256 << 20
IN_USE = 0xFFFF
PREFIX_AT, PREFIX = 128, b"DICM"

UNREADABLE = "a DICOMDIR cannot be read, so nobody knows what it lists"


@dataclass(frozen=True)
class Listed:
    """How an export differs from its DICOMDIR.

    Attributes:
        listed: Files that it lists; `absent` those that are not there.
        unlisted: DICOM files that are there, and that it does not list.
        unreadable: How many DICOMDIR cannot be read.
    """

    listed: int = 0
    absent: int = 0
    unlisted: int = 0
    unreadable: int = 0

    @property
    def told(self) -> str:
        """Say how it differs; empty if it does not."""
        said = []
        if self.absent:
            said.append(
                f"of {self.listed} files that a DICOMDIR lists, {self.absent} are not there"
            )
        if self.unlisted:
            said.append(f"{self.unlisted} DICOM files are in no DICOMDIR")
        if self.unreadable:
            said.append(UNREADABLE)
        return "; ".join(said)


Opening = Callable[[str], BinaryIO]


def compare(path: Path, files: Iterable[str]) -> Listed:
    """Compare an export with the DICOMDIR that it holds; of one without, nothing is listed.

    Args:
        path: The export: a folder, or a ZIP archive.
        files: Relative paths of a folder's files.

    Raises:
        SourceAwayError: It cannot be read any more.
    """
    if path.is_dir():
        regular = (name for name in files if _is_regular(path / name))
        return _compare(tuple(regular), lambda name: (path / name).open("rb"))
    try:
        with telling(), zipfile.ZipFile(path) as archive:
            names = tuple(one.filename for one in archive.infolist() if not one.is_dir())
            return _compare(names, lambda name: BytesIO(_member(archive, name)))
    except FlowsError:
        raise
    except Exception:  # noqa: BLE001  # zipfile raises a dozen kinds on hostile input
        return Listed(unreadable=1)


def _is_regular(path: Path) -> bool:
    with telling():
        return path.is_file() and not path.is_symlink()


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        most = LARGEST if _is_dicomdir(name) else PREFIX_AT + len(PREFIX)
        return member.read(most)


def _compare(files: tuple[str, ...], opening: Opening) -> Listed:
    there = {_plain(name): name for name in files}
    directories = [name for name in files if _is_dicomdir(name)]
    if not directories:
        return Listed()
    listed: set[str] = set()
    unreadable = 0
    for directory in directories:
        folder = PurePosixPath(directory.replace("\\", "/")).parent
        try:
            with opening(directory) as file:
                listed |= {_plain((folder / one).as_posix()) for one in _referenced(file)}
        except OSError:
            raise
        except Exception:  # noqa: BLE001  # pydicom raises many kinds on hostile input
            unreadable += 1
    others = [there[name] for name in there.keys() - listed if not passed_over(Path(name).name)]
    unlisted = 0 if unreadable else sum(_is_dicom(name, opening) for name in others)
    return Listed(len(listed), len(listed - there.keys()), unlisted, unreadable)


def _is_dicomdir(name: str) -> bool:
    return PurePosixPath(name.replace("\\", "/")).name.lower() == DICOMDIR


def _plain(name: str) -> str:
    """Give a name as media may write it: in any case, with a version or a dot at its end."""
    return name.replace("\\", "/").lower().partition(";")[0].rstrip(".")


def _referenced(file: BinaryIO) -> Iterator[str]:
    """Give the files that a DICOMDIR lists: Referenced File ID (0004,1500) of records in use."""
    if len(head := file.read(PREFIX_AT + len(PREFIX))) < PREFIX_AT or not head.endswith(PREFIX):
        raise ValueError
    file.seek(0)
    directory: Mapping[str, object] = pydicom.dcmread(file)  # type: ignore[assignment]
    for record in directory.DirectoryRecordSequence:  # type: ignore[attr-defined]
        told = record.get("ReferencedFileID")
        if told and record.get("RecordInUseFlag", IN_USE):
            yield told if isinstance(told, str) else "/".join(told)


def _is_dicom(name: str, opening: Opening) -> bool:
    with opening(name) as file:
        return file.read(PREFIX_AT + len(PREFIX))[PREFIX_AT:] == PREFIX
