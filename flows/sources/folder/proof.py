"""The trial of an export folder, in words for its administrator; no name of a file in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from flows.errors import FlowsError
from flows.sources.folder.lying import Lying, is_mount
from flows.sources.source import Step, Stop

NOTHING = "nothing lies there: is the share mounted, and the path the right one?"


class Judged(Protocol):
    """What was found of one export; see `exports.Found`."""

    @property
    def state(self) -> str:
        """Whether it may be taken."""

    @property
    def files(self) -> int:
        """How many there are."""

    @property
    def why(self) -> str:
        """Why it may not, or what is odd."""


class Tried(Protocol):
    """A folder that is tried; see `exports.ExportFolder`."""

    root: Path

    def paths(self) -> tuple[Path, ...]:
        """List where exports lie."""
        ...

    def look(self, path: Path) -> Lying:
        """List what lies there."""
        ...

    def judge(self, first: Lying, stop: Stop, *, wait: bool = True) -> Judged:
        """Say whether an export may be taken."""
        ...

    def has_manifest(self, seen: Lying) -> bool:
        """Tell whether an export has a manifest."""
        ...

    def as_said(self, seen: Lying, stop: Stop) -> tuple[str, str]:
        """Compare an export with its manifest."""
        ...


class Unstopped:
    """Never stops: a trial is short."""

    def reason(self) -> str:
        """Say nothing."""
        return ""


def steps(tried: Tried) -> Iterator[Step]:
    """Try that it is there, what lies in it, and whether that is as it is said to be."""
    name = "folder"
    try:
        paths = tried.paths()
        where = "a mounted share" if is_mount(tried.root.resolve()) else "a local disk"
        yield Step(name, ok=True, told=f"it can be read, on {where}")
        name = "exports"
        if not paths:
            yield Step(name, ok=False, told=NOTHING)
            return
        seen = [tried.look(path) for path in paths]
        yield from _states([tried.judge(one, Unstopped(), wait=False) for one in seen])
        name = "manifest"
        yield _manifest(tried, seen)
    except FlowsError as error:
        yield Step(name, ok=False, told=str(error))


def _states(found: list[Judged]) -> Iterator[Step]:
    for state in sorted({one.state for one in found}):
        these = [one for one in found if one.state == state]
        files = sum(one.files for one in these)
        whys = "; ".join(sorted({one.why for one in these if one.why}))
        told = f"{len(these)} {state}, with {files} files"
        yield Step("exports", ok=True, told=f"{told}: {whys}" if whys else told)


def _manifest(tried: Tried, seen: list[Lying]) -> Step:
    """Compare the smallest export that has a manifest: all of them may take hours."""
    for one in sorted(seen, key=lambda one: one.bytes):
        if tried.has_manifest(one):
            _, why = tried.as_said(one, Unstopped())
            told = why or "what the smallest export's manifest lists is there, byte for byte"
            return Step("manifest", ok=not why, told=told)
    return Step("manifest", ok=True, told="no export has a manifest")
