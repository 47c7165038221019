"""What people decided on one original that was held back, and how the walk is told."""

from dataclasses import dataclass

from deid.findings import Finding

Corners = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Box:
    """A rectangle at any angle in one frame: the frame from 1, and four corners as x and y."""

    frame: int
    corners: Corners


@dataclass(frozen=True)
class Ruling:
    """A review's result; the walk is run again with it, and nothing else passes because of it.

    Attributes:
        blank: Boxes to blank, besides what is found.
        keep: Boxes that people looked at and that hold nothing identifying: text that is found
            wholly inside one is not blanked, and may be left. Text elsewhere is let pass by nobody.
        waived: Other findings that people looked at and let pass, each by its place and kind.
    """

    blank: tuple[Box, ...] = ()
    keep: tuple[Box, ...] = ()
    waived: frozenset[Finding] = frozenset()

    def left(self, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Give the findings that nobody has let pass."""
        return tuple(finding for finding in found if finding not in self.waived)


NONE = Ruling()
