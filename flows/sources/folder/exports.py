"""The exports in a watched folder: each sub-folder or ZIP archive, or the folder itself.

An export is taken when it is complete: its marker is there, or nothing changed for a while. What
its manifest says must hold then. No name of a folder or file is told: it may name somebody.
"""

import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from flows.errors import SourceError
from flows.sources.export_folder import passed_over
from flows.sources.folder import manifest, media, proof
from flows.sources.folder.lying import Lying, entries, lying, telling
from flows.sources.source import Step, Stop

#: Clocks of shares differ from ours, but hardly by more: what changed longer ago is believed to
#: be still without a second look.
SURE = 3600.0
_TICK = 0.25
_ZIP = ".zip"

GROWING = "it is not complete yet"
BROKEN_ZIP = "a ZIP archive has no end: it is still being written, or broken"
NO_MARKER = "its marker is not there"
EMPTY = "it is empty"


class State(StrEnum):
    """Whether an export may be taken."""

    READY = "complete"
    GROWING = "not complete yet"
    REFUSED = "not as its manifest says"


@dataclass(frozen=True, repr=False)
class Found:
    """One export that lies in the folder.

    Attributes:
        path: Identified: it may name somebody.
        why: Why it is not taken, or what is odd about it; names nothing.
        absent: Files that its DICOMDIR lists and that are not there.
        changed: When anything changed last, in seconds since 1970.
    """

    path: Path
    state: State
    files: int
    bytes: int
    changed: float
    why: str = ""
    absent: int = 0


class Described(Protocol):
    """What an administrator told of the folder; see `definition.FolderSource`."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def marker(self) -> str:
        """The file that says that an export is complete."""

    @property
    def stable_seconds(self) -> float:
        """How long nothing changes in a complete export."""

    @property
    def manifest(self) -> str:
        """The file with digests."""


class ExportFolder:
    """A folder that exports are put into.

    Args:
        told: What its administrator says.
        now: Seconds since 1970.
        clock: Seconds that never go back.
        sleep: Waits.
    """

    def __init__(
        self,
        told: Described,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.told, self.root = told, told.path.expanduser()
        self._now, self._clock, self._sleep = now, clock, sleep

    def paths(self) -> tuple[Path, ...]:
        """List where exports lie, by name; links are not followed.

        Raises:
            SourceAwayError: The folder is not there: a share may not be mounted.
            SourceRefusedError: It may not be read.
        """
        root = self.root.resolve()
        if root.is_file():
            return (root,)
        inside = entries(root)
        if self._is_one(inside):
            return (root,)
        return tuple(path for path in inside if not path.is_symlink() and self._may_be(path))

    def _may_be(self, path: Path) -> bool:
        if path.name.startswith("."):
            return False
        return path.is_dir() or (path.suffix.lower() == _ZIP and not passed_over(path.name))

    def _is_one(self, inside: list[Path]) -> bool:
        """Tell whether the folder is itself an export, and not one that holds exports."""
        names = {path.name for path in inside}
        zips = any(path.suffix.lower() == _ZIP for path in inside)
        if self.told.marker in names or media.DICOMDIR in {name.lower() for name in names}:
            return True
        if self.told.manifest in names and not zips:
            return True
        with telling():
            return any(path.is_file() and not zips and _is_dicom(path) for path in inside)

    def look(self, path: Path) -> Lying:
        """List what lies there now. Raises as `paths`."""
        return replace(lying(path), at=self._clock())

    def judge(self, first: Lying, stop: Stop, *, wait: bool = True) -> Found:
        """Say whether an export is complete, and as it is said to be.

        Args:
            first: What lay there when it was looked at first.
            stop: Tells whether to go on.
            wait: Whether to look again after a while at what may still grow, and to read all
                that a manifest lists. Without, what is only likely is told as it seems.

        Raises:
            SourceAwayError: The folder does not answer any more.
            SourceRefusedError: It may not be read.
        """
        why = self._growing(first, stop, wait=wait)
        if why:
            return self._found(first, State.GROWING, why)
        state, why = self.as_said(first, stop) if wait else (State.READY, "")
        listed = media.compare(first.path, first.files)
        if wait and lying(first.path).print != first.print:
            return self._found(first, State.GROWING, GROWING)
        if state is not State.READY:
            return self._found(first, state, why)
        return self._found(first, State.READY, listed.told, listed.absent)

    def _found(self, seen: Lying, state: State, why: str, absent: int = 0) -> Found:
        return Found(seen.path, state, len(seen.files), seen.bytes, seen.changed, why, absent)

    def _growing(self, first: Lying, stop: Stop, *, wait: bool) -> str:
        """Say why it is not complete; empty if it is."""
        if first.path.suffix.lower() == _ZIP and first.path.is_file():
            with telling():
                if not zipfile.is_zipfile(first.path):
                    return BROKEN_ZIP
        if self.told.marker:
            return "" if self._marker(first.path).exists() else NO_MARKER
        return self._changing(first, stop, wait=wait) if first.files else EMPTY

    def _changing(self, first: Lying, stop: Stop, *, wait: bool) -> str:
        quiet = self._now() - first.changed
        if quiet < self.told.stable_seconds:
            return f"something changed {max(0, round(quiet))} seconds ago"
        if quiet >= self.told.stable_seconds + SURE or not wait:
            return ""
        still = self._rested(first, stop) and lying(first.path).print == first.print
        return "" if still else GROWING

    def _rested(self, first: Lying, stop: Stop) -> bool:
        """Wait as long as an export must lie still, by our own clock; False if told to stop."""
        until = first.at + self.told.stable_seconds
        while (left := until - self._clock()) > 0:
            if stop.reason():
                return False
            self._sleep(min(_TICK, left))
        return True

    def _marker(self, path: Path) -> Path:
        """Give the marker of an export: within a folder, and beside an archive."""
        if path.is_dir():
            return path / self.told.marker
        return path.with_name(f"{path.name}.{self.told.marker.lstrip('.')}")

    def has_manifest(self, seen: Lying) -> bool:
        """Tell whether there is a manifest: within a folder, or beside an archive."""
        root = seen.path if seen.path.is_dir() else seen.path.parent
        return bool(self.told.manifest) and (root / self.told.manifest).is_file()

    def as_said(self, seen: Lying, stop: Stop) -> tuple[State, str]:
        """Compare an export with its manifest, where it has one. Raises as `judge`."""
        is_folder = seen.path.is_dir()
        root = seen.path if is_folder else seen.path.parent
        path = root / self.told.manifest
        if not self.has_manifest(seen):
            return State.READY, ""
        own = {self.told.manifest, self.told.marker}
        try:
            listed = manifest.read(path)
        except SourceError as error:
            return State.REFUSED, str(error)
        if not is_folder:
            name = seen.path.name
            listed = {name: listed[name]} if name in listed else {}
        listed = {name: digest for name, digest in listed.items() if name not in own}
        there = set(seen.files) - own
        # What media and desktops leave behind need not be listed.
        files = {one for one in there if one in listed or not passed_over(Path(one).name)}
        compared = manifest.compare(root, files, listed, stop)
        if compared is None:
            return State.GROWING, "stopped before its manifest was compared"
        return (State.REFUSED if compared.told else State.READY), compared.told

    def prove(self) -> Iterator[Step]:
        """Try the folder; see `proof`."""
        yield from proof.steps(self)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
