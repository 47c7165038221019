"""The landing: where what a PACS sends lies, study by study, until an export takes it over.

An object is whole and on the disk under its name, or it is not there. The file system must know
hard links.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from flows.sources.landed import LandedStudy, name
from flows.sources.placing import PARTIAL, removed_if_left

RECEIVED: Final = "received"
ODD: Final = "odd"
#: Who pushed what; see `senders`.
SENDERS: Final = "senders"
#: Locks: of studies that are fetched at this moment.
AWAITED: Final = "awaited"
#: What nobody asked for, on its way out.
ENDED: Final = "ended"
#: Locks: of flow runs that live, and of what only one of them does at a time.
RUNS: Final = "runs"
#: Audit messages on their way to the region's log.
AUDIT: Final = "audit"
#: Folders of the landing that belong to no export, and that nobody may tidy away.
SHARED: Final = frozenset({RECEIVED, ODD, SENDERS, AWAITED, ENDED, RUNS, AUDIT})


class Landing:
    """The region's spool of received studies.

    Args:
        root: Folder of the landing; folders below it are made as they are needed.
        durable: Whether an object is flushed to the disk before it counts as received. Only a
            measurement may say no.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root
        self._durable = durable

    def study(self, study_uid: str) -> "LandedStudy":
        """Return the place of a study, whether anything of it was received or not."""
        return self.named(name(study_uid))

    def named(self, folder: str) -> "LandedStudy":
        """Return the place of a study by its name in the landing."""
        return LandedStudy(self.root / RECEIVED / folder, durable=self._durable)

    def odd(self, sop_uid: str, sender: str = "") -> "LandedStudy":
        """Return the place of an object that is not what it was announced as, by who sent it."""
        folder = self.root / ODD / name(sender) / name(sop_uid)
        return LandedStudy(folder, durable=self._durable, apart=True)

    def studies(self) -> Iterator["LandedStudy"]:
        """List the received studies that hold a whole object and that no export has taken."""
        with suppress(FileNotFoundError):
            for folder in sorted((self.root / RECEIVED).iterdir()):
                study = LandedStudy(folder, durable=self._durable)
                if study.files():
                    yield study

    def room(self) -> int:
        """Return how many bytes the landing's disk can still take."""
        try:
            disk = os.statvfs(self.root)
        except FileNotFoundError:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize

    def sweep(self, *, only_look: bool = False) -> int:
        """Remove partial objects that no living process writes to; return how many there were."""
        shared = (self.root / one for one in SHARED)
        partials = [path for one in shared for path in one.rglob(f".*{PARTIAL}")]
        return sum(removed_if_left(path, only_look=only_look) for path in partials)
