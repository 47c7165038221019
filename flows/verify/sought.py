"""What is looked for in finished objects: all that identifies anybody in their originals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deid.errors import DeidError, Reason, UnreadableError
from deid.identity.identifiers import Identifiers, harvest
from deid.identity.spelling import Needle
from deid.language.lexicon import load_lexicon
from deid.source import parse
from flows.errors import OriginalError
from flows.sources.export_folder import listing
from flows.sources.original import Original
from flows.walk.admit import checked

#: So many needles are looked for in one go; more people than they are of are looked for in turns.
CHUNK = 200_000


Progress = Callable[[str, int, int], None]


@dataclass(repr=False)
class Originals:
    """What identifies any of the people in a folder of originals.

    Attributes:
        number: How many originals were read.
        unread: Which could not be, by their numbers from 1 in the order of all paths.
    """

    needles: dict[Needle, None] = field(default_factory=dict)
    uids: set[str] = field(default_factory=set)
    number: int = 0
    unread: list[int] = field(default_factory=list)

    def read(self, root: Path, progress: Progress) -> None:
        """Gather what identifies anybody from a folder or archive of originals.

        Raises:
            SourceError: It cannot be read.
        """
        with listing(root) as files:
            for place, file in enumerate(files, 1):
                if file.fault is not None or not self._one(file.path):
                    self.unread.append(place)
                progress("read originals", place, len(files))

    def _one(self, path: Path) -> bool:
        """Take one original, and tell whether it could be read; no DICOM object has no people."""
        try:
            with Original(path) as original, checked():
                found = harvest(parse(original.reader))
        except UnreadableError as error:
            return error.reason is Reason.NOT_DICOM
        except (DeidError, OriginalError):
            return False
        self.number += 1
        self.needles.update(dict.fromkeys(found.needles))
        self.uids |= found.uids
        return True

    def chunks(self) -> Iterator[Identifiers]:
        """Give what is to be looked for, in turns.

        A name that is a harmless word too tells nothing in an object of who knows whom.
        """
        lexicon = load_lexicon()
        wanted = [n for n in self.needles if n.what != "name" or not lexicon.is_harmless(n.text)]
        uids = frozenset(self.uids)
        for start in range(0, max(len(wanted), 1), CHUNK):
            yield Identifiers(tuple(wanted[start : start + CHUNK]), uids, {})
