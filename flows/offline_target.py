"""Where clean files go, and under which names.

Names are the source's, except for components in which an identifier is found.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from catalog.outcome import Outcome
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.known import Known
from flows.offline_file import Done
from flows.resume import State
from flows.sources import DIVIDER, SourceFile
from flows.spool import local_trouble

_SUFFIXES = frozenset({".dcm", ".dicom", ".zip", ".ima"})


@dataclass(frozen=True, repr=False)
class Target:
    """The target of a run, its source, and what is known of the names in it."""

    folder: Path
    source: Path
    state: State
    known: Known
    deidentifier: Deidentifier

    def stamp(self, file: SourceFile) -> str:
        """Tell a file from one that came in its place; of a member, its archive."""
        outer = file.name.partition(DIVIDER)[0]
        try:
            told = (self.source / outer if outer else self.source).stat()
        except OSError:
            return ""
        return f"{told.st_size} {told.st_mtime_ns}"

    def take(self, file: SourceFile, done: Done) -> str:
        """Put a finished file where it belongs, and record what became of it."""
        relative = ""
        if done.outcome is Outcome.ADMITTED:
            relative = self._put(file, self.state.partial(done.number))
        self.state.record(file.name, self.stamp(file), relative, done)
        return relative

    def _put(self, file: SourceFile, made: Path) -> str:
        """Move a clean file to where its name, as far as it may be told, belongs.

        A name that is taken, too long, or leads elsewhere becomes a token.
        """
        told = "/".join(self._told(part) for part in file.parts)
        spare = f"{self.deidentifier.keys.name(DIVIDER.join(file.parts))}.dcm"
        for relative in (told, spare):
            path = self.folder / relative
            if not path.resolve().is_relative_to(self.folder.resolve()):
                continue
            self.state.announce(file.name, relative)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.link(made, path)  # unlike rename, never over another file
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                    raise local_trouble(error) from None
                continue
            made.unlink()
            return relative
        message = (
            "a clean file could not be put into the target; it must be a folder that can be "
            "written, on one disk with the folder it lies in"
        )
        raise SourceError(message)

    def _told(self, component: str) -> str:
        if not self.known.identifies(component):
            return component
        suffix = Path(component).suffix
        kept = suffix if suffix.lower() in _SUFFIXES else ""
        return self.deidentifier.keys.name(component) + kept
