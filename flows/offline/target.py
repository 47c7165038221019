"""Where clean files go, and under which names.

Of the source's names only what is known to be harmless stays; the rest becomes keyed tokens.
"""

import errno
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from catalog.outcome import Outcome
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.files.inside import Inside
from flows.files.spool import local_trouble
from flows.offline.harmless_names import split_suffix
from flows.offline.journal import Kept
from flows.offline.known import Known
from flows.offline.one_file import Done
from flows.offline.resume import State
from flows.sources.export_folder import DIVIDER, SourceFile


def stamped(files: Iterable[SourceFile], source: Path) -> Iterator[tuple[SourceFile, str]]:
    """Give each file with what tells it from one that comes in its place; of a member, its archive.

    Each is stamped as it is listed, so that one that changes later is done again.
    """
    outer, stamp = None, ""
    for file in files:
        outermost = file.name.partition(DIVIDER)[0]
        if outermost != outer:
            outer, stamp = outermost, _stamp(source / outermost if outermost else source)
        yield file, stamp


def _stamp(path: Path) -> str:
    try:
        told = path.stat()
    except OSError:
        return ""
    return f"{told.st_size} {told.st_mtime_ns}"


@dataclass(frozen=True, repr=False)
class Target:
    """The target of a run, and what is known of the names in it.

    Attributes:
        stamps: What the files were before they were looked at.
    """

    folder: Path
    stamps: Mapping[SourceFile, str]
    state: State
    known: Known
    deidentifier: Deidentifier

    def settle(self, files: Iterable[SourceFile]) -> None:
        """Take out of the target all that would not be put there now, and so.

        Args:
            files: Those that are to be opened.
        """
        self.state.journal.keep({file.name: partial(self._stands, file) for file in files})

    def _stands(self, file: SourceFile, kept: Kept) -> bool:
        """Tell whether what was made of a file earlier would be made now, under that name."""
        named = not kept.target or kept.target in self._names(file)
        return named and kept.basis == self._basis(file)

    def _basis(self, file: SourceFile) -> str:
        """Tell what a file is made from: its original, and what its study is known by."""
        mark = self.deidentifier.keys.name(f"mark {self.known.mark(file.name)}")
        return f"{self.stamps[file]} {mark}"

    def take(self, file: SourceFile, done: Done) -> str:
        """Put a finished file where it belongs, and record what became of it."""
        relative = ""
        if done.outcome is Outcome.ADMITTED:
            relative = self._put(file, self.state.partial(done.number))
        self.state.journal.record(file.name, self._basis(file), relative, done)
        return relative

    def _names(self, file: SourceFile) -> tuple[str, str]:
        """Give a file's name as far as it may be told, and a token to take in its stead."""
        shown = self.known.may_be_told(file.parts)
        told = [part if tells else self._token(part) for part, tells in shown]
        return "/".join(told), f"{self.deidentifier.keys.name(DIVIDER.join(file.parts))}.dcm"

    def _put(self, file: SourceFile, made: Path) -> str:
        """Move a clean file to where its name, as far as it may be told, belongs.

        A name that is taken, or too long, becomes a token; a link in the way stops the run.
        """
        for relative in self._names(file):
            self.state.journal.announce(file.name, relative)
            try:
                Inside(self.folder).put(made, relative)
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

    def _token(self, component: str) -> str:
        return self.deidentifier.keys.name(component) + split_suffix(component)[1]
