"""What stays in the pixels of an object, and what of it a person should look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.detection.markers import contradicts, seems_to_contradict
from deid.pixels.detection.writing import Kind, Writing
from deid.ruling import Box, Ruling
from deid.values import value_of


class Flag(StrEnum):
    """What a person may want to look at; the object passes."""

    MARKER_CUT = "a marker is cut by the border"
    MARKER_UNSURE = "what may be a marker names another side or view than the header"
    LONE = "a lone sign in the breast may be a letter"
    DRAWN = "graphics that write were dropped"
    UNSEEN = "an overlay that nobody could look at was dropped"


def flags_of(overlays: Mapping[int, bytes | None], *, drawn: bool) -> Iterator[Flag]:
    """Give what a person may want to know of what was dropped: graphics, and overlay planes."""
    if drawn:
        yield Flag.DRAWN
    if None in overlays.values():
        yield Flag.UNSEEN


@dataclass(frozen=True)
class ViewTag:
    """Side and view as the header says: "L", "R", "B" or "", and "CC", "MLO", … or ""."""

    laterality: str
    view: str

    @classmethod
    def of(cls, header: Dataset) -> Self:
        """Read side and view; empty where the header does not say them (PS3.3 C.8.11.7)."""
        laterality = value_of(header, 0x00200062) or value_of(header, 0x00200060)
        return cls(laterality.upper(), value_of(header, 0x00185101).upper())


@dataclass(repr=False)
class Seen:
    """What was found in the frames so far."""

    view: ViewTag
    boxes: list[Box] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    flags: set[Flag] = field(default_factory=set)
    against: list[Finding] = field(default_factory=list)
    letters: list[Finding] = field(default_factory=list)

    def take(self, number: int, writings: tuple[Writing, ...]) -> None:
        """Note what stays: hold markers against the header."""
        for writing in writings:
            marker = writing.marker
            if writing.several:
                self.letters.append(Finding(f"frame {number}", "letters"))
            elif writing.kind is Kind.LONE:
                self.flags.add(Flag.LONE)
            elif marker is not None and marker.cut:
                self.flags.add(Flag.MARKER_CUT)
            elif marker is not None and contradicts(marker, self.view.laterality, self.view.view):
                self.against.append(Finding(f"frame {number}", "marker"))
            elif marker is not None and seems_to_contradict(
                marker, self.view.laterality, self.view.view
            ):
                self.flags.add(Flag.MARKER_UNSURE)

    def require_let_pass(self, ruling: Ruling) -> None:
        """Stop an object that people have to look at, unless they did.

        Raises:
            SuspectError: A marker contradicts the header, or single letters may be a word.
        """
        for found, reason in ((self.against, Reason.MARKER), (self.letters, Reason.TEXT_LEFT)):
            left = ruling.left(tuple(dict.fromkeys(found)))
            if left:
                raise SuspectError(reason, left)
