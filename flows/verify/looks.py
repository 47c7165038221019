"""What a look at a folder of finished objects tells; nothing in it identifies anybody."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from deid.findings import Finding

_MOST_NAMED = 20


class Seen(StrEnum):
    """How the look at one file ended."""

    CLEAN = "CLEAN"
    SUSPECT = "SUSPECT"
    UNREADABLE = "UNREADABLE"


MEANINGS = {
    Seen.CLEAN: "nothing found",
    Seen.SUSPECT: "something found, or it could not be checked",
    Seen.UNREADABLE: "not a whole DICOM object",
}


@dataclass(frozen=True, repr=False)
class Look:
    """What was seen of one file; nothing in it identifies anybody.

    Attributes:
        number: Of the file, from 1, in the order of all paths.
        name: Its path within the folder; empty if an identifier was found in it.
        seen: How the look ended.
        reason: Why it could not be checked, if so.
        findings: What was found, by place and kind.
    """

    number: int
    name: str
    seen: Seen
    reason: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def shown(self) -> str:
        """The name, or what stands for it."""
        return self.name or f"file {self.number}"


@dataclass(frozen=True, repr=False)
class Verification:
    """The look at a whole folder.

    Attributes:
        profile: By whose options was judged, and its version.
        originals: How many originals' identifiers were looked for; None if none were given.
        unread: Which originals could not be read, so that nobody looked for theirs: numbers from
            1 in the order of all paths, as `mammo deid` gives them.
        pixels: Whether the pixels were read again.
        looks: One for every file.
    """

    profile: str
    originals: int | None
    unread: tuple[int, ...]
    pixels: bool
    looks: tuple[Look, ...] = field(default=())

    @property
    def clean(self) -> bool:
        """Tell whether there were files, all are clean, and nothing was left unsought."""
        return bool(self.looks) and not self.unread and set(self.tally) == {Seen.CLEAN}

    @property
    def verdict(self) -> str:
        """Say in a line how it ended."""
        if set(self.tally) != {Seen.CLEAN}:
            return "not all files are clean"
        if not self.unread:
            return "all files are clean"
        return f"all files are clean, but {self.doubt}"

    @property
    def doubt(self) -> str:
        """Say which originals were not looked for; empty if all were."""
        if not self.unread:
            return ""
        many = len(self.unread)
        shown = ", ".join(map(str, self.unread[:_MOST_NAMED]))
        more = ", …" if many > _MOST_NAMED else ""
        return (
            f"{many} original{'s' if many != 1 else ''} could not be read, so nobody looked for "
            f"what identifies anybody there: number {shown}{more} in the CSV of `mammo deid`"
        )

    @property
    def tally(self) -> Counter[Seen]:
        """Count the files by how the look at them ended."""
        return Counter(look.seen for look in self.looks)
